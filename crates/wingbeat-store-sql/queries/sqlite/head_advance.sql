-- Moves the head. ?1 position.
UPDATE head SET seq = ?1 WHERE one = 1
