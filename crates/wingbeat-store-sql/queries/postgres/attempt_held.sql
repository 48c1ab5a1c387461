-- All held attempts, by key; as many as executors have places. No parameters. Index: attempt_held.
SELECT {attempt} FROM attempt t WHERE t.held = 1 ORDER BY t.run_id, t.action, t.attempt
