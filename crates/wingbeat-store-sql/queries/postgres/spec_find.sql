-- A spec. $1 digest. Index: primary key.
SELECT bytes FROM spec WHERE digest = $1
