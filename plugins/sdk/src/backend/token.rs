//! Tokens that a backend gets for itself.
//!
//! Most backends never see a credential. One that must exchange its identity for a token does so
//! with requests like any other, and keeps the token for one call.

use super::{Error, HttpError, Response, text_member};

/// The token in an answer of OAuth 2.0, ready for the header `authorization`.
///
/// # Errors
/// [`Error::Unauthenticated`] when the server gives no token; [`Error::Unavailable`] when it
/// cannot now; [`Error::Other`] when the answer is none of OAuth.
pub fn bearer_token(answer: Result<Response, HttpError>) -> Result<String, Error> {
    let answer = answer?;
    if let 400 | 401 | 403 | 404 = answer.status {
        return Err(Error::Unauthenticated(format!(
            "the server of tokens gives none (status {})",
            answer.status
        )));
    }
    let object = answer.success()?.json_object()?;
    let token = text_member(&object, "access_token")?;
    // Anything else could not stand in a header.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::other("the token in the answer is none"));
    }
    Ok(format!("Bearer {token}"))
}
