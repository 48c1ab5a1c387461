//! Lines of one attempt: durable chunks first, then live lines, until the attempt has ended.

use std::sync::Arc;
use std::time::Duration;

use buffa_types::google::protobuf::Timestamp as WireTimestamp;
use connectrpc::ConnectError;
use tokio::time::{Instant, sleep_until};
use wingbeat_blob::logs::LogReader;
use wingbeat_blob::{RunPaths, ScopeKey};
use wingbeat_model::{Action, AttemptKey, Run};
use wingbeat_proto::flyteidl2::logs::dataplane::{LogLine, LogLineOriginator};
use wingbeat_proto::wingbeat::executor::v1::{LogRecord, log_record};

use super::stream::Sink;
use super::view;
use crate::platform::{Platform, read_error};

/// Lines of one message at most.
const BATCH: usize = 500;
/// A message ends with the line that takes it here: clients take 4 MiB at most, and a line has at most 64 KiB.
const BATCH_BYTES: usize = 1 << 20;
/// The stock client gives up on a stream that is silent for 30 s.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Where no lines come live, the store is listed when the run changes, but not more often than this.
const LOOKS_APART: Duration = Duration::from_secs(1);

/// What to tail.
pub(crate) struct Tail {
    pub(crate) platform: Arc<Platform>,
    pub(crate) attempt: AttemptKey,
    /// Knows which chunks it has read: they are not read again for each look.
    reader: LogReader,
    next: u64,
}

impl Tail {
    /// Tails an attempt of `action`.
    ///
    /// # Errors
    /// `not_found` for an attempt that has not been started.
    pub(crate) fn new(
        platform: &Arc<Platform>,
        run: &Run,
        action: &Action,
        attempt: u32,
    ) -> Result<Self, ConnectError> {
        let attempts = view::attempts(action);
        if attempt == 0 || attempt > attempts {
            let text =
                format!("action `{}` has no attempt {attempt}: {attempts} were started", action.key.name);
            return Err(ConnectError::not_found(text));
        }
        let scope = &run.key.scope;
        let scope = ScopeKey { org: &scope.org, project: &scope.project, domain: &scope.domain };
        let paths = RunPaths::new(scope, run.key.name())
            .and_then(|run| run.attempt(action.key.name.as_str(), attempt));
        let prefix = paths.map_err(|error| ConnectError::internal(error.to_string()))?.logs;
        let attempt = AttemptKey { action: action.key.clone(), attempt };
        let reader = LogReader::new(platform.blob.clone(), prefix, 0);
        Ok(Self { platform: platform.clone(), attempt, reader, next: 0 })
    }

    /// Leaves out what stands before the line of this number, from 0.
    pub(crate) fn from(mut self, line: u64) -> Self {
        self.next = line;
        self
    }

