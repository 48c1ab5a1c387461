-- A run by name. ?1 org, ?2 project, ?3 domain, ?4 name. Index: its unique key.
SELECT {run} FROM run r WHERE r.org = ?1 AND r.project = ?2 AND r.domain = ?3 AND r.name = ?4
