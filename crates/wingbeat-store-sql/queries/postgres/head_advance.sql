-- Moves the head. $1 position, $2 writer.
UPDATE head SET seq = $1, writer = $2 WHERE one = 1
