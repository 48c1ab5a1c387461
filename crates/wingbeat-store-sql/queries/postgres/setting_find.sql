-- A setting. $1 name. Index: primary key.
SELECT value FROM setting WHERE name = $1
