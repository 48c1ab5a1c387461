-- All shares, by project; as many as operators set. No parameters. Index: primary key.
SELECT org, project, weight, changed FROM share ORDER BY org, project
