-- Sums of a run. ?1 run, ?2 kind. Index: primary key.
SELECT kind, slot, grp, task, code, n FROM tally
WHERE run_id = ?1 AND kind = ?2 AND n <> 0 ORDER BY slot, grp, task, code
