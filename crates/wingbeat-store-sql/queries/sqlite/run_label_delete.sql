-- Deletes all labels of a run. ?1 run. Index: primary key.
DELETE FROM run_label WHERE run_id = ?1
