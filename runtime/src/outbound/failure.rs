//! What the layers below report, told in this module's own words.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;
use rustls::CertificateError;

use super::error::OutboundError;
use super::fault::CertificateFault;
use super::limits::OutboundLimits;
use super::origin::HttpOrigin;

/// Why there was no head of an answer.
pub(super) fn of_request(
    error: &legacy::Error,
    origin: &HttpOrigin,
    limits: &OutboundLimits,
) -> OutboundError {
    of_chain(error, origin, limits).unwrap_or_else(|| {
        let origin = origin.clone();
        if error.is_connect() {
            OutboundError::Tls { origin }
        } else {
            OutboundError::Broken { origin }
        }
    })
}

fn of_chain(
    error: &(dyn Error + 'static),
    origin: &HttpOrigin,
    limits: &OutboundLimits,
) -> Option<OutboundError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(own) = error.downcast_ref::<OutboundError>() {
            return Some(own.clone());
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(of_tls(error, origin.clone()));
        }
        let hyper = error.downcast_ref::<hyper::Error>();
        if hyper.is_some_and(hyper::Error::is_parse_too_large) {
            return Some(OutboundError::ResponseHeadersTooLarge {
                origin: origin.clone(),
                count: limits.headers,
                bytes: limits.header_bytes,
            });
        }
        next = cause(error);
    }
    None
}

/// What is below an error. The source of an `io::Error` is that of the error within, not the error
/// within.
pub(crate) fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let within = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match within {
        Some(within) => Some(within),
        None => error.source(),
    }
}

fn of_tls(error: &rustls::Error, origin: HttpOrigin) -> OutboundError {
    match certificate_fault(error) {
        Some(fault) => OutboundError::Certificate { origin, fault },
        None => OutboundError::Tls { origin },
    }
}

/// What is wrong with the certificate, if that is what TLS failed for.
pub(crate) fn certificate_fault(error: &rustls::Error) -> Option<CertificateFault> {
    let rustls::Error::InvalidCertificate(error) = error else {
        return None;
    };
    Some(match error {
        // A signature that fails is that of an authority of the same name with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateFault::Issuer
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::Name
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::Early
        }
        _ => CertificateFault::Other,
    })
}
