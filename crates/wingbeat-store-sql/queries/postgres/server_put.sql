-- Writes where a server's executors connect. $1 id, $2 endpoint, $3 now. Index: primary key.
INSERT INTO server (id, endpoint, started_at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET endpoint = excluded.endpoint
