-- The head of the feed and the first run number that was never reserved. No parameters.
SELECT seq, next_run_id FROM head WHERE one = 1
