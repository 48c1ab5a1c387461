//! One connection to the executors' port of a server: TCP, TLS, the token, the answer.

use std::fmt;
use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wingbeat_model::{Join, JoinAnswer, JoinToken};

use super::verify;
use crate::clock;

/// Time for everything until the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent connection is asked whether the other end is there.
const ALIVE_EVERY: Duration = Duration::from_secs(5);
/// After so many milliseconds without an acknowledgement of what was sent, a connection is dead.
const DEAD_AFTER_MS: u32 = 20_000;
/// Largest answer.
const MAX_ANSWER: u32 = 64 << 10;

/// How a server on another machine is reached.
#[derive(Clone)]
pub struct JoinConfig {
    /// Host name or address.
    pub host: String,
    /// The port that the server was given with `--executor-listen`.
    pub port: u16,
    /// What is shown to it.
    pub token: JoinToken,
    /// Name of this executor, for the server's log.
    pub executor: String,
}

impl fmt::Debug for JoinConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Why there is no connection. The texts name the endpoint, never the token.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Nobody answers there.
    #[error("the server at {endpoint} cannot be reached")]
    Unreachable {
        /// `https://host:port`.
        endpoint: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody answers who does not speak TLS as we do, or whom no known authority vouches for.
    #[error("TLS with {endpoint} failed; is this the port that the server was given with --executor-listen?")]
    Tls {
        /// `https://host:port`.
        endpoint: String,
        /// What went wrong.
        source: io::Error,
    },
    /// It is another server, or its certificate was made anew.
    #[error(
        "the certificate of {endpoint} is not the one that the join token names; if the server's certificate was made anew, make a new token there with `wingbeat executor token create`, otherwise somebody stands in between"
    )]
    Certificate {
        /// `https://host:port`.
        endpoint: String,
    },
    /// The host cannot be the name of a certificate.
    #[error("`{host}` is no host name")]
    Host {
        /// As given.
        host: String,
    },
    /// The server said no.
    #[error("the server at {endpoint} refused this executor: {reason}")]
    Refused {
        /// `https://host:port`.
        endpoint: String,
        /// In the server's words.
        reason: String,
        /// It may say yes later.
        again: bool,
    },
    /// The connection ended, or nothing came in time.
    #[error("the server at {endpoint} did not answer the join token")]
    Silent {
        /// `https://host:port`.
        endpoint: String,
        /// What the connection said.
        source: io::Error,
    },
}

impl JoinError {
    /// Whether trying again is of no use.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } => false,
            Self::Refused { again, .. } => !again,
            // A connection that breaks during the handshake looks like a wrong one, but comes back.
            Self::Tls { source, .. } => source.kind() == io::ErrorKind::InvalidData,
            Self::Certificate { .. } | Self::Host { .. } => true,
        }
    }

    /// The same for an executor that was admitted before: what stands in between may break a handshake for a while.
    pub(super) fn ends_membership(&self) -> bool {
        self.is_final() && !matches!(self, Self::Tls { .. })
    }
}

/// Makes a connection that the server has admitted, and says which object store it uses. `store` is the one that this
/// executor uses, empty before it knows.
pub(super) async fn join(
    config: &JoinConfig,
    store: &str,
) -> Result<(TlsStream<TcpStream>, String), JoinError> {
    let endpoint = format!("https://{}:{}", config.host, config.port);
    timeout(PATIENCE, connect(config, store, &endpoint)).await.unwrap_or_else(|_| {
        let source = io::Error::new(io::ErrorKind::TimedOut, "nothing came in time");
        Err(JoinError::Silent { endpoint, source })
    })
}

async fn connect(
    config: &JoinConfig,
    store: &str,
    endpoint: &str,
) -> Result<(TlsStream<TcpStream>, String), JoinError> {
    let endpoint = || endpoint.to_owned();
    let name = ServerName::try_from(config.host.clone())
        .map_err(|_| JoinError::Host { host: config.host.clone() })?;
    let tcp = TcpStream::connect((config.host.as_str(), config.port))
        .await
        .map_err(|source| JoinError::Unreachable { endpoint: endpoint(), source })?;
    // Small messages back and forth: Nagle would add 40 ms to each.
    let _ = tcp.set_nodelay(true);
    let connector = TlsConnector::from(verify::client_config(config.token.certificate));
    notice_death(&tcp);
    let mut tls = connector.connect(name, tcp).await.map_err(|source| {
        if verify::is_other_certificate(&source) {
            JoinError::Certificate { endpoint: endpoint() }
        } else {
            JoinError::Tls { endpoint: endpoint(), source }
        }
    })?;
    let answer = exchange(&mut tls, config, store)
        .await
        .map_err(|source| JoinError::Silent { endpoint: endpoint(), source })?;
    if answer.refused.is_empty() {
        return Ok((tls, answer.store));
    }
    Err(JoinError::Refused { endpoint: endpoint(), reason: answer.refused, again: answer.again })
}

/// A network that swallows everything would look like a server that has nothing to say. What cannot be set is only
/// noticed later.
fn notice_death(tcp: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        let _ = sockopt::set_tcp_keepidle(tcp, ALIVE_EVERY);
        let _ = sockopt::set_tcp_keepintvl(tcp, ALIVE_EVERY);
        let _ = sockopt::set_tcp_user_timeout(tcp, DEAD_AFTER_MS);
    }
    let _ = sockopt::set_socket_keepalive(tcp, true);
}

async fn exchange(
    tls: &mut TlsStream<TcpStream>,
    config: &JoinConfig,
    store: &str,
) -> io::Result<JoinAnswer> {
    let join = Join {
        token: config.token.to_text(),
        executor: config.executor.clone(),
        store: store.to_owned(),
        now_seconds: clock::now().to_parts().0,
    };
    let text = join.to_text();
    tls.write_u32(u32::try_from(text.len()).map_err(io::Error::other)?).await?;
    tls.write_all(text.as_bytes()).await?;
    tls.flush().await?;
    let length = tls.read_u32().await?;
    if length > MAX_ANSWER {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer is too long"));
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    tls.read_exact(&mut bytes).await?;
    let text = String::from_utf8(bytes);
    text.map(|text| JoinAnswer::parse(&text))
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "its answer cannot be read"))
}
