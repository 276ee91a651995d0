//! From an answer to a document.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;

use super::engine::Engine;
use super::reply::{Answer, Metadata, Reply, Versioned};
use crate::backend::Document;
use crate::extract::{Field, extract};
use crate::lease::Lease;
use crate::manifest::KvVersion;
use crate::secret::SecretValue;

/// The field that stands for the whole where it is the only one.
const SOLE: &str = "value";

/// What a path holds.
pub(super) enum Content {
    Document(Document),
    /// Nothing that is a value.
    Absent,
    /// There is a version, and what it held is gone.
    Gone {
        version: u64,
        destroyed: bool,
    },
    /// The path is one of another version of the engine.
    OtherKv,
    /// It is no answer of Vault.
    Nothing,
}

impl Content {
    /// Reads an answer with status 200 or 404. `lifetime` is how long the token is good that a
    /// lease hangs on.
    pub(super) fn of(reply: &Reply, engine: Engine, lifetime: Option<Duration>) -> Self {
        let answer = reply.answer();
        if engine == Engine::Kv(KvVersion::Two)
            && let Some(versioned) = answer.as_ref().and_then(versioned)
        {
            return match versioned.data {
                Some(data) => Self::versioned(data, &versioned.metadata),
                None => Self::Gone {
                    version: versioned.metadata.version,
                    destroyed: versioned.metadata.destroyed,
                },
            };
        }
        let Some(answer) = answer else {
            return Self::Nothing;
        };
        if reply.status == 404 {
            return match answer.is_of_another_kv() {
                true => Self::OtherKv,
                false if reply.is_error_of_vault() => Self::Absent,
                false => Self::Nothing,
            };
        }
        let Some(data) = answer.data.filter(|data| data.get().starts_with('{')) else {
            return Self::Nothing;
        };
        if engine == Engine::Kv(KvVersion::Two) {
            return Self::Nothing;
        }
        let lease = answer.lease();
        let lease = lease.map(|lease| Lease {
            duration: lifetime.map_or(lease.duration, |token| lease.duration.min(token)),
            ..lease
        });
        Self::document(data, |document| document.lease = lease)
    }

    /// Which version of a secret a reply is about, whether it still holds something or not.
    pub(super) fn version(reply: &Reply) -> Option<u64> {
        let answer = reply.answer()?;
        versioned(&answer).map(|versioned| versioned.metadata.version)
    }

    fn versioned(data: &RawValue, metadata: &Metadata<'_>) -> Self {
        Self::document(data, |document| {
            document.version = Some(metadata.version.to_string());
            document.created = metadata.created();
        })
    }

    fn document(data: &RawValue, known: impl FnOnce(&mut Document)) -> Self {
        let fields = SecretValue::copy_of(data.get().as_bytes());
        let mut document = match sole(data) {
            Some(value) => Document {
                fields: Some(fields),
                ..Document::plain(value)
            },
            None => Document::plain(fields),
        };
        if document.bytes.expose().is_empty() {
            return Self::Absent;
        }
        known(&mut document);
        Self::Document(document)
    }
}

fn versioned<'a>(answer: &Answer<'a>) -> Option<Versioned<'a>> {
    serde_json::from_str(answer.data?.get()).ok()
}

/// The field `value`, if it is the only one.
fn sole(data: &RawValue) -> Option<SecretValue> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(data.get()).ok()?;
    if fields.len() != 1 || !fields.contains_key(SOLE) {
        return None;
    }
    extract(data.get().as_bytes(), &Field::parse(SOLE).ok()?).ok()
}
