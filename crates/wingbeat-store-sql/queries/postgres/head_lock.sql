-- The head of the feed, who wrote it, and the epoch, for whoever writes next: waits for the one who writes now.
-- No parameters.
SELECT seq, writer, epoch FROM head WHERE one = 1 FOR UPDATE
