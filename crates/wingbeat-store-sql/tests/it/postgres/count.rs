//! A unit of work that adds one to a number, and so shows whether it was done once, twice or not at all.

use std::any::Any;

use wingbeat_model::{
    CacheEntry, CacheKey, Changes, CounterKey, Loaded, Needs, Phase, RunId, Seq, Timestamp, UnitOfWork,
};
use wingbeat_store::RunReads;
use wingbeat_store_sql::PostgresStore;

pub(crate) struct Add;

fn key() -> CacheKey {
    CacheKey { org: "o".into(), scope: "s".into(), key: "k".into() }
}

fn read(entry: Option<&CacheEntry>) -> i64 {
    entry.map_or(0, |entry| entry.source.parse().expect("a number"))
}

impl UnitOfWork for Add {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        Needs { cache: [key()].into(), ..Needs::default() }
    }

    fn decide(&mut self, loaded: Loaded, _seq: Seq) -> Changes {
        let next = read(loaded.cache.get(&key())) + 1;
        let entry = CacheEntry {
            key: key(),
            output_uri: String::new(),
            created_at: Timestamp::from_micros(1),
            updated_at: Timestamp::from_micros(1),
            source: next.to_string(),
            metadata: Vec::new(),
        };
        let counter =
            CounterKey { run: RunId(1), parent: None, group: String::new(), phase: Phase::Succeeded };
        Changes { cache_puts: vec![entry], counters: [(counter, 1)].into(), ..Changes::default() }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// How often [`Add`] was done, as two tables agree.
pub(crate) async fn value(store: &PostgresStore) -> i64 {
    let entry = store.find_cache(&key()).await.expect("reads");
    let counts = store.counts(RunId(1)).await.expect("reads");
    let value = read(entry.as_ref());
    assert_eq!(counts.first().map_or(0, |count| count.count), value, "commits are whole");
    value
}
