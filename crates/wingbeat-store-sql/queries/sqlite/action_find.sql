-- An action. ?1 run, ?2 name. Index: its unique key.
SELECT {action} FROM action a WHERE a.run_id = ?1 AND a.name = ?2
