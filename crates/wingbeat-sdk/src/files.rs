//! What is behind references: reading them, and making new ones in the place that a task has for its files.

use std::path::{Path, PathBuf};

use crate::context::Scope;
use crate::data;
use crate::failure::{Error, Result};
use crate::value::{DataFrame, Dir, File};

/// A new name among a task's files; outside of tasks in the folder for temporary files.
fn new_place(name: &str) -> String {
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

    /// The files in it, sorted by path. Folders within are not looked into.
    ///
    /// # Errors
    /// It is gone, or elsewhere.
    pub fn files(&self) -> Result<Vec<File>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(self.local_path()?)? {
            let path = entry?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths.iter().map(|path| File::at(path.display().to_string())).collect())
    }
}

impl DataFrame {
    /// A new place for a table in one Parquet file, as the stock SDK names it: the folder, and the file in it.
    pub fn new_parquet() -> (Self, String) {
        let folder = new_place("");
        let file = data::join(&folder, "00000");
        (Self::at(folder, "parquet"), file)
    }

    /// The files that it consists of, on this machine: itself, or what is in its folder.
    ///
    /// # Errors
    /// It is gone, or elsewhere.
    pub fn local_files(&self) -> Result<Vec<PathBuf>> {
        let path = data::local(&self.uri).ok_or_else(|| not_here(&self.uri))?;
        if path.is_file() {
            return Ok(vec![path.to_owned()]);
        }
        let files = Dir::at(self.uri.clone()).files()?;
        Ok(files.into_iter().map(|file| PathBuf::from(file.path)).collect())
    }
}
