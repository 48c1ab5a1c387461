//! Lines of one attempt: durable chunks first, then live lines, until the attempt has ended.

use std::sync::Arc;
use std::time::Duration;

use buffa_types::google::protobuf::Timestamp as WireTimestamp;
use connectrpc::ConnectError;
use wingbeat_blob::logs::LogReader;
use wingbeat_blob::{BlobPath, RunPaths, ScopeKey};
use wingbeat_model::{Action, AttemptKey, Run};
use wingbeat_proto::flyteidl2::logs::dataplane::{LogLine, LogLineOriginator};
use wingbeat_proto::wingbeat::executor::v1::{LogRecord, log_record};

use super::stream::Sink;
use super::view;
use crate::platform::{Platform, read_error};

/// Lines of one message at most.
const BATCH: usize = 500;
/// The stock client gives up on a stream that is silent for 30 s.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What to tail.
pub(crate) struct Tail {
    pub(crate) platform: Arc<Platform>,
    pub(crate) attempt: AttemptKey,
    prefix: BlobPath,
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
        Ok(Self { platform: platform.clone(), attempt, prefix, next: 0 })
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
        loop {
            // Looked up before the lines: what came before the end is then surely read.
            let over = self.is_over().await?;
            let mut live = self.platform.logs.subscribe(&self.attempt);
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
                    look = live.is_none();
                }
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
                self.send_live(live.lines, sink, wrap).await?;
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
        let mut reader = LogReader::new(self.platform.blob.clone(), self.prefix.clone(), self.next);
        loop {
            let page = reader.next_page(BATCH).await.map_err(|error| {
                tracing::error!(%error, "log chunks cannot be read");
                ConnectError::unavailable("the attempt's log cannot be read now")
            })?;
            let Some(last) = page.lines.last() else { return Ok(page.end) };
            self.next = last.number + 1;
            let lines = page.lines.into_iter().map(|line| view(line.record)).collect();
            sink.send(wrap(self.next, lines)).await?;
            if page.end {
                return Ok(true);
            }
        }
    }

    async fn send_live<T>(
        &mut self,
        lines: Vec<(u64, LogRecord)>,
        sink: &mut Sink<T>,
        wrap: &impl Fn(u64, Vec<LogLine>) -> T,
    ) -> Result<(), ConnectError> {
        let mut lines = lines.into_iter().peekable();
        while lines.peek().is_some() {
            let batch: Vec<(u64, LogRecord)> = lines.by_ref().take(BATCH).collect();
            self.next = batch.last().map_or(self.next, |(number, _)| number + 1);
            let lines = batch.into_iter().map(|(_, line)| view(line)).collect();
            sink.send(wrap(self.next, lines)).await?;
        }
        Ok(())
    }
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
