-- Echoes of other servers, with one row of nothing but its positions for each of this one's own.
-- $1 position to start after, $2 this server, $3 limit. Index: primary key.
-- Each row ends with the head as it was then; without any there is one row of nothing but the head.
SELECT e.seq, e.base, e.runs, e.names, e.attempts, h.seq AS head FROM head h
LEFT JOIN LATERAL (
    SELECT c.seq, c.base,
        CASE WHEN c.server = $2 THEN '{}' ELSE c.runs END AS runs,
        CASE WHEN c.server = $2 THEN '{}' ELSE c.names END AS names,
        CASE WHEN c.server = $2 THEN '{}' ELSE c.attempts END AS attempts
    FROM echo c WHERE c.seq > $1 ORDER BY c.seq LIMIT $3
) e ON TRUE
ORDER BY e.seq
