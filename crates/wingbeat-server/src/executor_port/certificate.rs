//! The certificate of the executors' port: the operator's, or one that is made at the first start and kept.
//!
//! A certificate of our own needs no authority: its digest is in every join token.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};

/// What both sides say they speak: the exchange of tokens first, then HTTP/2.
pub(super) const ALPN: &[u8] = b"wingbeat-executor/1";

/// Where an operator's certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, in PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why the port has no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("{} cannot be used: {reason}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What the port answers with, and the digest that tokens carry for a certificate of our own.
pub(super) struct Identity {
    pub(super) tls: Arc<ServerConfig>,
    pub(super) pin: Option<[u8; 32]>,
}

/// Loads the operator's certificate, or our own, which is made if there is none in `folder`.
pub(super) fn load(folder: &Path, given: Option<&CertificateFiles>) -> Result<Identity, CertificateError> {
    let (files, own) = match given {
        Some(files) => (files.clone(), false),
        None => (make_own(folder)?, true),
    };
    let wrong = |path: &Path, reason: String| CertificateError::Content { path: path.to_owned(), reason };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&files.certificate, error.to_string()))?;
    let Some(first) = chain.first() else {
        return Err(wrong(&files.certificate, "there is no certificate in it".to_owned()));
    };
    let pin = own.then(|| Sha256::digest(first).into());
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider speaks TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&files.certificate, format!("it does not fit its key: {error}")))?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Identity { tls: Arc::new(tls), pin })
}

fn make_own(folder: &Path) -> Result<CertificateFiles, CertificateError> {
    let files = CertificateFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    if files.certificate.exists() {
        return Ok(files);
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateError::File { path, source }
    };
    super::make_private(folder).map_err(failed(folder))?;
    // Several servers may share the folder and start at once: one of them makes it.
    let lock = folder.join("certificate.lock");
    let held = File::create(&lock).map_err(failed(&lock))?;
    held.lock().map_err(failed(&lock))?;
    if files.certificate.exists() {
        return Ok(files);
    }
    let made = rcgen::generate_simple_self_signed(vec!["wingbeat".to_owned()])
        .map_err(|error| CertificateError::Content { path: folder.to_owned(), reason: error.to_string() })?;
    // The key first: a certificate without a key would stand in the way of every later start.
    write(&files.key, &made.signing_key.serialize_pem()).map_err(failed(&files.key))?;
    write(&files.certificate, &made.cert.pem()).map_err(failed(&files.certificate))?;
    Ok(files)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(fresh, path)
}

#[cfg(test)]
mod tests {
    use super::{CertificateFiles, load};

    #[test]
    fn our_own_certificate_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("port");
        let first = load(&folder, None).unwrap().pin;
        assert!(first.is_some());
        assert_eq!(load(&folder, None).unwrap().pin, first);
        let given = CertificateFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
        assert_eq!(load(&folder, Some(&given)).unwrap().pin, None, "an authority vouches for it");
    }

    #[test]
    fn servers_that_start_at_once_on_one_folder_have_one_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("port");
        let loads = || load(&folder, None).unwrap().pin;
        let pins: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(loads)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(pins.iter().all(|pin| pin.is_some() && *pin == pins[0]));
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("empty.pem");
        std::fs::write(&file, "nothing").unwrap();
        let given = CertificateFiles { certificate: file.clone(), key: file };
        let told = load(folder.path(), Some(&given)).err().expect("it is refused").to_string();
        assert!(told.contains("empty.pem"), "{told}");
    }
}
