-- Labels of a run, by key. ?1 run. Index: primary key.
SELECT key, value FROM run_label WHERE run_id = ?1 ORDER BY key
