-- Deletes echoes that every server has read long ago. $1 the first position that stays. Index: primary key.
DELETE FROM echo WHERE seq < $1
