//! `POST /webhooks/stripe`: takes an event only if its signature is right.
//!
//! The header is `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 of `SECONDS.BODY`
//! under the endpoint's secret. Old signatures are refused, so that a recorded request
//! can't be sent again later.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use sha2::Sha256;

use crate::environment::Environment;

/// How far the sender's clock and ours may be apart.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Answers 204 for an event that Stripe signed, 400 for any other.
pub(crate) async fn receive(
    State(environment): State<Arc<Environment>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(secret) = &environment.secrets["STRIPE_WEBHOOK_SECRET"] else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let header = headers.get("stripe-signature");
    let header = header.and_then(|header| header.to_str().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    match (header, now) {
        (Some(header), Ok(now)) if is_signed(secret.expose_secret(), header, &body, now) => {
            StatusCode::NO_CONTENT
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

fn is_signed(secret: &str, header: &str, body: &[u8], now: Duration) -> bool {
    let fields = || header.split(',').filter_map(|field| field.split_once('='));
    let Some((_, time)) = fields().find(|(key, _)| *key == "t") else {
        return false;
    };
    let Ok(sent) = time.parse().map(Duration::from_secs) else {
        return false;
    };
    if now.abs_diff(sent) > TOLERANCE {
        return false;
    }
    let mac = mac(secret, time, body);
    // There are several while the endpoint's secret is being rotated.
    fields()
        .filter(|(key, _)| *key == "v1")
        .filter_map(|(_, signature)| from_hex(signature))
        .any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

fn mac(secret: &str, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    mac.expect("HMAC takes keys of any length")
        .chain_update(time)
        .chain_update(".")
        .chain_update(body)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits?;
    let (pairs, rest) = pairs.as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(high * 16 + low));
    if rest.is_empty() {
        bytes.collect::<Result<_, _>>().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_dummy";
    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn header(secret: &str, sent: Duration, body: &[u8]) -> String {
        let time = sent.as_secs().to_string();
        let signature = mac(secret, &time, body).finalize().into_bytes();
        format!("t={time},v0=00,v1=00,v1={signature:x}")
    }

    #[test]
    fn a_signed_event_is_taken() {
        assert!(is_signed(SECRET, &header(SECRET, NOW, b"{}"), b"{}", NOW));
    }

    #[test]
    fn a_changed_body_is_refused() {
        assert!(!is_signed(SECRET, &header(SECRET, NOW, b"{}"), b"[]", NOW));
    }

    #[test]
    fn another_secret_is_refused() {
        let header = header("whsec_other", NOW, b"{}");
        assert!(!is_signed(SECRET, &header, b"{}", NOW));
    }

    #[test]
    fn an_old_signature_is_refused() {
        let header = header(SECRET, NOW - TOLERANCE * 2, b"{}");
        assert!(!is_signed(SECRET, &header, b"{}", NOW));
    }

    #[test]
    fn headers_of_another_shape_are_refused() {
        for header in [
            "",
            "t=",
            "t=x,v1=00",
            "v1=00",
            "t=1700000000,v1=é",
            "t=1700000000,v1=0",
        ] {
            assert!(!is_signed(SECRET, header, b"{}", NOW), "{header}");
        }
    }

    #[tokio::test]
    async fn an_unsigned_request_is_a_bad_request() {
        let environment = crate::environment::tests::environment(&[]);
        let state = State(Arc::new(environment.expect("the dummies suffice")));
        let status = receive(state, HeaderMap::new(), Bytes::from_static(b"{}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}
