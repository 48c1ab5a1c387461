-- Reserves run numbers. ?1 the first that is still free then.
UPDATE head SET next_run_id = ?1 WHERE one = 1
