-- A task version. $1 org, $2 project, $3 domain, $4 name, $5 version. Index: primary key.
SELECT {task} FROM task_version v
WHERE v.org = $1 AND v.project = $2 AND v.domain = $3 AND v.name = $4 AND v.version = $5
