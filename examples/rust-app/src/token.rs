//! Tokens of clients: `USER.HEX`, where HEX is the HMAC-SHA256 of `USER` under the signing key.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hmac::{Hmac, Mac};
use secret_runtime::Secrets;
use secret_runtime::secrets::{AccessError, Secret};
use serde::Serialize;
use sha2::Sha256;

const KEY: &str = "SIGNING_KEY";

/// Whom a token was given to.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    user: String,
    /// Whether the key that it is signed with is the current one.
    current: bool,
}

/// `GET /sign/USER`: a token, signed with the current key.
pub(crate) async fn sign(
    State(secrets): State<Secrets>,
    Path(user): Path<String>,
) -> Result<String, StatusCode> {
    let key = secrets.required(KEY).map_err(mistake)?;
    let signature = mac(&key, &user).finalize().into_bytes();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{user}.{hex}"))
}

/// `GET /verify/TOKEN`: whom it was given to, also if the key was changed since.
pub(crate) async fn verify(
    State(secrets): State<Secrets>,
    Path(token): Path<String>,
) -> Result<Json<Verified>, StatusCode> {
    let keys = secrets.rotating(KEY).map_err(mistake)?;
    let (user, hex) = token.rsplit_once('.').ok_or(StatusCode::BAD_REQUEST)?;
    let signature = from_hex(hex).ok_or(StatusCode::BAD_REQUEST)?;
    let mut accepted = keys.accepted();
    let signed_with = accepted.position(|key| mac(key, user).verify_slice(&signature).is_ok());
    let signed_with = signed_with.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(Json(Verified {
        user: user.to_owned(),
        current: signed_with == 0,
    }))
}

/// The manifest and this file do not agree on a name.
fn mistake(_: AccessError) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

fn mac(key: &Secret, user: &str) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose());
    mac.expect("HMAC takes keys of any length")
        .chain_update(user)
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
