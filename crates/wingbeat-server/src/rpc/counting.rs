//! Counts calls for `/metrics`: how many, how they ended, how long they took, which streams are open.

use std::time::Instant;

use connectrpc::ConnectError;
use connectrpc::interceptor::{
    Interceptor, Next, NextStream, PayloadStream, StreamRequest, StreamResponse, UnaryRequest, UnaryResponse,
};
use futures::StreamExt as _;

use crate::metrics::Metrics;

/// The interceptor; the outermost one, so that refused calls count too.
#[derive(Debug, Clone)]
pub(super) struct Counting(pub(super) Metrics);

#[connectrpc::async_trait]
impl Interceptor for Counting {
    async fn intercept_unary(
        &self,
        request: UnaryRequest,
        next: Next<'_>,
    ) -> Result<UnaryResponse, ConnectError> {
        let (path, started) = (request.ctx.path().unwrap_or_default().to_owned(), Instant::now());
        let answer = next.run(request).await;
        self.0.called(&path, code(answer.as_ref().err()), started.elapsed());
        answer
    }

    async fn intercept_streaming(
        &self,
        request: StreamRequest,
        inbound: PayloadStream,
        next: NextStream<'_>,
    ) -> Result<StreamResponse, ConnectError> {
        let open = self.0.stream(request.ctx.path().unwrap_or_default());
        let mut answer = next.run(request, inbound).await?;
        let body = std::mem::replace(&mut answer.body, Box::pin(futures::stream::empty()));
        // The count ends with the stream, however it ends.
        answer.body = Box::pin(body.inspect(move |_| {
            let _still_open = &open;
        }));
        Ok(answer)
    }
}

fn code(error: Option<&ConnectError>) -> &'static str {
    error.map_or("ok", |error| error.code.as_str())
}
