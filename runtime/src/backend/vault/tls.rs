//! Whom to trust, and who we are.
//!
//! An authority that is named is trusted instead of the system's, as all clients of Vault do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::VaultError;
use crate::backend::file::{FileBackend, Strictness};
use crate::outbound::system_roots;
use crate::secret::SecretValue;

/// The files, and what else decides.
#[derive(Debug, Clone, Default)]
pub(super) struct Tls {
    pub(super) authority: Option<PathBuf>,
    /// A folder of authorities.
    pub(super) authorities: Option<PathBuf>,
    pub(super) server_name: Option<String>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// Whether the certificate is not looked at. Never in production.
    pub(super) skip_verify: bool,
}

impl Tls {
    /// Reads the files.
    pub(super) fn config(&self, strictness: Strictness) -> Result<ClientConfig, VaultError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has both versions of TLS");
        let builder = if self.skip_verify {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        match (&self.certificate, &self.key) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(certificate), Some(key)) => {
                let wrong = || VaultError::CertificateFile {
                    path: key.clone(),
                    wanted: "private key of the certificate",
                };
                let chain = certificates(certificate)?;
                let pem = FileBackend::read_one(key, strictness).map_err(VaultError::File)?;
                let pem = pem.ok_or_else(wrong)?;
                let key = PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| wrong())?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|_| wrong())
            }
            _ => Err(VaultError::HalfIdentity),
        }
    }

    fn roots(&self) -> Result<RootCertStore, VaultError> {
        let named = match (&self.authority, &self.authorities) {
            (None, None) => return Ok(system_roots().clone()),
            (Some(file), _) => certificates(file)?,
            (None, Some(folder)) => certificates_of(folder)?,
        };
        let mut roots = RootCertStore::empty();
        for certificate in named {
            let added = roots.add(certificate);
            added.map_err(|_| VaultError::CertificateFile {
                path: self
                    .authority
                    .clone()
                    .or(self.authorities.clone())
                    .unwrap_or_default(),
                wanted: "certificate of an authority",
            })?;
        }
        Ok(roots)
    }
}

/// The certificates in a file, one at least.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, VaultError> {
    let wrong = || VaultError::CertificateFile {
        path: file.to_owned(),
        wanted: "certificate",
    };
    let pem = read(file).ok_or_else(wrong)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose()).collect();
    let certificates = certificates.map_err(|_| wrong())?;
    if certificates.is_empty() {
        return Err(wrong());
    }
    Ok(certificates)
}

/// Those in all files of a folder; what is no certificate is passed over.
fn certificates_of(folder: &Path) -> Result<Vec<CertificateDer<'static>>, VaultError> {
    let wrong = || VaultError::CertificateFile {
        path: folder.to_owned(),
        wanted: "file with a certificate",
    };
    let files = std::fs::read_dir(folder).map_err(|_| wrong())?.flatten();
    let found: Vec<_> = files
        .filter_map(|file| certificates(&file.path()).ok())
        .flatten()
        .collect();
    if found.is_empty() {
        return Err(wrong());
    }
    Ok(found)
}

/// Certificates are no secrets: links may lead to them, and others may read them.
fn read(file: &Path) -> Option<SecretValue> {
    let file = file.canonicalize().ok()?;
    FileBackend::read_one(&file, Strictness::Warn)
        .ok()
        .flatten()
}

/// Takes any certificate, as VAULT_SKIP_VERIFY asks. What the server signs is still looked at.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
