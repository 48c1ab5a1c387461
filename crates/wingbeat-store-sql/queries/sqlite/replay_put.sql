-- Writes an answered request. ?1 key, ?2 digest, ?3 run, ?4 now. Key: primary.
INSERT INTO replay (key, digest, run_id, written_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (key) DO UPDATE SET
    digest = excluded.digest, run_id = excluded.run_id, written_at = excluded.written_at
