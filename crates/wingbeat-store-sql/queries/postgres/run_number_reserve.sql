-- Reserves run numbers. $1 how many. Returns the first that is free afterwards.
UPDATE run_number SET next = next + $1 WHERE one = 1 RETURNING next
