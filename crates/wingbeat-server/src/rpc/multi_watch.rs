//! MultiWatchService: many watches in one stream. What each of them says, and to whom, is decided where it is served
//! alone; here they are only opened, named and merged.

use std::collections::BTreeSet;
use std::sync::Arc;

use buffa::Message as _;
use connectrpc::{
    ConnectError, ErrorCode, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream,
};
use futures::stream::SelectAll;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use wingbeat_idl::validate::validate;
use wingbeat_model::{Principal, Seq, Verb};
use wingbeat_proto::flyteidl2::dataproxy::TailLogsRequest;
use wingbeat_proto::flyteidl2::workflow::{WatchActionsRequest, WatchGroupsRequest, WatchRunsRequest};
use wingbeat_proto::wingbeat::platform::v1::{
    MultiWatchService, Refusal, Subscription, WatchManyRequest, WatchManyResponse, subscription,
    watch_many_response,
};

use super::caller::principal;
use super::log_stream::Tail;
use super::run_service::watches::{self, SaidOfActions};
use super::{data_proxy, find};
use crate::platform::{Platform, read_error};

/// Subscriptions of one stream at most: each is a task of the server.
const MOST: usize = 64;

/// See the module's text.
pub(crate) struct MultiWatch {
    pub(crate) platform: Arc<Platform>,
}

impl MultiWatchService for MultiWatch {
    async fn watch_many(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchManyRequest>,
    ) -> ServiceResult<ServiceStream<WatchManyResponse>> {
        let subscriptions = checked(request.to_owned_message().subscriptions)?;
        let caller = principal(&ctx);
        let head = self.platform.store.head().await.map_err(|error| read_error(&error))?;
        let mut all = SelectAll::new();
        for one in subscriptions {
            let id = one.id.clone();
            let said = self.open(&caller, one, head).await.unwrap_or_else(refused);
            all.push(said.map_ok(move |said| WatchManyResponse { id: id.clone(), ..said }));
        }
        Ok(Response::stream(Box::pin(all)))
    }
}

fn checked(subscriptions: Vec<Subscription>) -> Result<Vec<Subscription>, ConnectError> {
    if !(1..=MOST).contains(&subscriptions.len()) {
        let text = format!("subscriptions: 1 to {MOST} are allowed, got {}", subscriptions.len());
        return Err(ConnectError::invalid_argument(text));
    }
    let ids: BTreeSet<&str> = subscriptions.iter().map(|one| one.id.as_str()).collect();
    if ids.len() < subscriptions.len() {
        return Err(ConnectError::invalid_argument("subscriptions: every id must be another one"));
    }
    Ok(subscriptions)
}

impl MultiWatch {
    async fn open(
        &self,
        caller: &Principal,
        one: Subscription,
        head: Seq,
    ) -> Result<ServiceStream<WatchManyResponse>, ConnectError> {
        validate("wingbeat.platform.v1.Subscription", &one.encode_to_vec())
            .map_err(|violation| ConnectError::invalid_argument(violation.to_string()))?;
        match one.target {
            Some(subscription::Target::Actions(request)) => {
                self.actions(caller, &request, since(one.cursor, head)).await
            }
            Some(subscription::Target::Runs(request)) => self.runs(caller, *request, since(one.cursor, head)),
            Some(subscription::Target::Groups(request)) => self.groups(caller, *request),
            Some(subscription::Target::Logs(request)) => self.logs(caller, &request, one.cursor).await,
            None => Err(ConnectError::invalid_argument("target: what to watch must be set")),
        }
    }

    async fn actions(
        &self,
        caller: &Principal,
        request: &WatchActionsRequest,
        from: Option<Seq>,
    ) -> Result<ServiceStream<WatchManyResponse>, ConnectError> {
        let run = find::run(&self.platform, caller, "run_id", &request.run_id).await?;
        let answers = watches::actions_since(&self.platform, run, request, from.unwrap_or_default())?;
        Ok(endless(answers.map(|answer| {
            answer.map(|SaidOfActions { position, answer, started_at }| WatchManyResponse {
                started_at,
                ..answered(cursor(position), watch_many_response::Answer::Actions(Box::new(answer)))
            })
        })))
    }

    fn runs(
        &self,
        caller: &Principal,
        request: WatchRunsRequest,
        from: Option<Seq>,
    ) -> Result<ServiceStream<WatchManyResponse>, ConnectError> {
        self.platform.authorize(caller, Verb::Read, None)?;
        let answers = watches::runs_since(&self.platform, request, from)?;
        Ok(endless(answers.map(|answer| {
            answer.map(|(seq, answer)| {
                answered(cursor(seq), watch_many_response::Answer::Runs(Box::new(answer)))
            })
        })))
    }

