use std::sync::Arc;

use tempfile::TempDir;
use wingbeat_store::conformance::Store;
use wingbeat_store_sql::SqliteStore;

fn make() -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("meta.db")).expect("opens");
    (Arc::new(store), folder)
}

wingbeat_store::conformance_suite!(make);
