use std::future::{Ready, ready};
use std::sync::Arc;

use wingbeat_store::conformance::Store;
use wingbeat_store::memory::MemoryStore;

fn make() -> Ready<Option<(Store, ())>> {
    ready(Some((Arc::new(MemoryStore::new()), ())))
}

wingbeat_store::conformance_suite!(make);
