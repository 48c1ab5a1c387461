-- Servers that are there, but for one. $1 the lock's first half, $2 who is left out. There are few.
SELECT s.id, s.endpoint FROM server s
WHERE s.id <> $2 AND EXISTS (
    SELECT 1 FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = $1 AND l.objid::bigint = s.id
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
)
ORDER BY s.id
