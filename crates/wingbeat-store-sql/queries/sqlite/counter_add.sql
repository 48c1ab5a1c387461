-- Adds to a count. ?1 run, ?2 parent, ?3 group, ?4 phase, ?5 difference. Key: primary.
INSERT INTO counter (run_id, parent, grp, phase, n) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (run_id, parent, grp, phase) DO UPDATE SET n = n + excluded.n
