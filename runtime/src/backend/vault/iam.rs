//! A login as whoever we are for AWS: Vault is shown a signed request for that, sends it to AWS,
//! and believes the answer.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::VaultError;
use crate::backend::FetchError;
use crate::backend::aws::{Caller, SignedRequest};
use crate::outbound::base64;
use crate::resilience::Terms;
use crate::secret::SecretValue;

/// The header that says which Vault a request is for.
const SERVER_ID: &str = "X-Vault-AWS-IAM-Server-ID";

/// What is signed, and for whom.
#[derive(Debug)]
pub(super) struct Iam {
    pub(super) caller: Caller,
    pub(super) role: Option<String>,
    pub(super) server_id: Option<String>,
}

/// What is sent to Vault: its name, what it is, itself.
pub(super) type Fields = Vec<(&'static str, &'static str, SecretValue)>;

impl Iam {
    /// Signs a request, as it is shown to Vault. Credentials for that are waited for as long as `terms`
    /// say.
    pub(super) async fn fields(&self, terms: &Terms) -> Result<Fields, VaultError> {
        let header = self.server_id.as_deref().map(|id| (SERVER_ID, id));
        let signed = self.caller.signed(header, terms).await;
        let signed = signed.map_err(|error| VaultError::Aws(FetchError::new(error)))?;
        let role = self.role.iter();
        let role = role.map(|role| ("role", "role", SecretValue::copy_of(role.as_bytes())));
        Ok(role.chain(shown(&signed)).collect())
    }
}

fn shown(signed: &SignedRequest) -> Fields {
    const WHAT: &str = "request to AWS";
    let headers = headers(&signed.headers);
    let method = SecretValue::copy_of(signed.method.as_bytes());
    vec![
        ("iam_http_request_method", WHAT, method),
        ("iam_request_url", WHAT, base64(signed.url.as_bytes())),
        ("iam_request_body", WHAT, base64(signed.body.as_bytes())),
        ("iam_request_headers", WHAT, base64(&headers)),
    ]
}

/// JSON with a list of values for each header. Its buffer has room from the start, so that growing
/// leaves no copy.
fn headers(headers: &[(String, String)]) -> Zeroizing<Vec<u8>> {
    let lists = headers.iter().map(|(name, value)| (name, [value]));
    let lists: BTreeMap<_, _> = lists.collect();
    // A character takes six bytes at most.
    let room = |(name, value): &(String, String)| 6 * (name.len() + value.len()) + 8;
    let room = headers.iter().map(room).sum::<usize>() + 2;
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &lists).expect("texts are JSON, and memory can be written");
    json
}

fn base64(bytes: &[u8]) -> SecretValue {
    base64::encode(bytes).into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use serde_json::{Value, json};

    use ::base64::Engine;
    use ::base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_request_is_shown_as_vault_wants_it() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let signed = SignedRequest {
            method: "POST",
            url: "https://sts.amazonaws.com/".into(),
            body: "Action=GetCallerIdentity",
            headers: vec![header("Host", "sts.amazonaws.com"), header("x-odd", "\"ü")],
        };
        let fields = shown(&signed);
        let texts = fields.iter().map(|(name, _, value)| {
            let text = std::str::from_utf8(value.expose()).unwrap();
            (*name, text.to_owned())
        });
        let texts: Vec<_> = texts.collect();
        let url = "aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8=";
        assert_eq!(texts[0], ("iam_http_request_method", "POST".into()));
        assert_eq!(texts[1], ("iam_request_url", url.into()));
        let body = "QWN0aW9uPUdldENhbGxlcklkZW50aXR5";
        assert_eq!(texts[2], ("iam_request_body", body.into()));
        assert_eq!(texts[3].0, "iam_request_headers");
        let headers = STANDARD.decode(&texts[3].1).unwrap();
        let headers: Value = serde_json::from_slice(&headers).unwrap();
        let expected = json!({ "Host": ["sts.amazonaws.com"], "x-odd": ["\"ü"] });
        assert_eq!(headers, expected);
    }
}
