-- Writes a label. ?1 run, ?2 key, ?3 value. Key: (run_id, key).
INSERT INTO run_label (run_id, key, value) VALUES (?1, ?2, ?3)
ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value
