-- The head of the feed. No parameters.
SELECT seq FROM head WHERE one = 1
