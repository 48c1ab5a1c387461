-- Whether an operator wants an executor to end, with nothing lost, and what it said that it can take. Servers of before
-- leave both as they are.

ALTER TABLE session ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN terms BLOB NOT NULL DEFAULT x'';
