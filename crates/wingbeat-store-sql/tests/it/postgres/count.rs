//! A unit of work that adds one to a number, and so shows whether it was done once, twice or not at all: in a row that each
//! transaction reads, in one that it may know from the transaction before, and in a sum.

use std::any::Any;

use wingbeat_model::{
    CacheEntry, CacheKey, Changes, CounterKey, Loaded, Needs, Phase, Queue, QueueName, RunId, Seq, Timestamp,
    UnitOfWork,
};
use wingbeat_store::RunReads;
use wingbeat_store_sql::PostgresStore;

pub(crate) struct Add;

fn key() -> CacheKey {
    CacheKey { org: "o".into(), scope: "s".into(), key: "k".into() }
}

fn queue() -> QueueName {
    QueueName::of("counted")
}

fn read(entry: Option<&CacheEntry>) -> i64 {
    entry.map_or(0, |entry| entry.source.parse().expect("a number"))
}

impl UnitOfWork for Add {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        Needs { cache: [key()].into(), queues: [queue()].into(), ..Needs::default() }
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
        let mut queue = loaded.queues.get(&queue()).cloned().unwrap_or_else(|| Queue::new(queue()));
        queue.running += 1;
        let counter =
            CounterKey { run: RunId(1), parent: None, group: String::new(), phase: Phase::Succeeded };
        Changes {
            cache_puts: vec![entry],
            queues: vec![queue],
            counters: [(counter, 1)].into(),
            ..Changes::default()
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// How often [`Add`] was done, as three tables agree.
pub(crate) async fn value(store: &PostgresStore) -> i64 {
    let entry = store.find_cache(&key()).await.expect("reads");
    let counts = store.counts(RunId(1)).await.expect("reads");
    let value = read(entry.as_ref());
    let queues = store.queues().await.expect("reads");
    let running = queues.iter().find(|row| row.name == queue()).map_or(0, |row| i64::from(row.running));
    assert_eq!(running, value, "what a server remembers of a row is what stands there");
    assert_eq!(counts.first().map_or(0, |count| count.count), value, "commits are whole");
    value
}
