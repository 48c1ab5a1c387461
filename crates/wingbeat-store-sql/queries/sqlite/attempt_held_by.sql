-- Attempts that a session holds, by key. ?1 session, ?2 limit. Index: attempt_held.
SELECT {attempt} FROM attempt t
WHERE t.held = 1 AND t.session = ?1
ORDER BY t.run_id, t.action, t.attempt LIMIT ?2
