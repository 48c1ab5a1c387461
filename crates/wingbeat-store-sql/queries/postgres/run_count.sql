-- Sets how many actions of runs have places. $1 runs, $2 actions with a place, $3 of them waiting, $4 positions. Key: id.
-- Each is looked up by itself, as in action_count.sql.
UPDATE run r SET running = u.running, waiting_parents = u.waiting_parents, changed = u.changed
FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u (id, running, waiting_parents, changed)
CROSS JOIN LATERAL (SELECT c.ctid AS place FROM run c WHERE c.id = u.id OFFSET 0) AS found
WHERE r.ctid = found.place
