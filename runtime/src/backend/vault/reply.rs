//! What Vault answers.
//!
//! Texts of an answer are looked at to tell what it means, and none is passed on.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::VaultError;
use super::address::Address;
use crate::lease::Lease;
use crate::secret::SecretValue;

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// The body of an answer that is none of an error.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    lease_id: Option<Cow<'a, str>>,
    #[serde(default)]
    lease_duration: u64,
    #[serde(default)]
    renewable: bool,
    #[serde(borrow, default)]
    pub(super) auth: Option<Auth<'a>>,
    #[serde(borrow, default)]
    warnings: Option<Vec<Cow<'a, str>>>,
}

/// What a login answers.
#[derive(Deserialize)]
pub(super) struct Auth<'a> {
    #[serde(borrow, default)]
    pub(super) client_token: Cow<'a, str>,
    #[serde(default)]
    pub(super) lease_duration: u64,
    #[serde(default)]
    pub(super) renewable: bool,
    #[serde(borrow, default)]
    pub(super) token_type: Cow<'a, str>,
}

/// A secret with versions.
#[derive(Deserialize)]
pub(super) struct Versioned<'a> {
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
}

/// What is known of a version.
#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    pub(super) version: u64,
    #[serde(borrow, default)]
    created_time: Cow<'a, str>,
    #[serde(default)]
    pub(super) destroyed: bool,
}

#[derive(Deserialize)]
struct Errors<'a> {
    #[serde(borrow, default)]
    errors: Vec<Cow<'a, str>>,
}

impl Reply {
    /// The answer, if it is one of Vault.
    pub(super) fn answer(&self) -> Option<Answer<'_>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether an error says so.
    pub(super) fn says(&self, words: &str) -> bool {
        let errors: Result<Errors<'_>, _> = serde_json::from_slice(&self.body);
        errors.is_ok_and(|errors| errors.errors.iter().any(|error| error.contains(words)))
    }

    /// Whether Vault's own form of an error, with or without words, is what was answered.
    pub(super) fn is_error_of_vault(&self) -> bool {
        let text = self.body.trim_ascii_start();
        text.starts_with(b"{") && serde_json::from_slice::<Errors<'_>>(&self.body).is_ok()
    }

    /// Whether it sends on to another server.
    pub(super) fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 307 | 308)
    }

    /// Whether another answer may come in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self.status {
            412 | 429 | 500 | 502 | 504 => true,
            503 => !self.says("sealed"),
            _ => false,
        }
    }

    /// Whether it says that nothing was done, for sure: who is overwhelmed, sealed or a standby does not
    /// begin. What else fails in the server, or between here and there, may have been done.
    pub(super) fn was_turned_away(&self) -> bool {
        match self.status {
            412 | 429 => true,
            // Only Vault's own: a proxy says it also where the link broke behind the request.
            503 => self.is_error_of_vault(),
            500 => self.is_of_standby(),
            _ => false,
        }
    }

    /// Whether a server says that it is a standby, and knows of no active one.
    fn is_of_standby(&self) -> bool {
        self.says("active") && self.says("node")
    }

    /// What it says of the server as a whole, on the first attempt.
    pub(super) fn outage(&self, address: &Address) -> Option<VaultError> {
        let address = address.to_string();
        let (attempts, retry_after) = (1, self.retry_after);
        Some(match self.status {
            301 | 302 | 307 | 308 => VaultError::Redirect { address },
            429 => VaultError::Throttled {
                attempts,
                retry_after,
            },
            472 | 473 => VaultError::Standby { address },
            503 if self.says("sealed") => VaultError::Sealed { address },
            500 | 503 if self.is_of_standby() => VaultError::Standby { address },
            503 if self.says("standby") => VaultError::Standby { address },
            status @ (412 | 500..=599) => VaultError::Server {
                status,
                attempts,
                retry_after,
            },
            _ => return None,
        })
    }
}

impl Answer<'_> {
    /// For how long it is good; `None` if that is no matter of time. The engine for keys and
    /// values tells a time as well, but no lease.
    pub(super) fn lease(&self) -> Option<Lease> {
        let lease = self.lease_id.as_deref().unwrap_or_default();
        (!lease.is_empty()).then(|| Lease {
            duration: Duration::from_secs(self.lease_duration),
            renewable: self.renewable,
        })
    }

    /// What Vault knows its lease by. Whoever has it, and a token, can end the lease.
    pub(super) fn lease_id(&self) -> SecretValue {
        SecretValue::copy_of(self.lease_id.as_deref().unwrap_or_default().as_bytes())
    }

    /// Whether the path is one of another version of the engine for keys and values.
    pub(super) fn is_of_another_kv(&self) -> bool {
        let warnings = self.warnings.as_deref().unwrap_or_default();
        warnings.iter().any(|text| text.contains("versioned K/V"))
    }
}

impl Metadata<'_> {
    /// When the version was made.
    pub(super) fn created(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339(&self.created_time).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            location: None,
            retry_after: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn a_status_tells_what_the_server_is() {
        let kind = |status, text: &str| {
            use crate::error::Explain;
            let body = format!("{{\"errors\": [\"{text}\"]}}");
            let address = Address::Socket("/dummy".into());
            reply(status, &body)
                .outage(&address)
                .map(|error| error.kind())
        };
        for (status, text, expected) in [
            (200, "", None),
            (403, "permission denied", None),
            (404, "", None),
            (307, "", Some("vault-redirect")),
            (
                412,
                "required index state not present",
                Some("vault-server"),
            ),
            (
                429,
                "request path: rate limit quota exceeded",
                Some("vault-throttled"),
            ),
            (472, "", Some("vault-standby")),
            (473, "", Some("vault-standby")),
            (500, "internal error", Some("vault-server")),
            (
                500,
                "local node not active but active cluster node not found",
                Some("vault-standby"),
            ),
            (502, "", Some("vault-server")),
            (503, "Vault is sealed", Some("vault-sealed")),
            (503, "", Some("vault-server")),
        ] {
            assert_eq!(kind(status, text), expected, "{status} {text}");
        }
    }

    #[test]
    fn what_may_have_been_done_is_told_from_what_was_turned_away() {
        let active = r#"{"errors": ["local node not active but active cluster node not found"]}"#;
        for (status, body, expected) in [
            (412, "{}", true),
            (429, "{}", true),
            (503, "{}", true),
            (503, "upstream connect error", false),
            (500, active, true),
            (500, "{}", false),
            (502, "{}", false),
            (504, "{}", false),
        ] {
            let reply = reply(status, body);
            assert!(reply.may_pass(), "{status}");
            assert_eq!(reply.was_turned_away(), expected, "{status} {body}");
        }
    }

    #[test]
    fn only_what_has_a_lease_is_leased() {
        let lease = |body: &str| reply(200, body).answer().and_then(|answer| answer.lease());
        let leased = r#"{"lease_id": "database/creds/app/x", "lease_duration": 60, "data": {}}"#;
        let minute = |renewable| Lease {
            duration: Duration::from_secs(60),
            renewable,
        };
        assert_eq!(lease(leased), Some(minute(false)));
        let leased = r#"{"lease_id": "x", "renewable": true, "lease_duration": 60}"#;
        assert_eq!(lease(leased), Some(minute(true)));
        assert_eq!(
            lease(r#"{"lease_id": "", "lease_duration": 2764800}"#),
            None
        );
        assert_eq!(lease(r#"{"lease_id": null, "lease_duration": 60}"#), None);
    }
}
