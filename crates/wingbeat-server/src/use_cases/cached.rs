//! A cached result whose file is gone is no result: the entry is dropped before the engine looks.

use wingbeat_blob::BlobError;
use wingbeat_engine::{Command, NewBody};
use wingbeat_model::{CacheKey, CacheScope, Run};

use super::inputs::result_path;
use crate::platform::Platform;

/// Looks whether what the cache holds for a new action can still be read. Whatever goes wrong here is left to the
/// engine and to the reader: a lookup is no reason to fail a call.
pub(super) async fn drop_if_gone(platform: &Platform, run: &Run, body: &NewBody) {
    let NewBody::Task { cache: Some(wanted), .. } = body else { return };
    if run.overwrite_cache {
        return;
    }
    let scope = &run.key.scope;
    let place = match run.cache_scope {
        CacheScope::Global => String::new(),
        CacheScope::ProjectDomain => format!("{}/{}", scope.project, scope.domain),
    };
    let key = CacheKey { org: scope.org.clone(), scope: place.into(), key: wanted.key.clone() };
    let Ok(Some(entry)) = platform.store.find_cache(&key).await else { return };
    let file = format!("{}/outputs.pb", entry.output_uri.trim_end_matches('/'));
    let Ok(path) = result_path(&platform.blob, &file).await else { return };
    if matches!(platform.blob.head(&path).await, Err(BlobError::NotFound { .. })) {
        tracing::warn!(key = %key.key, uri = %file, "a cached result is gone; it is computed anew");
        // Refused or not: the engine looks again, and a hit that is gone fails with a clear text.
        let delete = Command::CacheDelete { key, only: Some(entry.output_uri) };
        drop(platform.driver.submit(delete).await);
    }
}
