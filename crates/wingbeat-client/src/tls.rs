//! TLS to a platform: whom to trust, and a connection over which HTTP/2 is spoken.
//!
//! Nothing is read and no connection is made before the first call. A certificate that is not believed is an error
//! that trying again does not mend; a server that is away is one that it may.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificates::{Chosen, authorities, known_authorities};

/// What is spoken inside, and all that is offered.
const ALPN: &[u8] = b"h2";
const DEFAULT_PORT: u16 = 443;

/// Whose certificates are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// The authorities of this machine, or those of the file that `SSL_CERT_FILE` names.
    #[default]
    System,
    /// These authorities, and no other.
    Only(Arc<Vec<CertificateDer<'static>>>),
    /// Whoever answers: for tests of a platform whose certificate is its own affair.
    Anybody,
}

/// Why a file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("could not read the authorities' file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no certificate in it, or one that is none.
    #[error("{} is not a PEM file of certificates", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
}

impl Trust {
    /// The authorities in a PEM file.
    ///
    /// # Errors
    /// [`TrustError`]: another file has to be named.
    pub fn from_file(path: &Path) -> Result<Self, TrustError> {
        let pem =
            std::fs::read(path).map_err(|source| TrustError::Unreadable { path: path.to_owned(), source })?;
        let not_pem = || TrustError::NotPem { path: path.to_owned() };
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| not_pem())?;
        if certificates.is_empty() {
            return Err(not_pem());
        }
        Ok(Self::Only(Arc::new(certificates)))
    }

    /// Reads files where these are the system's: not for the thread of a runtime.
    fn client_config(&self) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.3");
        let mut config = match self {
            Self::System => builder.with_root_certificates(known_authorities()).with_no_client_auth(),
            Self::Only(certificates) => {
                builder.with_root_certificates(authorities(certificates.to_vec())).with_no_client_auth()
            }
            Self::Anybody => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Chosen {
                    provider,
                    accepts: |_: &CertificateDer<'_>| true,
                }))
                .with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Arc::new(config)
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsFailure {
    #[error("nobody answers at {endpoint}: {source}")]
    Unreachable { endpoint: String, source: io::Error },
    #[error(
        "TLS with {endpoint} failed: {source}; if its certificate is of an authority of your own, name that one's PEM file in admin.caCertFilePath or SSL_CERT_FILE; if it speaks plain text, write http://"
    )]
    Handshake { endpoint: String, source: io::Error },
    #[error("{endpoint} speaks TLS but not HTTP/2 in it; it, or what stands before it, has to offer h2")]
    NotHttp2 { endpoint: String },
    #[error("`{host}` is no host name")]
    Host { host: String },
}

impl TlsFailure {
    /// Whether trying again is of no use.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Unreachable { .. } => false,
            // A connection that breaks during the handshake looks like a wrong one, but comes back.
            Self::Handshake { source, .. } => source.kind() == io::ErrorKind::InvalidData,
            Self::NotHttp2 { .. } | Self::Host { .. } => true,
        }
    }
}

/// Makes connections to one server.
#[derive(Clone)]
pub(crate) struct Dialer {
    trust: Trust,
    connector: Arc<OnceCell<TlsConnector>>,
}

impl Dialer {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, connector: Arc::default() }
    }

    pub(crate) async fn dial(self, uri: Uri) -> Result<TokioIo<TlsStream<TcpStream>>, TlsFailure> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| TlsFailure::Host { host: host.clone() })?;
        let endpoint = || uri.to_string().trim_end_matches('/').to_owned();
        let unreachable = |source| TlsFailure::Unreachable { endpoint: endpoint(), source };
        let port = uri.port_u16().unwrap_or(DEFAULT_PORT);
        let tcp = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
        // Small messages back and forth: Nagle would add 40 ms to each.
        let _ = tcp.set_nodelay(true);
        let connector = self.connector.get_or_try_init(|| async {
            let trust = self.trust.clone();
            let config = tokio::task::spawn_blocking(move || trust.client_config()).await;
            config.map(TlsConnector::from).map_err(|error| unreachable(io::Error::other(error)))
        });
        let tls = connector
            .await?
            .connect(name, tcp)
            .await
            .map_err(|source| TlsFailure::Handshake { endpoint: endpoint(), source })?;
        if tls.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(TlsFailure::NotHttp2 { endpoint: endpoint() });
        }
        Ok(TokioIo::new(tls))
    }
}

#[cfg(test)]
mod tests {
    use super::{Trust, TrustError};

    #[test]
    fn a_file_of_authorities_has_certificates_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(matches!(Trust::from_file(&path), Err(TrustError::Unreadable { .. })));
        for text in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Trust::from_file(&path), Err(TrustError::NotPem { .. })), "{text}");
        }
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&path, made.cert.pem().repeat(2)).unwrap();
        let Ok(Trust::Only(certificates)) = Trust::from_file(&path) else { panic!("it is a PEM file") };
        assert_eq!(certificates.len(), 2);
    }
}
