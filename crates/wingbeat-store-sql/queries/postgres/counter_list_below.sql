-- Counts of some parents' children. $1 run, $2 parents. Index: primary key.
SELECT parent, grp, phase, n FROM counter
WHERE run_id = $1 AND parent = ANY($2::text[]) AND n <> 0 ORDER BY parent, grp, phase
