-- Replaces a project. Parameters: the columns of project_insert.sql. Index: primary key.
UPDATE project SET name = ?3, description = ?4, labels = ?5, state = ?6, created_at = ?7, updated_at = ?8
WHERE org = ?1 AND id = ?2
