-- A run by number. ?1 number. Index: primary key.
SELECT {run} FROM run r WHERE r.id = ?1
