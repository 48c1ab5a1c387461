//! One HTTP/2 connection to a server, and the typed clients on top of it.
//!
//! The connection is made at the first call and made again after it broke; streams and unary calls
//! share it. It decides nothing about retries: a call on a broken connection fails as `unavailable`.

use std::time::Duration;

use connectrpc::ConnectError;
use connectrpc::client::{
    BoxFuture, ClientBody, ClientConfig, ClientTransport, Http2Connection, SharedHttp2Connection,
};
use http::{HeaderName, HeaderValue, Request, Response};
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

use crate::address::ServerAddr;

/// Calls that wait for their turn on the connection.
const CALLS_IN_QUEUE: usize = 1024;

/// Largest message that is read: a page of actions with their specs is far larger than the 4 MB that
/// gRPC's habit allows.
const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// Memory that the elements of one message may take once decoded.
const MAX_DECODED_BYTES: usize = 1 << 30;

/// How often a silent TCP connection is asked whether the other end is alive.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A connection to one server: cheap to clone, all clones share it.
#[derive(Clone)]
pub struct Connection {
    inner: SharedHttp2Connection,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Prepares a connection; the first call makes it. Must be called inside a tokio runtime.
    pub fn new(addr: &ServerAddr) -> Self {
        let lazy = match addr {
            ServerAddr::Tcp(uri) => {
                Http2Connection::builder().keep_alive_interval(TCP_KEEP_ALIVE).lazy_plaintext(uri.clone())
            }
            // A Unix socket breaks at once when its owner dies: no pings, so that idle means idle.
            ServerAddr::Unix(path) => Http2Connection::builder().lazy_unix(path, addr.base_uri()),
        };
        Self { inner: lazy.shared(CALLS_IN_QUEUE) }
    }
}

impl ClientTransport for Connection {
    type ResponseBody = Incoming;
    type Error = ConnectError;

    fn send(
        &self,
        request: Request<ClientBody>,
    ) -> BoxFuture<'static, Result<Response<Self::ResponseBody>, Self::Error>> {
        ClientTransport::send(&self.inner, request)
    }
}

/// Typed access to a server's services. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    addr: ServerAddr,
    connection: Connection,
    config: ClientConfig,
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
    /// A client of the server at `addr`. Nothing is sent before the first call.
    pub fn new(addr: ServerAddr) -> Self {
        let connection = Connection::new(&addr);
        let config = ClientConfig::new(addr.base_uri())
            .with_default_max_message_size(MAX_MESSAGE_BYTES)
            .with_default_element_memory_limit(MAX_DECODED_BYTES);
        Self { addr, connection, config }
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
