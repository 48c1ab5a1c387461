//! `wingbeat get executor`, and `wingbeat executor drain NAME`.

use connectrpc::ErrorCode;
use wingbeat_proto::wingbeat::platform::v1::{DrainExecutorRequest, Executor, GetStatusRequest};

use super::session::Session;
use super::status;
use crate::failure::Failure;
use crate::output::{self, Format};

pub(super) async fn list(session: &Session) -> Result<(), Failure> {
    let platform = session.client.platform();
    let request = GetStatusRequest::default;
    let answer = session.read("could not list executors", || platform.get_status(request())).await?;
    let answer = answer.into_owned();
    match session.format {
        Format::Json => output::json(&answer),
        Format::Table if answer.executors.is_empty() => {
            output::line("no executor is connected: nothing will run until one is")
        }
        Format::Table => output::line(&status::executors(&answer.executors).to_string()),
    }
}

pub(super) async fn drain(session: &Session, name: &str) -> Result<(), Failure> {
    let what = format!("could not drain executor {name}");
    let platform = session.client.platform();
    // Afterwards it connects anew, or is gone already.
    let request = GetStatusRequest::default;
    let status = session.read(&what, || platform.get_status(request())).await?.into_owned();
    let request = DrainExecutorRequest { name: name.to_owned(), ..Default::default() };
    let answer = platform.drain_executor(request).await.map_err(|error| {
        let failure = session.failed(&what, &error);
        if error.code == ErrorCode::NotFound {
            failure.advise("`wingbeat get executor` shows those that there are")
        } else {
            failure
        }
    })?;
    match session.format {
        Format::Json => output::json(&answer.into_owned()),
        Format::Table => {
            let found = status.executors.iter().find(|executor| executor.name == name);
            output::line(&drains(name, found))
        }
    }
}

fn drains(name: &str, found: Option<&Executor>) -> String {
    match found {
        None => format!("executor {name} takes nothing new, and ends when what it runs has ended"),
        Some(executor) if !executor.connected => {
            format!("executor {name} is away, and drains when it comes back")
        }
        Some(executor) => format!(
            "executor {name} takes nothing new, and ends when what it runs has ended (attempts now: {})",
            executor.processes
        ),
    }
}
