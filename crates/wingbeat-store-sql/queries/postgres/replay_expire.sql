-- Deletes answered requests that are too old, oldest first. $1 earliest time that stays, $2 limit.
-- Index: replay_age.
DELETE FROM replay WHERE key IN (
    SELECT key FROM replay WHERE written_at < $1 ORDER BY written_at LIMIT $2
)
