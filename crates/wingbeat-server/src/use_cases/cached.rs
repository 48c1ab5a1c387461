//! What calls say of the cache, before the engine looks: keys of any length, and entries whose results are gone.

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use wingbeat_blob::BlobError;
use wingbeat_engine::{Command, NewBody};
use wingbeat_model::{CacheKey, CacheScope, Run};

use super::inputs::result_path;
use crate::platform::Platform;

/// Longest key that is stored as it came: an index of PostgreSQL takes no row of more than 2.7 kB.
const LONGEST_KEY: usize = 512;

/// A client's key, as it is stored.
pub(crate) fn stored_key(key: &str) -> Arc<str> {
    if key.len() <= LONGEST_KEY {
        return key.into();
    }
    let mut stored = "sha256:".to_owned();
    for byte in Sha256::digest(key.as_bytes()) {
        write!(stored, "{byte:02x}").expect("writing to a string does not fail");
    }
    stored.into()
}

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

#[cfg(test)]
mod tests {
    use super::stored_key;

    #[test]
    fn long_keys_stay_apart_and_short_ones_as_they_are() {
        assert_eq!(&*stored_key("k"), "k");
        let [one, other] = ["a", "b"].map(|last| stored_key(&("k".repeat(9_000) + last)));
        assert_ne!(one, other);
        assert!(one.starts_with("sha256:") && one.len() == 7 + 64, "{one}");
        assert_eq!(one, stored_key(&("k".repeat(9_000) + "a")));
    }
}
