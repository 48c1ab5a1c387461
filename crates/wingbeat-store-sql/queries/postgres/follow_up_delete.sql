-- Deletes work that is done. $1 ids. Index: primary key.
DELETE FROM follow_up WHERE id = ANY($1::bigint[])
