//! Logging in, and giving back what a login gave.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderValue, Method};
use tokio::time::Instant;
use tracing::debug;
use zeroize::Zeroizing;

use super::VaultError;
use super::client::{Call, Client};
#[cfg(feature = "aws")]
use super::iam::Iam;
use super::wrapping::unwrapped;
use crate::backend::file::{FileBackend, Strictness};
use crate::error::Explain;
use crate::secret::SecretValue;

/// A credential, or where it is.
#[derive(Debug)]
pub(super) enum Supply {
    Held(SecretValue),
    File {
        path: PathBuf,
        strictness: Strictness,
    },
    Missing,
}

/// What is shown to Vault, and what it is called.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) supply: Supply,
    pub(super) what: &'static str,
    /// Where it is looked for.
    pub(super) tried: String,
}

/// How to get a token.
#[derive(Debug)]
pub(super) enum Login {
    /// There is one.
    Token(Credential),
    /// If there is none, the agent behind the socket adds its own to what is sent.
    TokenOrAgent(Credential),
    /// By a method.
    Method {
        method: &'static str,
        mount: String,
        /// What follows `login` in the URL.
        user: Option<String>,
        /// What is sent, by its name.
        fields: Vec<(&'static str, Credential)>,
        /// Whether the secret id is a token to be unwrapped.
        wrapped: bool,
    },
    /// As whoever we are for AWS.
    #[cfg(feature = "aws")]
    Aws { mount: String, iam: Box<Iam> },
}

/// A token, for the time of a run.
pub(super) struct Session {
    /// Empty where none is sent.
    pub(super) token: HeaderValue,
    /// Whether it was made for this run, and can be revoked.
    is_ours: bool,
    /// Whether it was made for this run.
    pub(super) is_of_a_login: bool,
    /// Whether it can be made to last longer.
    pub(super) is_renewable: bool,
    /// How long it is good, if that is known.
    pub(super) lifetime: Option<Duration>,
    /// When it ends at the earliest, if that is known.
    pub(super) end: Mutex<Option<Instant>>,
}

impl Credential {
    fn read(&self) -> Result<SecretValue, VaultError> {
        let missing = || VaultError::NoCredentials {
            what: self.what,
            tried: self.tried.clone(),
        };
        let value = match &self.supply {
            Supply::Held(value) => value.clone(),
            Supply::File { path, strictness } => {
                // That it can't be told, as in a folder that is not ours, is another matter.
                if matches!(path.try_exists(), Ok(false)) {
                    return Err(missing());
                }
                let read = FileBackend::read_one(path, *strictness).map_err(VaultError::File)?;
                read.ok_or_else(missing)?
            }
            Supply::Missing => return Err(missing()),
        };
        let trimmed = value.expose().trim_ascii();
        if trimmed.is_empty() {
            return Err(missing());
        }
        Ok(SecretValue::copy_of(trimmed))
    }

    /// Whether nobody can tell that its file is there.
    fn is_out_of_reach(&self) -> bool {
        matches!(&self.supply, Supply::File { path, .. } if path.try_exists().is_err())
    }

    /// With a token that is there.
    fn session(&self) -> Result<Session, VaultError> {
        Ok(Session::found(header(&self.read()?, self.what)?))
    }
}

impl Login {
    /// Whether another login can be made with the same credential.
    pub(super) fn may_repeat(&self) -> bool {
        matches!(self, Self::Method { wrapped: false, .. })
    }

