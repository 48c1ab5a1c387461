//! The way to the server: one HTTP/2 connection per attempt over its Unix socket, made when needed.
//!
//! One per attempt, so that neither the server's limit of streams per connection nor a slow reader
//! lets one task block another.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;

use super::answer::BoxError;
use super::headers::Stamp;
use crate::servers::Servers;

/// Body of a request to the server.
pub(super) type UpstreamBody = UnsyncBoxBody<Bytes, BoxError>;

/// Sends an attempt's requests to the server, stamped with its identity.
#[derive(Debug)]
pub(super) struct Upstream {
    client: Client<UnixConnector, UpstreamBody>,
    stamp: Stamp,
}

/// What a request is, apart from its body: it may be sent several times.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    uri: Uri,
}

impl Upstream {
    pub(super) fn new(servers: Servers, stamp: Stamp) -> Self {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build(UnixConnector { servers });
        Self { client, stamp }
    }

    /// The request of a task as the server shall see it.
    pub(super) fn call(&self, from_task: &Parts) -> Call {
        let path = from_task.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let uri = Uri::builder()
            .scheme("http")
            .authority("localhost")
            .path_and_query(path)
            .build()
            .expect("scheme, authority and path are all valid");
        Call { method: from_task.method.clone(), headers: self.stamp.apply(&from_task.headers), uri }
    }

    /// Sends `call` once.
    ///
    /// # Errors
    /// The server could not be reached, or was lost before it answered.
    pub(super) async fn send(
        &self,
        call: Call,
        body: UpstreamBody,
    ) -> Result<Response<Incoming>, ClientError> {
        let mut request = Request::new(body);
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = call.headers;
        self.client.request(request).await
    }
}

#[derive(Debug, Clone)]
struct UnixConnector {
    servers: Servers,
}

impl tower::Service<Uri> for UnixConnector {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let socket = self.servers.present();
        Box::pin(async move { UnixStream::connect(socket).await.map(TokioIo::new) })
    }
}
