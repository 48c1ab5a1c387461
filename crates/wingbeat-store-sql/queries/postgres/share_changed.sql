-- Shares that changed. $1 after which position. As many as operators set: no index.
SELECT org, project, weight, changed FROM share WHERE changed > $1
