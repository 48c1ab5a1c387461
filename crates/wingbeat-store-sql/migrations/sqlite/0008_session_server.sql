-- Which server has, or had last, an executor's stream. With SQLite there is one.

ALTER TABLE session ADD COLUMN server INTEGER NOT NULL DEFAULT 0;
