//! Single requests: TLS, status codes, and bodies that are bounded. Knows nothing of what is
//! asked for.

use std::error::Error;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::error::{Item, OciError, Peer};
use super::target::Target;

/// Who asks. Some registries answer nobody who does not say.
const NAME: &str = concat!("secret-run/", env!("CARGO_PKG_VERSION"));

/// How much room is made for a body at most before any of it is there: its size is a claim.
const FIRST_ROOM: usize = 1024 * 1024;

/// A client that keeps connections for the length of a pull.
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Transport {
    /// Trusts the authorities of the system, and those in `authority`.
    pub(super) fn new(authority: Option<&[u8]>) -> Result<Self, OciError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| OciError::Client)?
            .with_root_certificates(roots(authority)?)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client })
    }

    /// Asks, and hands over whatever answer comes.
    pub(super) async fn get(
        &self,
        target: &Target,
        accept: Option<&str>,
        authorization: Option<&HeaderValue>,
        peer: Peer,
    ) -> Result<Response<Incoming>, OciError> {
        let mut request = Request::get(target.uri()).header(USER_AGENT, NAME);
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // A body of the type that requests have here can't fail to be built.
        let request = request.body(Empty::new()).map_err(|_| OciError::Client)?;
        let answer = self.client.request(request).await;
        answer.map_err(|error| match is_certificate(&error) {
            true => OciError::Certificate(peer),
            false => OciError::Unreachable(peer),
        })
    }
}

/// What an answer other than 200 means.
pub(super) fn expect_success(status: StatusCode, peer: Peer, item: Item) -> Result<(), OciError> {
    Err(match status.as_u16() {
        200 => return Ok(()),
        300..=399 => OciError::Redirect(item),
        401 | 403 => OciError::Unauthorized(peer, item),
        404 if item != Item::Token => OciError::NotFound(item),
        status @ (408 | 429 | 500..=599) => OciError::Unavailable(peer, status),
        _ => OciError::Answer(peer, item),
    })
}

/// Reads a body into `bytes` to its end. More than `limit` bytes, or a claim of more, are
/// refused with `excess`. What is there is told after each piece.
pub(super) async fn read(
    response: Response<Incoming>,
    bytes: &mut Vec<u8>,
    limit: u64,
    excess: OciError,
    peer: Peer,
    progress: &mut dyn FnMut(u64),
) -> Result<(), OciError> {
    let mut body = response.into_body();
    let claimed = hyper::body::Body::size_hint(&body).lower();
    if claimed > limit {
        return Err(excess);
    }
    let room = usize::try_from(claimed).unwrap_or(FIRST_ROOM);
    bytes.reserve(room.min(FIRST_ROOM));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OciError::Unreachable(peer))?;
        let Ok(data) = frame.into_data() else {
            continue; // Trailers.
        };
        if (bytes.len() + data.len()) as u64 > limit {
            return Err(excess);
        }
        bytes.extend_from_slice(&data);
        progress(bytes.len() as u64);
    }
    Ok(())
}

/// The authorities of the system as far as they can be read, and all of `authority`.
fn roots(authority: Option<&[u8]>) -> Result<RootCertStore, OciError> {
    let mut roots = RootCertStore::empty();
    // A system without authorities can still reach a registry whose authority is given, or one
    // on the same machine. Any other connection then fails with its certificate.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = authority {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.map_err(|_| OciError::Authority)?;
        if certificates.is_empty() {
            return Err(OciError::Authority);
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|_| OciError::Authority)?;
        }
    }
    Ok(roots)
}

/// Whether it was the certificate that broke the connection.
fn is_certificate(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(
            error,
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
        );
    }
    // What an I/O error wraps is not its source, but stands in its place.
    if let Some(inner) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return is_certificate(inner);
    }
    error.source().is_some_and(is_certificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_is_none_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "dummy", broken, "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            let refused = Transport::new(Some(pem.as_bytes())).err();
            assert_eq!(refused, Some(OciError::Authority), "{pem}");
        }
    }

    #[test]
    fn a_status_tells_absence_refusal_and_outage_apart() {
        let told = |status: u16, item| {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            expect_success(status, Peer::Registry, item)
        };
        let (peer, item) = (Peer::Registry, Item::Component);
        assert_eq!(told(200, item), Ok(()));
        assert_eq!(told(404, item), Err(OciError::NotFound(item)));
        assert_eq!(
            told(404, Item::Token),
            Err(OciError::Answer(peer, Item::Token))
        );
        assert_eq!(told(403, item), Err(OciError::Unauthorized(peer, item)));
        assert_eq!(told(307, item), Err(OciError::Redirect(item)));
        for outage in [408, 429, 500, 503] {
            assert_eq!(told(outage, item), Err(OciError::Unavailable(peer, outage)));
        }
        for odd in [100, 204, 206, 400, 410, 418, 600, 999] {
            assert_eq!(told(odd, item), Err(OciError::Answer(peer, item)), "{odd}");
        }
    }
}
