-- Answered requests. $1 keys, $2 earliest time of writing. Index: primary key.
SELECT key, digest, run_id FROM replay WHERE key = ANY($1::text[]) AND written_at >= $2
