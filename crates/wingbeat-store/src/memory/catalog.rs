//! Projects, deployed tasks and settings in memory.

use async_trait::async_trait;
use wingbeat_model::{Digest, Project, TaskKey, TaskVersion};

use super::MemoryStore;
use crate::{Catalog, Page, ReadError, TaskQuery, WriteError};

#[async_trait]
impl Catalog for MemoryStore {
    async fn create_project(&self, project: &Project) -> Result<(), WriteError> {
        let mut rows = self.rows();
        let key = (project.org.clone(), project.id.clone());
        if rows.projects.contains_key(&key) {
            return Err(WriteError::Exists);
        }
        rows.projects.insert(key, project.clone());
        Ok(())
    }

    async fn update_project(&self, project: &Project) -> Result<(), WriteError> {
        let mut rows = self.rows();
        let key = (project.org.clone(), project.id.clone());
        let stored = rows.projects.get_mut(&key).ok_or(WriteError::NotFound)?;
        *stored = project.clone();
        Ok(())
    }

    async fn find_project(&self, org: &str, id: &str) -> Result<Option<Project>, ReadError> {
        Ok(self.rows().projects.get(&(org.into(), id.into())).cloned())
    }

    async fn list_projects(&self, org: &str) -> Result<Vec<Project>, ReadError> {
        let rows = self.rows();
        let mut found = rows.projects.values().filter(|project| *project.org == *org).collect::<Vec<_>>();
        found.sort_by_key(|project| (project.created_at, &project.id));
        Ok(found.into_iter().cloned().collect())
    }

    async fn put_task(&self, task: &TaskVersion, spec: &[u8]) -> Result<(), WriteError> {
        let mut rows = self.rows();
        rows.specs.entry(task.spec).or_insert_with(|| spec.to_vec());
        rows.tasks.insert(task.key.clone(), task.clone());
        Ok(())
    }

    async fn find_task(&self, key: &TaskKey) -> Result<Option<TaskVersion>, ReadError> {
        Ok(self.rows().tasks.get(key).cloned())
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
        self.rows().list_tasks(query)
    }

    async fn put_spec(&self, digest: &Digest, bytes: &[u8]) -> Result<(), WriteError> {
        self.rows().specs.entry(*digest).or_insert_with(|| bytes.to_vec());
        Ok(())
    }

    async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.rows().settings.get(name).cloned())
    }

    async fn init_setting(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, WriteError> {
        Ok(self.rows().settings.entry(name.to_owned()).or_insert_with(|| value.to_vec()).clone())
    }
}
