-- A spec. ?1 digest. Index: its unique key.
SELECT bytes FROM spec WHERE digest = ?1
