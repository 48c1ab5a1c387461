-- Deletes servers that are gone. $1 the lock's first half. There are few.
DELETE FROM server s WHERE NOT EXISTS (
    SELECT 1 FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = $1 AND l.objid::bigint = s.id
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
)
