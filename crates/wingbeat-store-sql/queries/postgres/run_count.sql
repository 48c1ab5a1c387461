-- Sets how many actions of runs have places. $1 runs, $2 actions with a place, $3 of them waiting, $4 positions. Key: id.
UPDATE run r SET running = u.running, waiting_parents = u.waiting_parents, changed = u.changed
FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u (id, running, waiting_parents, changed)
WHERE r.id = u.id
