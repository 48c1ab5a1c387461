//! One HTTP/2 connection to a server, and the typed clients on top of it.
//!
//! The connection is made at the first call and made again after it broke; streams and unary calls
//! share it. It decides nothing about retries: a call on a broken connection fails as `unavailable`. Only a call that is
//! refused for its token is made once more, with a new one.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use connectrpc::client::{
    BoxFuture, ClientBody, ClientConfig, ClientTransport, Http2Connection, SharedHttp2Connection, full_body,
};
use connectrpc::{CompressionRegistry, ConnectError, ErrorCode};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use wingbeat_proto::flyteidl2::actions::ActionsServiceClient;
use wingbeat_proto::flyteidl2::cluster::ClusterServiceClient;
use wingbeat_proto::flyteidl2::dataproxy::DataProxyServiceClient;
use wingbeat_proto::flyteidl2::project::ProjectServiceClient;
use wingbeat_proto::flyteidl2::task::TaskServiceClient;
use wingbeat_proto::flyteidl2::workflow::{RunLogsServiceClient, RunServiceClient};
use wingbeat_proto::wingbeat::executor::v1::ExecutorServiceClient;
use wingbeat_proto::wingbeat::platform::v1::{
    PlatformServiceClient, RunViewServiceClient, SchedulingServiceClient,
};

use crate::access::{Access, Credentials};
use crate::address::{ServerAddr, is_this_machine};
use crate::retry::final_failure;
use crate::tls::{Dialer, TlsFailure, Trust};
use crate::token::{Authenticator, Held};

/// Calls that wait for their turn on the connection.
const CALLS_IN_QUEUE: usize = 1024;

/// Largest message that is read: a page of actions with their specs is far larger than the 4 MB that
/// gRPC's habit allows.
const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// Memory that the elements of one message may take once decoded.
const MAX_DECODED_BYTES: usize = 1 << 30;

/// How often a silent TCP connection is asked whether the other end is alive.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Begin of the content types of streams, whose status says nothing about their end.
const STREAMS: &[u8] = b"application/connect+";

/// A line to one server, without any token. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Line {
    inner: SharedHttp2Connection,
}

impl Line {
    pub(crate) fn new(addr: &ServerAddr, trust: &Trust) -> Self {
        let builder = Http2Connection::builder();
        let lazy = match addr {
            ServerAddr::Tcp(uri) => builder.keep_alive_interval(TCP_KEEP_ALIVE).lazy_plaintext(uri.clone()),
            ServerAddr::Tls(uri) => {
                let dialer = Dialer::new(trust.clone());
                let dial = tower::service_fn(move |uri| dialer.clone().dial(uri));
                builder.keep_alive_interval(TCP_KEEP_ALIVE).lazy_with_connector(dial, uri.clone())
            }
            // A Unix socket breaks at once when its owner dies: no pings, so that idle means idle.
            ServerAddr::Unix(path) => builder.lazy_unix(path, addr.base_uri()),
        };
        Self { inner: lazy.shared(CALLS_IN_QUEUE) }
    }
}

impl ClientTransport for Line {
    type ResponseBody = Incoming;
    type Error = ConnectError;

    fn send(
        &self,
        request: Request<ClientBody>,
    ) -> BoxFuture<'static, Result<Response<Self::ResponseBody>, Self::Error>> {
        let sent = ClientTransport::send(&self.inner, request);
        Box::pin(async move { sent.await.map_err(told_apart) })
    }
}

/// A certificate that is not believed will not be believed at the next try either.
fn told_apart(error: ConnectError) -> ConnectError {
    let mut next: Option<&dyn Error> = error.source();
    while let Some(cause) = next {
        match cause.downcast_ref::<TlsFailure>() {
            Some(failure) if failure.is_final() => {
                return final_failure(failure.to_string());
            }
            Some(_) | None => next = cause.source(),
        }
    }
    error
}

/// A connection to one server: cheap to clone, all clones share it, and the token.
#[derive(Clone)]
pub struct Connection {
    line: Line,
    authenticator: Option<Arc<Authenticator>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Prepares a connection; the first call makes it. Must be called inside a tokio runtime. Credentials are for
    /// servers that are reached over TLS, and left out elsewhere.
    fn new(addr: &ServerAddr, access: &Access, config: &ClientConfig) -> Self {
        let line = Line::new(addr, &access.trust);
        let authenticator = match (addr, &access.credentials) {
            (ServerAddr::Tcp(_) | ServerAddr::Unix(_), _) | (_, Credentials::None) => None,
            (ServerAddr::Tls(_), credentials) => {
                Some(Arc::new(Authenticator::new(credentials.clone(), line.clone(), config.clone())))
            }
        };
        Self { line, authenticator }
    }
}

impl ClientTransport for Connection {
    type ResponseBody = Incoming;
    type Error = ConnectError;

    fn send(
        &self,
        request: Request<ClientBody>,
    ) -> BoxFuture<'static, Result<Response<Self::ResponseBody>, Self::Error>> {
        match &self.authenticator {
            None => self.line.send(request),
            Some(authenticator) => {
                Box::pin(send_with_token(self.line.clone(), Arc::clone(authenticator), request))
            }
        }
    }
}

