//! What executors say of themselves: at the opening of a stream, and in the rows of their sessions, where other servers
//! find it.

use buffa::Message as _;
use wingbeat_model::{QueueName, Session};
use wingbeat_proto::wingbeat::executor::v1::ConnectRequest;
use wingbeat_store::{Metadata, ReadError};

use crate::driver::{ExecutorTerms, ExecutorView};

/// What an executor that connects can take.
pub(crate) fn of_request(request: &ConnectRequest) -> ExecutorTerms {
    ExecutorTerms {
        name: request.executor.clone(),
        capabilities: request.capabilities.clone(),
        slots: request.capacity.slots,
        max_processes: request.capacity.max_processes,
        cpu_millis: request.capacity.cpu_millis,
        memory_bytes: request.capacity.memory_bytes,
        gpus: request.capacity.gpus,
        queues: request.queues.iter().map(|queue| QueueName::of(queue)).collect(),
    }
}

/// The same for its session's row.
pub(crate) fn stored(request: &ConnectRequest) -> Vec<u8> {
    let terms = ConnectRequest {
        executor: request.executor.clone(),
        capabilities: request.capabilities.clone(),
        capacity: request.capacity.clone(),
        queues: request.queues.clone(),
        ..ConnectRequest::default()
    };
    terms.encode_to_vec()
}

/// Executors that are connected to other servers. What is held on them is not in these views.
pub(crate) async fn elsewhere(store: &dyn Metadata) -> Result<Vec<ExecutorView>, ReadError> {
    if !store.is_shared() {
        return Ok(Vec::new());
    }
    let mut sessions = store.open_sessions().await?;
    sessions.retain(|session| session.server != store.server());
    Ok(sessions.into_iter().map(view).collect())
}

fn view(session: Session) -> ExecutorView {
    // A server that is older leaves nothing there; what a newer one leaves may be more than is understood here.
    let request = ConnectRequest::decode_from_slice(&session.terms).unwrap_or_default();
    let mut terms = ExecutorTerms { name: session.executor, ..of_request(&request) };
    if session.draining {
        terms.drain();
    }
    ExecutorView {
        session: session.id,
        terms,
        connected: true,
        stream: 0,
        since: session.started_at,
        slots_used: 0,
        processes: 0,
    }
}

#[cfg(test)]
mod tests {
    use wingbeat_model::{ServerId, SessionId, Timestamp};
    use wingbeat_proto::wingbeat::executor::v1::Capacity;

    use super::*;

    fn row(terms: Vec<u8>) -> Session {
        let begun =
            Session::new(SessionId("s".into()), "box".to_owned(), ServerId(2), Timestamp::from_micros(1));
        Session { terms, ..begun }
    }

    fn request() -> ConnectRequest {
        ConnectRequest {
            executor: "box".to_owned(),
            session_id: "s".to_owned(),
            capabilities: vec!["process".to_owned()],
            capacity: Capacity { slots: 4, gpus: 1, max_processes: 9, ..Capacity::default() }.into(),
            queues: vec!["gpu".to_owned()],
            ..ConnectRequest::default()
        }
    }

    #[test]
    fn a_row_says_what_the_executor_has_said() {
        let read = view(row(stored(&request())));
        assert_eq!(format!("{:?}", read.terms), format!("{:?}", of_request(&request())));
        assert_eq!((read.terms.slots, read.terms.gpus, read.connected), (4, 1, true));
    }

    #[test]
    fn one_that_drains_has_no_place() {
        let read = view(Session { draining: true, ..row(stored(&request())) });
        assert_eq!(
            (read.terms.slots, read.terms.capabilities),
            (0, vec!["process".to_owned(), "draining".to_owned()])
        );
    }

    #[test]
    fn a_row_that_says_nothing_has_a_name() {
        for terms in [Vec::new(), vec![0xff; 3]] {
            assert_eq!(
                (view(row(terms.clone())).terms.name.as_str(), view(row(terms)).terms.slots),
                ("box", 0)
            );
        }
    }
}
