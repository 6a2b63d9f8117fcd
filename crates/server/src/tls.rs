//! The certificate: read at the start, and again when its files change, without a connection lost.

use crate::app::TlsFiles;
use crate::serve::ServeError;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

/// Holds the certificate in use.
pub(crate) struct Certificate {
    files: TlsFiles,
    held: RwLock<Held>,
}

struct Held {
    key: Arc<CertifiedKey>,
    stamp: Stamp,
}

/// What tells that a file was changed: when it was written, and its size.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

impl Certificate {
    /// Reads the files.
    pub(crate) fn read(files: &TlsFiles) -> Result<Arc<Self>, ServeError> {
        let stamp = stamp(files);
        let key = Arc::new(load(files)?);
        Ok(Arc::new(Self { files: files.clone(), held: RwLock::new(Held { key, stamp }) }))
    }

    /// Reads the files again where they have changed. New files that are broken are left alone, and the old certificate
    /// stays in use. Says whether it was exchanged.
    pub(crate) fn renew(&self) -> Result<bool, ServeError> {
        let now = stamp(&self.files);
        if self.held.read().unwrap_or_else(PoisonError::into_inner).stamp == now {
            return Ok(false);
        }
        let key = Arc::new(load(&self.files)?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held { key, stamp: now };
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

/// TLS 1.2 and 1.3 with that certificate; HTTP/2 where the browser speaks it.
pub(crate) fn config(certificate: Arc<Certificate>) -> Result<ServerConfig, ServeError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| ServeError::Certificate(error.to_string()))?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn load(files: &TlsFiles) -> Result<CertifiedKey, ServeError> {
    let fault = |path: &Path, error: &dyn std::fmt::Display| {
        ServeError::Certificate(format!("`{}` cannot be used: {error}", path.display()))
    };
    let chain =
        CertificateDer::pem_file_iter(&files.certificate).map_err(|e| fault(&files.certificate, &e))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|e| fault(&files.certificate, &e))?;
    if chain.is_empty() {
        return Err(fault(&files.certificate, &"it holds no certificate in PEM form"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| fault(&files.key, &e))?;
    // Checks that the key belongs to the certificate.
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|e| fault(&files.key, &e))
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    })
}
