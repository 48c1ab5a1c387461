-- Deletes work that is done. ?1 id. Index: primary key.
DELETE FROM follow_up WHERE id = ?1
