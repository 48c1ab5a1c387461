-- Sets of how many children actions wait. $1 runs, $2 names, $3 numbers. Index: primary key.
-- Each is looked up by itself; it stays where it is found, because nobody else writes meanwhile. No index holds the number,
-- so a row that has room beside it moves in none.
UPDATE action a SET live_children = u.live_children
FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS u (run_id, name, live_children)
CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM action c WHERE c.run_id = u.run_id AND c.name = u.name OFFSET 0
) AS found
WHERE a.ctid = found.place
