-- Times of a run's actions but its root's. $1 run, $2 limit. Index: primary key.
SELECT a.created_at, a.started_at, a.ended_at, a.phase FROM action a
WHERE a.run_id = $1 AND a.name <> 'a0' LIMIT $2
