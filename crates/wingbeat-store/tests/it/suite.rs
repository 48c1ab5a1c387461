use std::sync::Arc;

use wingbeat_store::conformance::Store;
use wingbeat_store::memory::MemoryStore;

fn make() -> (Store, ()) {
    (Arc::new(MemoryStore::new()), ())
}

wingbeat_store::conformance_suite!(make);
