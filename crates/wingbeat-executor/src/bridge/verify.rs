//! Decides whether the certificate of a server is the right one: by its digest where the token has one, else by the
//! authorities that this machine trusts.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, ClientConfig, Error};
use sha2::{Digest as _, Sha256};
use wingbeat_client::{Chosen, known_authorities};

/// What both sides say they speak: the exchange of tokens first, then HTTP/2.
const ALPN: &[u8] = b"wingbeat-executor/1";

/// TLS 1.3 with a server that has the certificate of that digest, or one of a known authority.
pub(super) fn client_config(pin: Option<[u8; 32]>) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider speaks TLS 1.3");
    let mut config = match pin {
        // Whatever name and dates stand in it: the token vouches for it.
        Some(digest) => {
            let accepts = move |certificate: &CertificateDer<'_>| Sha256::digest(certificate)[..] == digest;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Chosen { provider, accepts }))
                .with_no_client_auth()
        }
        None => builder.with_root_certificates(known_authorities()).with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Arc::new(config)
}

/// Whether a handshake failed because the certificate has another digest.
pub(super) fn is_other_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    matches!(inner, Some(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)))
}
