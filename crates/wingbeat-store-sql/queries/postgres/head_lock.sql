-- The head of the feed and who wrote it, for whoever writes next: waits for the one who writes now. No parameters.
SELECT seq, writer FROM head WHERE one = 1 FOR UPDATE
