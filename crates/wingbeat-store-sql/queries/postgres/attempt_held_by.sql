-- Attempts that sessions hold, by key. $1 sessions, $2 limit of each. Index: attempt_held.
SELECT {attempt} FROM UNNEST($1::text[]) AS k (session)
CROSS JOIN LATERAL (
    SELECT * FROM attempt h
    WHERE h.held = 1 AND h.session = k.session
    ORDER BY h.run_id, h.action, h.attempt LIMIT $2
) t
ORDER BY t.session, t.run_id, t.action, t.attempt
