//! Objects behind URIs: those of a task's inputs and outputs, and those of users.

use std::io::ErrorKind;
use std::path::Path;

use crate::failure::{Error, Result};

/// Code of an object that is not there.
pub const NOT_FOUND: &str = "FileNotFound";
/// Code of an object that cannot be reached.
pub const STORAGE: &str = "StorageError";

/// A path on this machine; none for other places.
pub(crate) fn local(uri: &str) -> Option<&Path> {
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    (!path.contains("://")).then(|| Path::new(path))
}

/// A name below a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

fn storage(what: &str, uri: &str, error: impl std::fmt::Display) -> Error {
    Error::system(STORAGE, format!("could not {what} `{uri}`: {error}"))
}

fn elsewhere(uri: &str) -> Error {
    let text = "this process reaches files on this machine only";
    Error::system(STORAGE, format!("could not reach `{uri}`: {text}")).not_recoverable()
}

/// The object, if there is one.
pub(crate) async fn find(uri: &str) -> Result<Option<Vec<u8>>> {
    let Some(path) = local(uri) else { return Err(elsewhere(uri)) };
    match tokio::fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(storage("read", uri, error)),
    }
}

/// The object.
pub(crate) async fn read(uri: &str) -> Result<Vec<u8>> {
    let missing = || Error::user(NOT_FOUND, format!("there is nothing at `{uri}`"));
    find(uri).await?.ok_or_else(missing)
}

/// Replaces the object. A reader sees the old one or the new one, never a part.
pub(crate) async fn write(uri: &str, bytes: Vec<u8>) -> Result<()> {
    let Some(path) = local(uri) else { return Err(elsewhere(uri)) };
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || replace(&path, &bytes)).await;
    written.map_err(std::io::Error::other).flatten().map_err(|error| storage("write", uri, error))
}

/// Replaces a file in one step.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{:08x}.part", rand::random::<u32>()));
    let renamed = std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, path));
    renamed.inspect_err(|_| drop(std::fs::remove_file(&partial)))
}
