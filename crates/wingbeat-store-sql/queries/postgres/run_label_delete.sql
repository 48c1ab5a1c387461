-- Deletes all labels of runs. $1 runs. Index: primary key.
DELETE FROM run_label WHERE run_id = ANY($1::bigint[])
