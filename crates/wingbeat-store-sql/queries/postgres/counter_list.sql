-- Counts of a run. $1 run. Index: primary key.
SELECT parent, grp, phase, n FROM counter WHERE run_id = $1 AND n <> 0 ORDER BY parent, grp, phase
