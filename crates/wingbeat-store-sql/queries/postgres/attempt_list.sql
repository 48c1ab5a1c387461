-- Attempts of an action, in order. $1 run, $2 action. Index: primary key.
SELECT {attempt} FROM attempt t WHERE t.run_id = $1 AND t.action = $2 ORDER BY t.attempt
