//! Results of local runs, one file each, under the key that the platform would use too. A file that cannot be read is
//! a miss.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use buffa::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, Outputs};
use wingbeat_types::{cache_key, inputs_hash, interface_hash};

use crate::data;
use crate::failure::Result;
use crate::settings::Cache;
use crate::spec;
use crate::task::TaskDef;

#[derive(Debug)]
pub(super) struct LocalCache {
    folder: PathBuf,
    /// Calls that compute something now.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The key of a task's result for these inputs.
pub(super) fn key(task: &TaskDef, cache: &Cache, literals: &[NamedLiteral]) -> Result<String> {
    let mut given: Vec<NamedLiteral> = Vec::with_capacity(task.params.len());
    for param in task.params {
        let value = match (literals.iter().find(|one| one.name == param.name), param.default) {
            (Some(found), _) => found.value.clone(),
            // The same call with and without its default is the same.
            (None, Some(default)) => default()?.into(),
            (None, None) => continue,
        };
        given.push(NamedLiteral { name: param.name.to_owned(), value, ..Default::default() });
    }
    let ignored: Vec<String> = cache.ignored_inputs.iter().map(|name| (*name).to_owned()).collect();
    let inputs = inputs_hash(&Inputs { literals: given, ..Default::default() }, &ignored);
    let interface = interface_hash(&spec::interface(task.params, (task.outputs)()));
    let version = spec::code_version(task.source, cache);
    let key = cache_key(&inputs, task.full_name(), &interface, &version);
    // Keys are base64, which is no name of a file.
    Ok(spec::hex(&Sha256::digest(key)))
}

impl LocalCache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, turns: Mutex::default() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    /// What is kept under a key, if it is not too old.
    pub(super) async fn find(&self, key: &str, max_age: Option<Duration>) -> Option<Vec<NamedLiteral>> {
        let path = self.path(key);
        let written = tokio::fs::metadata(&path).await.ok()?.modified().ok()?;
        let age = SystemTime::now().duration_since(written).unwrap_or_default();
        if max_age.is_some_and(|max_age| age > max_age) {
            return None;
        }
        let bytes = tokio::fs::read(&path).await.ok()?;
        Some(Outputs::decode_from_slice(&bytes).ok()?.literals)
    }

    pub(super) async fn keep(&self, key: &str, literals: &[NamedLiteral]) -> Result<()> {
        let outputs = Outputs { literals: literals.to_vec(), ..Default::default() };
        data::write(&self.path(key).display().to_string(), outputs.encode_to_vec()).await
    }

    /// Waits until no other call of this run computes the same.
    pub(super) async fn turn(&self, key: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(key.to_owned()).or_default().clone()
        };
        turn.lock_owned().await
    }
}
