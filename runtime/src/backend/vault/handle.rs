//! What Vault's leases are known by, in a form that somebody else can keep.
//!
//! It is the token that they hang on and the ids of the leases. Where the token was made by a login,
//! its end is theirs.

use std::borrow::Cow;

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VaultError;
use super::login::{Session, header};
use super::read::Answer;
use crate::backend::Granted;
use crate::lease::Lease;
use crate::secret::SecretValue;

/// What one lease is known by.
pub(super) struct Leased {
    pub(super) lease: Lease,
    pub(super) id: SecretValue,
    /// What was read, for messages.
    pub(super) path: String,
}

/// What all leases of a visit are known by.
#[derive(Serialize, Deserialize)]
pub(super) struct Handle<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    /// Whether the token was made for these leases, and is revoked with them.
    pub(super) is_ours: bool,
    /// Whether the token ends by itself, and has to be renewed for them.
    pub(super) token_ends: bool,
    #[serde(borrow)]
    pub(super) leases: Vec<Id<'a>>,
}

/// A lease of a [`Handle`].
#[derive(Serialize, Deserialize)]
pub(super) struct Id<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
}

/// What was leased by a visit that reads no more; `None` if nothing was.
pub(super) fn granted(session: &Session, answers: &[Answer]) -> Option<Granted> {
    let leased = answers.iter().filter_map(|answer| answer.leased.as_ref());
    let leased: Vec<&Leased> = leased.collect();
    let leases = leased.iter().map(|leased| leased.lease);
    let lease = leases.reduce(Lease::and)?;
    let rest = session.rest();
    let ids = leased.iter().map(|leased| {
        Some(Id {
            id: std::str::from_utf8(leased.id.expose()).ok()?.into(),
            path: leased.path.as_str().into(),
        })
    });
    let handle = Handle {
        token: session.token.to_str().ok()?.into(),
        is_ours: session.is_ours(),
        token_ends: rest.is_some(),
        leases: ids.collect::<Option<_>>()?,
    };
    Some(Granted {
        lease: Lease {
            duration: rest.map_or(lease.duration, |rest| rest.min(lease.duration)),
            renewable: lease.renewable && (rest.is_none() || session.is_renewable),
        },
        handle: handle.written(),
    })
}

impl<'a> Handle<'a> {
    pub(super) fn read(bytes: &'a SecretValue) -> Result<Self, VaultError> {
        // What was written here is read here; anything else is none that could be renewed.
        serde_json::from_slice(bytes.expose()).map_err(|_| VaultError::BadToken)
    }

    /// In a buffer that does not grow, so that no copy stays behind.
    fn written(&self) -> SecretValue {
        // A character takes six bytes at most.
        let lease = |lease: &Id<'_>| 32 + 6 * (lease.id.len() + lease.path.len());
        let leases: usize = self.leases.iter().map(lease).sum();
        let room = 128 + 6 * self.token.len() + leases;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *bytes, self)
            .expect("texts are JSON, and memory can be written");
        SecretValue::from(bytes)
    }

    pub(super) fn token(&self) -> Result<HeaderValue, VaultError> {
        header(&SecretValue::copy_of(self.token.as_bytes()), "token")
    }
}
