-- Several servers on one database.

-- Which server has, or had last, an executor's stream.
ALTER TABLE session ADD COLUMN server BIGINT NOT NULL DEFAULT 0;

-- How often the duty of timers has changed hands.
ALTER TABLE head ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;

-- What each transaction touched, so that other servers can read those rows: kept for a while, then deleted.
-- Keys are in three arrays of equal length. An action has attempt 0, a run no name, a session its id as name
-- and attempt -1.
CREATE TABLE echo (
    seq BIGINT PRIMARY KEY,  -- the head after it
    base BIGINT NOT NULL,    -- the head before it
    server BIGINT NOT NULL,  -- who wrote it
    runs BIGINT[] NOT NULL,
    names TEXT[] COLLATE "C" NOT NULL,
    attempts BIGINT[] NOT NULL
);

-- Servers that were there. Those that are hold an advisory lock of their id.
CREATE TABLE server (
    id BIGINT PRIMARY KEY,
    endpoint TEXT COLLATE "C" NOT NULL, -- where its executors connect
    started_at BIGINT NOT NULL
);
