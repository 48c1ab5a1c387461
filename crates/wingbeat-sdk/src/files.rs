//! What is behind references: reading them, and making new ones in the place that a task has for its files.

use std::path::Path;

use crate::context::Scope;
use crate::data;
use crate::failure::{Error, Result};
use crate::value::{DataFrame, Dir, File};

/// What the stock SDK has for a path of a folder without files, which a bucket cannot hold.
const EMPTY_DIR: &str = "::flyte-empty-dir::";

/// A new name among a task's files; outside of tasks in the folder for temporary files.
pub(crate) fn new_place(name: &str) -> String {
    let unique = format!("{:032x}", rand::random::<u128>());
    let folder = match Scope::current() {
        Some(scope) if !scope.task.places.raw_data.is_empty() => scope.task.places.raw_data.clone(),
        _ => std::env::temp_dir().join("wingbeat").display().to_string(),
    };
    let place = data::join(&folder, &unique);
    if name.is_empty() { place } else { data::join(&place, name) }
}

fn not_here(uri: &str) -> Error {
    let text = format!("`{uri}` is not on this machine; read it with `read`");
    Error::user("NotLocal", text).not_recoverable()
}

impl File {
    /// Writes a new file among those of the task. `name` is the last part of its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn create(name: &str, content: impl Into<Vec<u8>>) -> Result<Self> {
        let path = new_place(name);
        data::write(&path, content.into()).await?;
        Ok(Self::at(path))
    }

    /// Its content.
    ///
    /// # Errors
    /// It is gone (`FileNotFound`), or cannot be read.
    pub async fn read(&self) -> Result<Vec<u8>> {
        data::read(&self.path).await
    }

    /// Its content as text.
    ///
    /// # Errors
    /// As [`Self::read`]; or it is no UTF-8.
    pub async fn read_text(&self) -> Result<String> {
        Ok(String::from_utf8(self.read().await?)?)
    }

    /// Its path, if it is on this machine.
    ///
    /// # Errors
    /// It is elsewhere.
    pub fn local_path(&self) -> Result<&Path> {
        data::local(&self.path).ok_or_else(|| not_here(&self.path))
    }
}

impl Dir {
    /// A new folder among those of the task, on this machine.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create() -> Result<Self> {
        let path = new_place("");
        std::fs::create_dir_all(data::local(&path).ok_or_else(|| not_here(&path))?)?;
        Ok(Self::at(path))
    }

    /// Its path, if it is on this machine.
    ///
    /// # Errors
    /// It is elsewhere.
    pub fn local_path(&self) -> Result<&Path> {
        data::local(&self.path).ok_or_else(|| not_here(&self.path))
    }

    /// The files directly in it, here or in a bucket, sorted by path. Folders within are not looked into.
    ///
    /// # Errors
    /// It is gone (`FileNotFound`), or cannot be listed.
    pub async fn files(&self) -> Result<Vec<File>> {
        if self.path == EMPTY_DIR {
            return Ok(Vec::new());
        }
        let paths = data::list(&self.path).await?.ok_or_else(|| data::missing(&self.path))?;
        Ok(paths.into_iter().map(File::at).collect())
    }
}

impl DataFrame {
    /// A new place for a table in one Parquet file, as the stock SDK names it: the folder, and the file in it.
    pub fn new_parquet() -> (Self, String) {
        let folder = new_place("");
        let file = data::join(&folder, "00000");
        (Self::at(folder, "parquet"), file)
    }

    /// The files that it consists of, here or in a bucket: itself, or what is in its folder. What other programs keep
    /// beside their tables, with a name such as `_SUCCESS` or `.part`, is not among them.
    ///
    /// # Errors
    /// It cannot be listed. A file that is gone is told by whoever reads it.
    pub async fn files(&self) -> Result<Vec<File>> {
        let Some(paths) = data::list(&self.uri).await? else {
            return Ok(vec![File::at(self.uri.clone())]);
        };
        let files = paths.into_iter().map(File::at);
        Ok(files.filter(|file| !file.name().starts_with(['_', '.'])).collect())
    }
}
