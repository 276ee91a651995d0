//! What a backend is asked for, and when two of its answers are the same.

use std::hash::{BuildHasher, Hasher};

use super::subject::Subject;
use crate::backend::{Request, Version};
use crate::plugin::backend::Said;

/// The longest path that is tried.
const LONG: usize = 8 * 1024;

/// The references of the checks.
pub(super) struct Samples {
    /// Those that are there.
    pub(super) existing: Vec<Request>,
    /// One that is not.
    pub(super) missing: Request,
    /// Whether the caller named it.
    pub(super) missing_is_named: bool,
}

impl Samples {
    pub(super) fn of(subject: &Subject) -> Self {
        let missing = subject.missing.clone();
        Self {
            existing: subject.references.clone(),
            missing_is_named: missing.is_some(),
            missing: missing.unwrap_or_else(|| at(&random_path())),
        }
    }

    /// Those that are there, and then the one that is not.
    pub(super) fn all(&self) -> Vec<Request> {
        let existing = self.existing.iter().cloned();
        existing.chain([self.missing.clone()]).collect()
    }

    /// `count` of them, each in its turn.
    pub(super) fn many(&self, count: usize) -> Vec<Request> {
        self.all().into_iter().cycle().take(count).collect()
    }

    /// Those of [`strange`], besides one that is there if there is any.
    pub(super) fn strange(&self) -> Vec<(&'static str, Request)> {
        strange(self.existing.first().unwrap_or(&self.missing))
    }
}

/// References that nobody writes by intention, and what each is. A backend answers them with an
/// error or with nothing. One asks for a version of `known` that cannot be.
#[must_use]
pub fn strange(known: &Request) -> Vec<(&'static str, Request)> {
    let random = random_path();
    vec![
        ("an empty path", at("")),
        ("a path of control characters", at("\u{1}\n\r\t\u{7f}\u{0}")),
        ("a path of 8 KiB", at(&"a".repeat(LONG))),
        (
            "a path that leads upwards",
            at(&format!("../../{random}/..")),
        ),
        (
            "a path that is no ASCII",
            at(&format!("{random}/ключ-鍵-🔑-\u{202e}")),
        ),
        (
            "a path with what URLs are made of",
            at(&format!("{random}?a=b&c#d%00%zz")),
        ),
        (
            "a version that cannot be",
            Request {
                path: known.path.clone(),
                version: Some(Version::Named(format!("no such version\n{random}"))),
            },
        ),
    ]
}

/// Where nobody has put anything.
pub(super) fn random_path() -> String {
    format!("secret-run-conformance/{}", random())
}

/// Sixteen digits that differ at each call.
pub(super) fn random() -> String {
    let seed = std::collections::hash_map::RandomState::new();
    format!("{:016x}", seed.build_hasher().finish())
}

pub(super) fn at(path: &str) -> Request {
    Request {
        path: path.to_owned(),
        version: None,
    }
}

/// As the manifest would write it.
pub(super) fn shown(request: &Request) -> String {
    match request.version.as_ref().and_then(Version::name) {
        None => request.path.clone(),
        Some(version) => format!("{}?version={version}", request.path),
    }
}

/// Whether both say the same. What is given for a time only may differ each time.
pub(super) fn same(one: &Said, other: &Said) -> bool {
    match (one, other) {
        (Said::Error(one, _), Said::Error(other, _)) => one == other,
        (Said::Document(one), Said::Document(other)) => {
            one.lease.is_some() && other.lease.is_some()
                || one.bytes.expose() == other.bytes.expose() && one.version == other.version
        }
        _ => false,
    }
}

/// What an answer is, without what is in it.
pub(super) const fn noun(said: &Said) -> &'static str {
    match said {
        Said::Document(_) => "a document",
        Said::Error(case, _) => case.name(),
    }
}
