-- Deletes a claim. ?1 org, ?2 scope, ?3 key. Index: primary key.
DELETE FROM reservation WHERE org = ?1 AND scope = ?2 AND key = ?3
