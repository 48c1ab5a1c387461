use std::sync::Arc;

use wingbeat_store::conformance::Store;
use wingbeat_store::memory::MemoryStore;

async fn make() -> Option<(Store, ())> {
    Some((Arc::new(MemoryStore::new()), ()))
}

wingbeat_store::conformance_suite!(make);
