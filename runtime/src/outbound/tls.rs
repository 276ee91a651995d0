//! TLS, set up when the first connection needs it.
//!
//! The roots of the system are read once in a process. A gate's own authority is trusted beside
//! them, by that gate only. Nothing turns off the check of a certificate.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto};

use super::error::OutboundError;

/// The certificates in a PEM file, each fit to be trusted.
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OutboundError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| OutboundError::Authority)?;
    let mut trial = RootCertStore::empty();
    for certificate in &certificates {
        let added = trial.add(certificate.clone());
        added.map_err(|_| OutboundError::Authority)?;
    }
    if certificates.is_empty() {
        return Err(OutboundError::Authority);
    }
    Ok(certificates)
}

/// How TLS is spoken by one gate. `None` if there is nobody to trust.
pub(super) fn config(authorities: &[CertificateDer<'static>]) -> Option<Arc<ClientConfig>> {
    let mut roots = system_roots().clone();
    roots.add_parsable_certificates(authorities.iter().cloned());
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Some(Arc::new(config))
}

/// How TLS is spoken to a server of the user's own choice, by HTTP/1.1.
#[cfg(feature = "otlp")]
pub(crate) fn tls_of_system() -> Option<ClientConfig> {
    let mut config = ClientConfig::clone(&*config(&[])?);
    // The connector says what it speaks.
    config.alpn_protocols.clear();
    Some(config)
}

/// The authorities of the system.
pub(crate) fn system_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        // What cannot be read is not trusted; a server that needed it is then refused.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    })
}
