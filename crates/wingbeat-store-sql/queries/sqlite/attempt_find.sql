-- An attempt. ?1 run, ?2 action, ?3 number. Index: its unique key.
SELECT {attempt} FROM attempt t WHERE t.run_id = ?1 AND t.action = ?2 AND t.attempt = ?3
