//! Repeats reads that met a server which is away for a moment, and marks what no further try mends. It must never repeat
//! a write: whether the lost answer meant "done" is not known here.

use std::error::Error;
use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};

/// Waits between tries. Three quarters of a second in all: a restart of a local server fits, and a
/// user whose server is down hears about it at once.
const WAITS: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// Runs `call` until it gives anything but `unavailable`, five times at most.
///
/// # Errors
/// What the last try gave.
pub async fn retry_read<T, F, Fut>(call: F) -> Result<T, ConnectError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, ConnectError>>,
{
    for wait in WAITS {
        match call().await {
            Err(error) if error.code == ErrorCode::Unavailable => tokio::time::sleep(wait).await,
            other => return other,
        }
    }
    call().await
}

/// Stands behind an error that was made on this side, and that another try would only repeat.
#[derive(Debug, thiserror::Error)]
#[error("another try would give the same")]
struct Final;

/// An error that no further try mends, told apart from what a server means by the same code.
pub(crate) fn final_failure(message: String) -> ConnectError {
    ConnectError::failed_precondition(message).with_source(Final)
}

/// Whether this side knows that another try would give the same: a certificate is not believed, or what the server
/// says about tokens is of no use. What servers mean by their codes is not asked here.
pub fn is_final(error: &ConnectError) -> bool {
    error.source().is_some_and(<dyn Error>::is::<Final>)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use connectrpc::ConnectError;

    use super::retry_read;

    #[tokio::test]
    async fn only_unavailable_is_repeated() {
        let calls = Cell::new(0);
        let count = || calls.set(calls.get() + 1);
        let answer = retry_read(|| async {
            count();
            if calls.get() < 3 { Err(ConnectError::unavailable("away")) } else { Ok(calls.get()) }
        });
        assert_eq!(answer.await.ok(), Some(3));

        calls.set(0);
        let refused = retry_read(|| async {
            count();
            Err::<(), _>(ConnectError::not_found("no such run"))
        });
        assert!(refused.await.is_err());
        assert_eq!(calls.get(), 1);
    }
}
