//! Answers that go on: a task produces messages into a bounded channel, and ends when the client or the
//! server does.

use std::future::Future;
use std::time::Duration;

use connectrpc::{ConnectError, ServiceStream};
use tokio::sync::mpsc;

use crate::platform::Platform;

/// Longest silence of a stream; proxies and clients give up on longer ones.
const QUIET: Duration = Duration::from_secs(15);
/// Messages that wait for a slow client; the producer then waits too, and reads newer state afterwards.
const BUFFER: usize = 64;
/// The same for messages that hold pages of rows: what one slow client costs is these, and no more.
const PAGES: usize = 1;

/// Where a producer puts its messages.
pub(crate) struct Sink<T> {
    messages: mpsc::Sender<Result<T, ConnectError>>,
}

impl<T> Sink<T> {
    /// Waits until the client takes it. The error is for `?`: the client went away and nobody reads it.
    pub(crate) async fn send(&mut self, message: T) -> Result<(), ConnectError> {
        let gone = |_| ConnectError::unavailable("the client went away");
        self.messages.send(Ok(message)).await.map_err(gone)
    }
}

/// Resolves after the longest silence.
pub(crate) async fn quiet() {
    tokio::time::sleep(QUIET).await;
}

/// What the client is told when the server drains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtDrain {
    /// Nothing: the stream ends, and clients watch again.
    EndCleanly,
    /// That it is not the end: a log that ends cleanly would be taken for complete.
    SayUnavailable,
}

/// A watch: runs `producer` until it returns, the client goes away or the server drains. Its error ends the
/// stream with that status.
pub(crate) fn produce<T, F>(
    platform: &Platform,
    name: &'static str,
    producer: impl FnOnce(Sink<T>) -> F,
) -> ServiceStream<T>
where
    T: Send + 'static,
    F: Future<Output = Result<(), ConnectError>> + Send + 'static,
{
    run(platform, name, (BUFFER, AtDrain::EndCleanly), producer)
}

/// As [`produce`], for messages that hold pages of rows.
pub(crate) fn produce_pages<T, F>(
    platform: &Platform,
    name: &'static str,
    producer: impl FnOnce(Sink<T>) -> F,
) -> ServiceStream<T>
where
    T: Send + 'static,
    F: Future<Output = Result<(), ConnectError>> + Send + 'static,
{
    run(platform, name, (PAGES, AtDrain::EndCleanly), producer)
}

/// As [`produce`], with a say in what a drain looks like.
pub(crate) fn produce_until<T, F>(
    platform: &Platform,
    name: &'static str,
    at_drain: AtDrain,
    producer: impl FnOnce(Sink<T>) -> F,
) -> ServiceStream<T>
where
    T: Send + 'static,
    F: Future<Output = Result<(), ConnectError>> + Send + 'static,
{
    run(platform, name, (BUFFER, at_drain), producer)
}

fn run<T, F>(
    platform: &Platform,
    name: &'static str,
    (buffer, at_drain): (usize, AtDrain),
    producer: impl FnOnce(Sink<T>) -> F,
) -> ServiceStream<T>
where
    T: Send + 'static,
    F: Future<Output = Result<(), ConnectError>> + Send + 'static,
{
    let (messages, receiver) = mpsc::channel(buffer);
    let work = producer(Sink { messages: messages.clone() });
    let token = platform.tasks.token();
    platform.tasks.spawn(name, async move {
        tokio::select! {
            result = work => {
                if let Err(error) = result {
                    // The client may have gone away; then nobody wants to know.
                    let _ = messages.send(Err(error)).await;
                }
            }
            () = messages.closed() => (),
            () = token.cancelled() => {
                if at_drain == AtDrain::SayUnavailable {
                    let _ = messages.send(Err(ConnectError::unavailable("the server is restarting"))).await;
                }
            }
        }
    });
    Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))
}