    fn groups(
        &self,
        caller: &Principal,
        request: WatchGroupsRequest,
    ) -> Result<ServiceStream<WatchManyResponse>, ConnectError> {
        self.platform.authorize(caller, Verb::Read, None)?;
        if request.end_date.is_set() {
            return Err(ConnectError::invalid_argument("groups.end_date: a past window is no watch"));
        }
        let answers = watches::groups(&self.platform, request)?;
        Ok(endless(answers.map(|answer| {
            answer.map(|answer| answered(0, watch_many_response::Answer::Groups(Box::new(answer))))
        })))
    }

    async fn logs(
        &self,
        caller: &Principal,
        request: &TailLogsRequest,
        from: u64,
    ) -> Result<ServiceStream<WatchManyResponse>, ConnectError> {
        let (run, action) = find::action(&self.platform, caller, "action_id", &request.action_id).await?;
        let tail = Tail::new(&self.platform, &run, &action, request.attempt)?.from(from);
        let lines = data_proxy::tail_stream(&self.platform, tail, |next, answer| {
            answered(next, watch_many_response::Answer::Logs(Box::new(answer)))
        });
        // Only a log that is complete ends without an error.
        let end = stream::once(async { Ok(answered(0, watch_many_response::Answer::Ended(Box::default()))) });
        Ok(refusing(lines.chain(end)))
    }
}

/// An answer to a subscription that is named later, and the cursor behind it.
fn answered(cursor: u64, answer: watch_many_response::Answer) -> WatchManyResponse {
    WatchManyResponse { cursor, answer: Some(answer), ..Default::default() }
}

/// A cursor that lies ahead is one of another store: then everything is said again.
fn since(cursor: u64, head: Seq) -> Option<Seq> {
    i64::try_from(cursor).ok().map(Seq).filter(|seq| *seq > Seq::default() && *seq <= head)
}

fn cursor(seq: Seq) -> u64 {
    u64::try_from(seq.0).unwrap_or_default()
}

/// A watch that goes on until the server ends it: then all of them end, and the client calls again.
fn endless(
    said: impl futures::Stream<Item = Result<WatchManyResponse, ConnectError>> + Send + 'static,
) -> ServiceStream<WatchManyResponse> {
    let end = stream::once(async { Err(ConnectError::unavailable("the server is restarting")) });
    refusing(said.chain(end))
}

/// What one watch is refused does not end the others; a server that goes away ends all.
fn refusing(
    said: impl futures::Stream<Item = Result<WatchManyResponse, ConnectError>> + Send + 'static,
) -> ServiceStream<WatchManyResponse> {
    Box::pin(said.map(|said| match said {
        Err(error) if error.code != ErrorCode::Unavailable => Ok(answered(0, refusal(&error))),
        other => other,
    }))
}

fn refused(error: ConnectError) -> ServiceStream<WatchManyResponse> {
    Box::pin(stream::once(async move {
        if error.code == ErrorCode::Unavailable { Err(error) } else { Ok(answered(0, refusal(&error))) }
    }))
}

fn refusal(error: &ConnectError) -> watch_many_response::Answer {
    let message = error.message.clone().unwrap_or_default();
    let refusal = Refusal { code: error.code.as_str().to_owned(), message, ..Default::default() };
    watch_many_response::Answer::Refused(Box::new(refusal))
}

#[cfg(test)]
mod tests {
    use connectrpc::{ConnectError, ErrorCode};
    use futures::{StreamExt as _, stream};
    use wingbeat_model::Seq;
    use wingbeat_proto::wingbeat::platform::v1::{Subscription, watch_many_response::Answer};

    use super::{MOST, checked, endless, refused, since};

    fn named(ids: &[&str]) -> Vec<Subscription> {
        ids.iter().map(|id| Subscription { id: (*id).to_owned(), ..Default::default() }).collect()
    }

    #[test]
    fn lists_that_could_not_be_answered_are_refused() {
        assert!(checked(named(&["a", "b"])).is_ok());
        assert!(checked(Vec::new()).is_err());
        assert!(checked(named(&["a", "a"])).is_err());
        assert!(checked(named(&vec!["a"; MOST + 1])).is_err());
    }

    #[test]
    fn a_cursor_of_another_store_begins_from_the_beginning() {
        let head = Seq(10);
        assert_eq!(since(0, head), None);
        assert_eq!(since(10, head), Some(Seq(10)));
        assert_eq!(since(11, head), None);
        assert_eq!(since(u64::MAX, head), None);
    }

    #[tokio::test]
    async fn one_refusal_ends_itself_and_a_drain_ends_all() {
        let mut one = refused(ConnectError::not_found("no such run"));
        let said = one.next().await.expect("an answer").expect("no error");
        assert!(matches!(said.answer, Some(Answer::Refused(refusal)) if refusal.code == "not_found"));
        assert!(one.next().await.is_none());
        let mut drained = endless(stream::empty());
        let end = drained.next().await.expect("an end");
        assert!(end.is_err_and(|error| error.code == ErrorCode::Unavailable));
    }
}
