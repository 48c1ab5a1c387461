//! `wingbeat get executor`.

use wingbeat_proto::wingbeat::platform::v1::GetStatusRequest;

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