async fn send_with_token(
    line: Line,
    authenticator: Arc<Authenticator>,
    request: Request<ClientBody>,
) -> Result<Response<Incoming>, ConnectError> {
    let held = authenticator.token().await?;
    let (parts, body) = request.into_parts();
    // What a caller still writes can be sent once only.
    if body.size_hint().exact().is_none() {
        return line.send(with_token(parts, body, held.as_deref())).await;
    }
    let content = body.collect().await?.to_bytes();
    let first = with_token(parts.clone(), full_body(content.clone()), held.as_deref());
    let answer = line.send(first).await?;
    if answer.status() != StatusCode::UNAUTHORIZED {
        note_success(&answer, held.as_deref());
        return Ok(answer);
    }
    let Some(renewed) = authenticator.instead_of(held.as_ref()).await? else { return Ok(answer) };
    let answer = line.send(with_token(parts, full_body(content), Some(&renewed))).await?;
    note_success(&answer, Some(&renewed));
    Ok(answer)
}

fn with_token(parts: Parts, body: ClientBody, held: Option<&Held>) -> Request<ClientBody> {
    let mut request = Request::from_parts(parts, body);
    if let Some(held) = held {
        request.headers_mut().insert(held.header.clone(), held.value.clone());
    }
    request
}

fn note_success(answer: &Response<Incoming>, held: Option<&Held>) {
    let is_stream =
        answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(STREAMS));
    if let Some(held) = held.filter(|_| answer.status().is_success() && !is_stream) {
        held.prove();
    }
}

/// Typed access to a server's services. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    addr: ServerAddr,
    connection: Connection,
    config: ClientConfig,
}

/// What answers may be compressed with. Nothing from an address of this machine's own: there it only takes time, unless the
/// port is forwarded.
fn compression(addr: &ServerAddr) -> CompressionRegistry {
    let uri = addr.base_uri();
    if uri.host().is_some_and(is_this_machine) {
        CompressionRegistry::new()
    } else {
        CompressionRegistry::default()
    }
}

macro_rules! services {
    ($($(#[$doc:meta])* $method:ident: $client:ident;)+) => {
        $(
            $(#[$doc])*
            pub fn $method(&self) -> $client<Connection> {
                $client::new(self.connection.clone(), self.config.clone())
            }
        )+
    };
}

impl Client {
    /// A client of the server at `addr`, which shows it nothing and trusts whom this machine trusts. Nothing is sent
    /// before the first call. Must be called inside a tokio runtime.
    pub fn new(addr: ServerAddr) -> Self {
        Self::with_access(addr, &Access::default())
    }

    /// A client of the server at `addr` that trusts and shows what `access` says.
    pub fn with_access(addr: ServerAddr, access: &Access) -> Self {
        let config = ClientConfig::new(addr.base_uri())
            .with_default_max_message_size(MAX_MESSAGE_BYTES)
            .with_default_element_memory_limit(MAX_DECODED_BYTES)
            .with_compression(compression(&addr));
        let connection = Connection::new(&addr, access, &config);
        Self { addr, connection, config }
    }

    /// Whether a stream that ended with `error` is worth another try: it was refused for its token, and there is
    /// another one by now. A unary call needs no such question.
    pub async fn has_other_token(&self, error: &ConnectError) -> bool {
        match &self.connection.authenticator {
            Some(authenticator) if error.code == ErrorCode::Unauthenticated => {
                // On the heap: asking for a token is large, and seldom.
                Box::pin(authenticator.is_another_try_worth_it()).await
            }
            Some(_) | None => false,
        }
    }

    /// Adds a header to every call.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.config = self.config.with_default_header(name, value);
        self
    }

    /// Where this client's server is.
    pub fn addr(&self) -> &ServerAddr {
        &self.addr
    }

    services! {
        /// Runs and their actions.
        runs: RunServiceClient;
        /// Deployed tasks.
        tasks: TaskServiceClient;
        /// Projects.
        projects: ProjectServiceClient;
        /// Uploads, downloads, inputs.
        data_proxy: DataProxyServiceClient;
        /// Lines of attempts.
        run_logs: RunLogsServiceClient;
        /// What a parent task says and hears about its children.
        actions: ActionsServiceClient;
        /// Which endpoint serves what.
        clusters: ClusterServiceClient;
        /// The executor protocol.
        executors: ExecutorServiceClient;
        /// The platform's own state, and why actions wait.
        platform: PlatformServiceClient;
        /// Queues, and projects' shares.
        scheduling: SchedulingServiceClient;
        /// Windows and sums of one run.
        run_views: RunViewServiceClient;
    }
}

#[cfg(test)]
mod tests {
    use super::compression;
    use crate::address::ServerAddr;

    #[test]
    fn only_what_leaves_the_machine_is_compressed() {
        let encodings = |addr: &str| {
            let addr = ServerAddr::parse(addr).unwrap();
            compression(&addr).accept_encoding_header().to_owned()
        };
        assert!(encodings("platform.example:8080").contains("gzip"));
        for near in ["localhost:8080", "http://127.0.0.1:8080", "[::1]:8080", "unix:///run/wingbeat.sock"] {
            assert_eq!(encodings(near), "", "{near}");
        }
    }
}
