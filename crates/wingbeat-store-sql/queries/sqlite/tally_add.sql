-- Adds to a sum. ?1 run, ?2 kind, ?3 slot, ?4 group, ?5 task, ?6 code, ?7 difference. Key: primary.
INSERT INTO tally (run_id, kind, slot, grp, task, code, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (run_id, kind, slot, grp, task, code) DO UPDATE SET n = n + excluded.n
