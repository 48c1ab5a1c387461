-- Counts of some parents' children. ?1 run, ?2 parents. Index: primary key.
SELECT parent, grp, phase, n FROM counter
WHERE run_id = ?1 AND parent IN rarray(?2) AND n <> 0 ORDER BY parent, grp, phase