    /// Gets a token.
    pub(super) async fn session(&self, client: &Client) -> Result<Session, VaultError> {
        match self {
            Self::Token(credential) => credential.session(),
            Self::TokenOrAgent(credential) => {
                let session = credential.session();
                let is_without = match &session {
                    Err(VaultError::NoCredentials { .. }) => true,
                    // Nobody has named the file in the home folder.
                    Err(VaultError::File(error)) => {
                        error.kind() == "file-unreadable" || credential.is_out_of_reach()
                    }
                    _ => false,
                };
                if !is_without {
                    return session;
                }
                debug!("no token: the agent adds its own, if it has one");
                Ok(Session::found(HeaderValue::from_static("")))
            }
            Self::Method {
                method,
                mount,
                user,
                fields,
                wrapped,
            } => {
                let mut values = Vec::with_capacity(fields.len());
                for (name, credential) in fields {
                    let value = credential.read()?;
                    let value = if *wrapped && *name == "secret_id" {
                        unwrapped(client, &value, mount).await?
                    } else {
                        value
                    };
                    values.push((*name, credential.what, value));
                }
                log_in(client, method, mount, user.as_deref(), &values).await
            }
            #[cfg(feature = "aws")]
            Self::Aws { mount, iam } => {
                let fields = iam.fields(client.terms()).await?;
                log_in(client, "aws", mount, None, &fields).await
            }
        }
    }
}

async fn log_in(
    client: &Client,
    method: &'static str,
    mount: &str,
    user: Option<&str>,
    values: &[(&'static str, &'static str, SecretValue)],
) -> Result<Session, VaultError> {
    let user = user.map(super::encoded);
    let user = user.map_or_else(String::new, |user| format!("/{user}"));
    let url = format!("/v1/auth/{}/login{user}", super::encoded(mount));
    let call = Call {
        method: Method::POST,
        url: &url,
        path: &format!("auth/{mount}/login"),
        token: None,
        body: Some(body(values)?),
        once: true,
    };
    let refused = || VaultError::LoginRefused {
        method,
        mount: mount.to_owned(),
    };
    let asked = Instant::now();
    let reply = client.send(&call).await?;
    if reply.status == 404 && reply.says("namespace") {
        return Err(client.no_namespace());
    }
    if reply.status != 200 {
        return Err(if reply.is_error_of_vault() {
            refused()
        } else {
            VaultError::NoAnswer {
                path: call.path.to_owned(),
            }
        });
    }
    let answer = reply.answer().and_then(|answer| answer.auth);
    let auth = answer.ok_or_else(|| VaultError::NoAnswer {
        path: call.path.to_owned(),
    })?;
    // Vault answers without a token where it wants a second factor.
    if auth.client_token.is_empty() {
        return Err(refused());
    }
    let token = SecretValue::copy_of(auth.client_token.as_bytes());
    let lifetime = Duration::from_secs(auth.lease_duration);
    let lifetime = (!lifetime.is_zero()).then_some(lifetime);
    debug!(method, seconds = auth.lease_duration, "logged in to Vault");
    Ok(Session {
        token: header(&token, "token")?,
        // Batch tokens are known to nobody and end by themselves.
        is_ours: auth.token_type != "batch",
        is_of_a_login: true,
        is_renewable: auth.renewable,
        lifetime,
        end: Mutex::new(lifetime.and_then(|lifetime| asked.checked_add(lifetime))),
    })
}

impl Session {
    /// With a token that was there before, of which nothing is known.
    fn found(token: HeaderValue) -> Self {
        Self {
            token,
            is_ours: false,
            is_of_a_login: false,
            is_renewable: false,
            lifetime: None,
            end: Mutex::default(),
        }
    }

    /// Revokes the token, if it was made for this run.
    pub(super) async fn end(&self, client: &Client) -> Result<(), VaultError> {
        if !self.is_ours {
            return Ok(());
        }
        let reply = client
            .send(&revoke_self(&self.token))
            .await
            .map_err(|_| VaultError::NotRevoked)?;
        if self.is_over() {
            return Ok(());
        }
        if matches!(reply.status, 200 | 204) {
            debug!("the token of this login is revoked");
            return Ok(());
        }
        Err(VaultError::NotRevoked)
    }

    /// What is wrong when Vault knows no such token.
    pub(super) fn unknown(&self) -> VaultError {
        if !self.token.is_empty() {
            return VaultError::BadToken;
        }
        VaultError::NoCredentials {
            what: "token",
            tried: "VAULT_TOKEN, VAULT_ROLE_ID, ~/.vault-token and the agent's own".to_owned(),
        }
    }

    /// Whether it was made for this run.
    pub(super) fn is_ours(&self) -> bool {
        self.is_ours
    }
}

/// Revokes the token that it is sent with, and all leases that hang on it.
pub(super) fn revoke_self(token: &HeaderValue) -> Call<'_> {
    Call {
        method: Method::POST,
        url: "/v1/auth/token/revoke-self",
        path: "auth/token/revoke-self",
        token: Some(token),
        body: None,
        once: false,
    }
}

/// The JSON of a login, and of whatever else is sent by its name. Its buffer has room from the start, so that growing leaves no copy.
pub(super) fn body(
    fields: &[(&'static str, &'static str, SecretValue)],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut texts = BTreeMap::new();
    // A character takes six bytes at most.
    let mut room = 64;
    for (name, what, value) in fields {
        let text = std::str::from_utf8(value.expose());
        let text = text.map_err(|_| VaultError::OddCredential { what })?;
        room += 6 * text.len() + name.len() + 8;
        texts.insert(*name, text);
    }
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *body, &texts).expect("texts are JSON, and memory can be written");
    Ok(body)
}

/// A token as it is sent.
pub(super) fn header(token: &SecretValue, what: &'static str) -> Result<HeaderValue, VaultError> {
    let value = HeaderValue::from_bytes(token.expose());
    let mut value = value.map_err(|_| VaultError::OddCredential { what })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn a_body_is_json_and_never_moves() {
        let odd = "\"\\\n\u{1}ü".repeat(50);
        let value = SecretValue::copy_of(odd.as_bytes());
        let fields = [("password", "password", value)];
        let body = body(&fields).unwrap();
        let read: BTreeMap<String, String> = serde_json::from_slice(&body).unwrap();
        assert_eq!(read["password"], odd);
        assert!(body.len() <= 64 + 6 * odd.len() + 16);
        let fields = [("jwt", "JWT", SecretValue::copy_of(b"\xff"))];
        assert!(super::body(&fields).is_err());
    }

    #[test]
    fn a_token_is_a_header_that_debug_does_not_show() {
        let token = header(&SecretValue::copy_of(b"dummy-token"), "token").unwrap();
        assert_eq!(format!("{token:?}"), "Sensitive");
        assert!(header(&SecretValue::copy_of(b"a\nb"), "token").is_err());
    }
}