    /// Sends lines until the attempt has ended, with the number of the line after them; an empty batch now and then
    /// says that the stream lives.
    pub(crate) async fn run<T>(
        mut self,
        mut sink: Sink<T>,
        wrap: impl Fn(u64, Vec<LogLine>) -> T,
    ) -> Result<(), ConnectError> {
        let mut changed = self.platform.feed.subscribe_run(self.attempt.action.run);
        let mut look = true;
        let (mut looked_at, mut put_off) = (Instant::now(), false);
        loop {
            // Looked up before the lines: what came before the end is then surely read.
            let over = self.is_over().await?;
            let mut live = self.platform.logs.subscribe(&self.attempt);
            if look {
                (looked_at, put_off) = (Instant::now(), false);
            }
            if (look || over) && self.catch_up(&mut sink, &wrap, over).await? {
                return Ok(());
            }
            let more = async {
                match &mut live {
                    // A sender that is gone means that the lines are durable now.
                    Some(live) => drop(live.changed().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = more => look = true,
                // Other actions of the run change all the time; only this attempt's end or its first lines matter.
                result = changed.changed() => {
                    if result.is_err() {
                        return Ok(());
                    }
                    look = live.is_none() && looked_at.elapsed() >= LOOKS_APART;
                    put_off = live.is_none() && !look;
                }
                () = sleep_until(looked_at + LOOKS_APART), if put_off => look = true,
                () = tokio::time::sleep(HEARTBEAT) => {
                    sink.send(wrap(self.next, Vec::new())).await?;
                    look = true;
                }
            }
        }
    }

    /// Sends everything there is from the next line on, durable or live; `true`: no line follows.
    async fn catch_up<T>(
        &mut self,
        sink: &mut Sink<T>,
        wrap: &impl Fn(u64, Vec<LogLine>) -> T,
        over: bool,
    ) -> Result<bool, ConnectError> {
        loop {
            let live = self.platform.logs.read(&self.attempt, self.next);
            let first = live.lines.first().map(|(number, _)| *number);
            if first == Some(self.next) {
                self.send(live.lines.into_iter(), sink, wrap).await?;
                if !over {
                    return Ok(live.end_at.is_some_and(|end| self.next >= end));
                }
                continue;
            }
            // Lines that are live no more became durable since the last look.
            let before = self.next;
            if self.durable(sink, wrap).await? {
                return Ok(true);
            }
            if self.next > before {
                continue;
            }
            match first {
                // They are nowhere: the executor died with them. The tail goes on with what there is.
                Some(first) => self.next = first,
                None => return Ok(over || live.end_at.is_some_and(|end| self.next >= end)),
            }
        }
    }

    /// Has the attempt ended, with everything it said durable?
    async fn is_over(&self) -> Result<bool, ConnectError> {
        let attempts = self
            .platform
            .store
            .list_attempts(&self.attempt.action)
            .await
            .map_err(|error| read_error(&error))?;
        let found = attempts.iter().find(|row| row.key == self.attempt);
        Ok(found.is_none_or(|row| row.end.is_some() && !row.held))
    }

    async fn durable<T>(
        &mut self,
        sink: &mut Sink<T>,
        wrap: &impl Fn(u64, Vec<LogLine>) -> T,
    ) -> Result<bool, ConnectError> {
        self.reader.skip_to(self.next);
        loop {
            let page = self.reader.next_page(BATCH).await.map_err(|error| {
                tracing::error!(%error, "log chunks cannot be read");
                ConnectError::unavailable("the attempt's log cannot be read now")
            })?;
            let over = page.end || page.lines.is_empty();
            self.send(page.lines.into_iter().map(|line| (line.number, line.record)), sink, wrap).await?;
            if over {
                return Ok(page.end);
            }
        }
    }

    async fn send<T>(
        &mut self,
        mut lines: impl Iterator<Item = (u64, LogRecord)>,
        sink: &mut Sink<T>,
        wrap: &impl Fn(u64, Vec<LogLine>) -> T,
    ) -> Result<(), ConnectError> {
        while let Some((next, batch)) = batch(&mut lines) {
            self.next = next;
            sink.send(wrap(next, batch)).await?;
        }
        Ok(())
    }
}

/// The lines of one message, and the number of the line after them.
fn batch(lines: &mut impl Iterator<Item = (u64, LogRecord)>) -> Option<(u64, Vec<LogLine>)> {
    let (mut batch, mut bytes, mut next) = (Vec::new(), 0, 0);
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some((number, record)) = lines.next() else { break };
        bytes += record.text.len();
        next = number + 1;
        batch.push(view(record));
    }
    (!batch.is_empty()).then_some((next, batch))
}

/// A line for clients. They print it as it is, so it ends with a newline.
fn view(record: LogRecord) -> LogLine {
    let system = record.stream == log_record::Stream::STREAM_SYSTEM;
    let originator = if system { LogLineOriginator::SYSTEM } else { LogLineOriginator::USER };
    let time: WireTimestamp = record.time.into_option().unwrap_or_default();
    LogLine {
        timestamp: time.into(),
        message: format!("{}\n", record.text),
        originator: originator.into(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use wingbeat_proto::wingbeat::executor::v1::LogRecord;

    use super::{BATCH, BATCH_BYTES, batch};

    fn lines(count: u64, length: usize) -> impl Iterator<Item = (u64, LogRecord)> {
        (7..7 + count).map(move |n| (n, LogRecord { text: "x".repeat(length), ..Default::default() }))
    }

    #[test]
    fn a_message_has_neither_too_many_lines_nor_too_many_bytes() {
        let mut short = lines(501, 3);
        let (next, first) = batch(&mut short).expect("lines");
        assert_eq!((next, first.len()), (507, BATCH));
        let (next, rest) = batch(&mut short).expect("one line");
        assert_eq!((next, rest.len()), (508, 1));
        assert!(batch(&mut short).is_none());
        let mut long = lines(40, 64 << 10);
        let (_, first) = batch(&mut long).expect("lines");
        assert_eq!(first.len() * (64 << 10), BATCH_BYTES);
        assert_eq!(batch(&mut lines(1, 5 << 20)).expect("one line").1.len(), 1);
    }
}
