-- Sets of how many children actions wait. $1 runs, $2 names, $3 numbers. Key: (run_id, name).
-- No index holds it, so a row that has room beside it moves in none.
UPDATE action a SET live_children = u.live_children
FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS u (run_id, name, live_children)
WHERE a.run_id = u.run_id AND a.name = u.name
