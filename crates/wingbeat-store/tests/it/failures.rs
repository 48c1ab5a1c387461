use std::any::Any;

use wingbeat_model::{Changes, Digest, Loaded, Needs, Seq, UnitOfWork};
use wingbeat_store::memory::{FailMode, MemoryStore};
use wingbeat_store::{CommitError, RunReads, RunWrites};

struct PutSpec(u8);

impl UnitOfWork for PutSpec {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        Needs::default()
    }

    fn decide(&mut self, _loaded: Loaded, _seq: Seq) -> Changes {
        Changes { specs: [(Digest([self.0; 32]), vec![self.0])].into(), ..Changes::default() }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

async fn commit(store: &MemoryStore, byte: u8) -> (Result<Seq, CommitError>, bool) {
    let outcome = store.commit(Box::new(PutSpec(byte))).await.map(|(_, seq)| seq);
    let stored = store.find_spec(&Digest([byte; 32])).await.expect("reads").is_some();
    (outcome, stored)
}

#[tokio::test]
async fn the_next_commit_fails_as_it_was_told_and_the_one_after_works() {
    let store = MemoryStore::new();
    store.fail_next(FailMode::NotWritten);
    assert!(matches!(commit(&store, 1).await, (Err(CommitError::Unavailable(_)), false)));
    store.fail_next(FailMode::DiskFull);
    assert!(matches!(commit(&store, 2).await, (Err(CommitError::DiskFull), false)));
    store.fail_next(FailMode::WrittenButUnacknowledged);
    assert!(matches!(commit(&store, 3).await, (Err(CommitError::Unavailable(_)), true)));
    assert!(matches!(commit(&store, 4).await, (Ok(Seq(2)), true)));
}
