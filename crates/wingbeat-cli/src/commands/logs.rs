//! `wingbeat logs`: what is there, and with `--follow` what comes.

use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use tokio::time::{sleep, timeout};
use wingbeat_proto::flyteidl2::dataproxy::{TailLogsRequest, TailLogsResponse};
use wingbeat_proto::flyteidl2::logs::dataplane::LogLine;
use wingbeat_proto::flyteidl2::workflow::GetActionDetailsRequest;

use super::session::Session;
use super::words;
use crate::arguments::Logs;
use crate::failure::Failure;
use crate::output::{self, Format};

/// Without `--follow`: an attempt that still runs has said all it has to say when it is silent this long.
const SILENCE: Duration = Duration::from_secs(1);

/// Waits between tries to reach a server that went away while its lines were followed.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A server that stays away longer is gone.
const MOST_TRIES: u32 = 30;

pub(super) async fn run(session: &Session, logs: &Logs) -> Result<(), Failure> {
    let what = format!("could not read the logs of action {} of run {}", logs.action, logs.run);
    let (attempt, running) = find_attempt(session, logs, &what).await?;
    let request = TailLogsRequest {
        action_id: session.action_id(&logs.run, &logs.action).into(),
        attempt,
        ..Default::default()
    };
    let mut tail = Tail { session, logs, request, n_printed: 0, ends_in_silence: running && !logs.follow };
    let (mut wait, mut tries) = (FIRST_WAIT, 0);
    loop {
        let before = tail.n_printed;
        match tail.print_lines().await {
            Ok(()) => return Ok(()),
            Err(TailError::Output(failure)) => return Err(failure),
            Err(TailError::Call(error)) if error.code == ErrorCode::Unavailable && tries < MOST_TRIES => {
                if tail.n_printed > before {
                    (wait, tries) = (FIRST_WAIT, 0);
                }
                tries += 1;
                // Only who follows waits long; who wants what is there is told soon.
                if !logs.follow && tries > 4 {
                    return Err(session.failed(&what, &error));
                }
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Err(TailError::Call(error)) => return Err(session.failed(&what, &error)),
        }
    }
}

/// The attempt that is meant, and whether it still runs.
async fn find_attempt(session: &Session, logs: &Logs, what: &str) -> Result<(u32, bool), Failure> {
    let request = GetActionDetailsRequest {
        action_id: session.action_id(&logs.run, &logs.action).into(),
        ..Default::default()
    };
    let runs = session.client.runs();
    let answer = session.read(what, || runs.get_action_details(request.clone())).await?.into_owned();
    let details = &answer.details;
    let latest = details.status.attempts.max(1);
    let attempt = logs.attempt.unwrap_or(latest);
    if attempt > latest {
        return Err(Failure::new(what).because(format!("it has had {latest} attempts, not {attempt}")));
    }
    Ok((attempt, attempt == latest && !words::is_terminal(details.status.phase)))
}

enum TailError {
    Call(ConnectError),
    Output(Failure),
}

struct Tail<'a> {
    session: &'a Session,
    logs: &'a Logs,
    request: TailLogsRequest,
    /// A new stream starts with the first line again; these are skipped.
    n_printed: u64,
    ends_in_silence: bool,
}

impl Tail<'_> {
    /// Prints lines until the stream ends, or is silent and that is enough.
    async fn print_lines(&mut self) -> Result<(), TailError> {
        let client = self.session.client.data_proxy();
        let mut stream = client.tail_logs(self.request.clone()).await.map_err(TailError::Call)?;
        let mut n_seen = 0;
        loop {
            let next = stream.message::<TailLogsResponse>();
            let message = if self.ends_in_silence {
                match timeout(SILENCE, next).await {
                    Ok(message) => message,
                    Err(_) => return Ok(()),
                }
            } else {
                next.await
            };
            let Some(message) = message.map_err(TailError::Call)? else { return Ok(()) };
            for line in message.to_owned_message().logs.iter().flat_map(|logs| &logs.lines) {
                n_seen += 1;
                if n_seen > self.n_printed {
                    self.print(line).map_err(TailError::Output)?;
                    self.n_printed = n_seen;
                }
            }
        }
    }

    fn print(&self, line: &LogLine) -> Result<(), Failure> {
        // The stock client prints messages as they are, so the server ends each with a newline.
        let text = line.message.trim_end_matches('\n');
        match self.session.format {
            Format::Json => output::json_line(line),
            Format::Table if self.logs.timestamps => {
                let time = words::time(line.timestamp.as_option());
                output::line(&format!("{time}  {text}"))
            }
            Format::Table => output::line(text),
        }
    }
}
