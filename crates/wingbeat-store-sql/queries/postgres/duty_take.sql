-- Takes the duty of timers, if no connection has it; one row when it is ours now, with the new epoch.
-- $1 the lock's first half. Waits for the one who writes.
UPDATE head SET epoch = epoch + 1
WHERE one = 1 AND pg_try_advisory_lock($1::int4, hashtext(current_schema())) RETURNING epoch
