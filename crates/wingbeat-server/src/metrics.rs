//! What operators see from outside: numbers for Prometheus. Counted where things happen, read at `/metrics`;
//! nothing here decides anything, and no label comes from a client.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The answer's content type.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One call: what was called and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    service: String,
    method: String,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    service: String,
    method: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Start {
    isolation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// All numbers of one server.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    batch_commands: Histogram,
    batch_seconds: Histogram,
    commit_failures: Family<Reason, Counter>,
    queue: Gauge,
    calls: Family<Call, Counter>,
    call_seconds: Family<Method, Histogram, fn() -> Histogram>,
    streams: Family<Method, Gauge>,
    starts: Family<Start, Counter>,
    looked_up: LookedUp,
}

/// How much there is to do, for operators.
#[derive(Debug, Clone, Copy, Default)]
pub struct Load {
    /// Attempts that hold a place at an executor.
    pub attempts: usize,
    /// Actions that could start now.
    pub ready: usize,
    /// Actions that wait before a retry.
    pub backing_off: usize,
    /// Executors that are connected.
    pub sessions: usize,
}

/// What watchers have and have not heard, for operators.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watching {
    /// Watches that wait for changes.
    pub watchers: usize,
    /// Commits of any server that they were not told of yet; `None`: the store does not say.
    pub lag: Option<i64>,
}

/// Numbers that are looked up when somebody asks.
#[derive(Debug, Clone, Default)]
struct LookedUp {
    attempts: Gauge,
    ready: Gauge,
    backing_off: Gauge,
    sessions: Gauge,
    watchers: Gauge,
    feed_lag: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 2.0, 15))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Arc::default(),
            batch_commands: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            batch_seconds: seconds(),
            commit_failures: Family::default(),
            queue: Gauge::default(),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(seconds),
            streams: Family::default(),
            starts: Family::default(),
            looked_up: LookedUp::default(),
        };
        metrics.registry = Arc::new(metrics.register());
        // A counter that appears with its first failure has no rate at that moment.
        for reason in ["disk_full", "unavailable", "corrupt"] {
            let _at_zero = metrics.commit_failures.get_or_create(&Reason { reason });
        }
        metrics
    }
}

impl Metrics {
    fn register(&self) -> Registry {
        let mut all = Registry::with_prefix("wingbeat");
        all.register("commit_commands", "Commands in one transaction", self.batch_commands.clone());
        all.register("commit_seconds", "Time of one transaction, sync included", self.batch_seconds.clone());
        all.register("commit_failures", "Transactions that the store refused", self.commit_failures.clone());
        all.register("queue_commands", "Commands that wait for a transaction", self.queue.clone());
        all.register("rpc_requests", "Calls that ended, by gRPC code", self.calls.clone());
        all.register("rpc_seconds", "Time of calls that are not streams", self.call_seconds.clone());
        all.register("rpc_streams", "Streams that are open", self.streams.clone());
        all.register("attempt_starts", "Starts that executors told of, by how", self.starts.clone());
        let now = &self.looked_up;
        all.register("attempts_live", "Attempts that hold a place at an executor", now.attempts.clone());
        all.register("actions_ready", "Actions that wait for a place", now.ready.clone());
        all.register("actions_backing_off", "Actions that wait before a retry", now.backing_off.clone());
        all.register("executor_sessions", "Executors that are connected", now.sessions.clone());
        all.register("feed_watchers", "Watches that wait for changes", now.watchers.clone());
        all.register("feed_lag_commits", "Commits that watches were not told of yet", now.feed_lag.clone());
        all
    }

    /// A transaction was committed.
    pub fn committed(&self, commands: usize, took: Duration, waiting: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most thousands of commands")]
        self.batch_commands.observe(commands as f64);
        self.batch_seconds.observe(took.as_secs_f64());
        self.queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// A transaction was refused.
    pub fn refused(&self, reason: &'static str) {
        self.commit_failures.get_or_create(&Reason { reason }).inc();
    }

    /// An executor says how it has started an attempt.
    pub fn attempt_started(&self, isolation: &str) {
        let isolation = match isolation {
            "reused" => "reused",
            "process" => "process",
            "simulated" => "simulated",
            told if told.contains("not reused") => "not_reused",
            told if told.starts_with("warm") => "warm",
            told if told.starts_with("process, not warm") => "not_warm",
            _ => "other",
        };
        self.starts.get_or_create(&Start { isolation }).inc();
    }

    /// A call ended; `code` is `ok` or the error's.
    pub fn called(&self, path: &str, code: &str, took: Duration) {
        let Method { service, method } = method(path);
        let named = Method { service: service.clone(), method: method.clone() };
        self.call_seconds.get_or_create(&named).observe(took.as_secs_f64());
        self.calls.get_or_create(&Call { service, method, code: code.to_owned() }).inc();
    }

    /// A stream was opened; it counts as open until what is returned is dropped.
    pub fn stream(&self, path: &str) -> OpenStream {
        let gauge = self.streams.get_or_create(&method(path)).clone();
        gauge.inc();
        OpenStream(gauge)
    }

    /// The text that Prometheus reads.
    pub fn text(&self, load: Load, watching: Watching) -> String {
        let set = |gauge: &Gauge, value: usize| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.looked_up.attempts, load.attempts);
        set(&self.looked_up.ready, load.ready);
        set(&self.looked_up.backing_off, load.backing_off);
        set(&self.looked_up.sessions, load.sessions);
        set(&self.looked_up.watchers, watching.watchers);
        // What is not known stays as it was; that the store fails is counted elsewhere.
        if let Some(lag) = watching.lag {
            self.looked_up.feed_lag.set(lag);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}

/// Counts a stream as open while it lives.
#[derive(Debug)]
pub struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// `/package.Service/Method`, taken apart. Only paths that the router knows come here.
fn method(path: &str) -> Method {
    let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    Method { service: service.to_owned(), method: method.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Load, Metrics, Watching};

    #[test]
    fn the_text_holds_what_was_counted() {
        let metrics = Metrics::default();
        metrics.committed(3, Duration::from_millis(2), 7);
        metrics.refused("disk_full");
        metrics.called("/p.Service/Get", "not_found", Duration::from_millis(1));
        let open = metrics.stream("/p.Service/Watch");
        let load = Load { attempts: 4, ready: 5, backing_off: 6, sessions: 1 };
        let text = metrics.text(load, Watching { watchers: 9, lag: Some(2) });
        for line in [
            "wingbeat_commit_commands_sum 3.0",
            "wingbeat_queue_commands 7",
            r#"wingbeat_commit_failures_total{reason="disk_full"} 1"#,
            r#"wingbeat_rpc_requests_total{service="p.Service",method="Get",code="not_found"} 1"#,
            r#"wingbeat_rpc_streams{service="p.Service",method="Watch"} 1"#,
            "wingbeat_attempts_live 4",
            "wingbeat_actions_ready 5",
            "wingbeat_feed_watchers 9",
            "wingbeat_feed_lag_commits 2",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drop(open);
        let text = metrics.text(load, Watching::default());
        assert!(text.contains(r#"wingbeat_rpc_streams{service="p.Service",method="Watch"} 0"#), "{text}");
        assert!(text.contains("wingbeat_feed_lag_commits 2"), "{text}");
    }
}
