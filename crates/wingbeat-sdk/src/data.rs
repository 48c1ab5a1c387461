//! Objects behind URIs: those of a task's inputs and outputs, and those of users.

use std::io::ErrorKind;
use std::path::Path;

use crate::context::Scope;
use crate::error::TaskError;
use crate::failure::{Error, Result};
use crate::storage::Storage;

/// Code of an object that is not there.
pub const NOT_FOUND: &str = "FileNotFound";
/// A larger object on another machine is refused: it is read into memory whole.
const MAX_OBJECT_BYTES: u64 = 4 << 30;
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

pub(crate) fn failed(what: &str, uri: &str, error: impl std::fmt::Display) -> Error {
    Error::system(STORAGE, format!("could not {what} `{uri}`: {error}"))
}

/// What leads to objects on other machines: the current task's, or nothing but the defaults.
fn elsewhere() -> Storage {
    Scope::current().map_or_else(|| Storage::new([]), |scope| scope.task.storage.clone())
}

/// The object, if there is one.
pub(crate) async fn find(uri: &str) -> Result<Option<Vec<u8>>> {
    find_with(uri, &elsewhere()).await
}

/// The object, if there is one, by means of `storage`.
pub(crate) async fn find_with(uri: &str, storage: &Storage) -> Result<Option<Vec<u8>>> {
    let Some(path) = local(uri) else {
        return match storage.read(uri, MAX_OBJECT_BYTES).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(TaskError::from(error).into()),
        };
    };
    match tokio::fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", uri, error)),
    }
}

/// The object.
pub(crate) async fn read(uri: &str) -> Result<Vec<u8>> {
    find(uri).await?.ok_or_else(|| missing(uri))
}

pub(crate) fn missing(uri: &str) -> Error {
    Error::user(NOT_FOUND, format!("there is nothing at `{uri}`"))
}

/// The files directly in a folder, sorted; none if there is no such folder.
pub(crate) async fn list(uri: &str) -> Result<Option<Vec<String>>> {
    let Some(path) = local(uri) else {
        return Ok(elsewhere().list(uri).await.map_err(TaskError::from)?);
    };
    let path = path.to_owned();
    let listed = tokio::task::spawn_blocking(move || files_of(&path)).await;
    match listed.map_err(std::io::Error::other).flatten() {
        Ok(files) => Ok(Some(files)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed("list", uri, error)),
    }
}

fn files_of(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path.display().to_string());
        }
    }
    files.sort();
    Ok(files)
}

/// Replaces the object. A reader sees the old one or the new one, never a part.
pub(crate) async fn write(uri: &str, bytes: Vec<u8>) -> Result<()> {
    write_with(uri, bytes, &elsewhere()).await
}

/// Replaces the object, by means of `storage`.
pub(crate) async fn write_with(uri: &str, bytes: Vec<u8>, storage: &Storage) -> Result<()> {
    let Some(path) = local(uri) else {
        return Ok(storage.write(uri, bytes.into()).await.map_err(TaskError::from)?);
    };
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || replace(&path, &bytes)).await;
    written.map_err(std::io::Error::other).flatten().map_err(|error| failed("write", uri, error))
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
