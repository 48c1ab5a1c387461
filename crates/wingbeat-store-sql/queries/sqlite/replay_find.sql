-- An answered request. ?1 key, ?2 earliest time of writing. Index: primary key.
SELECT digest, run_id FROM replay WHERE key = ?1 AND written_at >= ?2
