//! What a backend has answered, and whether one of its texts shows what it must not.
//!
//! A value is never part of a verdict: it is compared, and wiped when the checks are over.

use std::collections::{BTreeSet, HashSet};

use zeroize::Zeroizing;

use super::verdict::Outcome;
use crate::plugin::backend::{BackendFault, PluginBackend, Said};
use crate::plugin::rejection::Failure;
use crate::secret::SecretValue;

/// A value as short as this is in many texts by chance.
const SHORTEST_VALUE: usize = 4;
/// A text that has so many bytes of a document in a row did not make them up.
const RUN: usize = 16;
/// No more of a text is looked at.
const TEXT: usize = 64 * 1024;
/// No more texts or values are kept.
const MOST: usize = 1024;

/// What was answered in all calls.
#[derive(Default)]
pub(super) struct Heard {
    values: Vec<SecretValue>,
    texts: Vec<Zeroizing<String>>,
    /// What a text may well say: paths, settings, origins.
    expected: BTreeSet<String>,
    credential: bool,
    excess: Option<BackendFault>,
}

impl Heard {
    /// Texts that are no secret.
    pub(super) fn expect(&mut self, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        let texts = texts.into_iter();
        self.expected
            .extend(texts.map(|text| text.as_ref().to_owned()));
    }

    /// A value that was written.
    pub(super) fn value(&mut self, value: &SecretValue) {
        let known = |known: &SecretValue| known.expose() == value.expose();
        if self.values.len() < MOST && !self.values.iter().any(known) {
            self.values.push(value.clone());
        }
    }

    pub(super) fn listen(&mut self, said: &Said, backend: &PluginBackend) {
        match said {
            Said::Document(document) => self.value(&document.bytes),
            Said::Error(_, text) => {
                self.credential |= backend.shows_credential(text);
                if !text.is_empty() && self.texts.len() < MOST && !self.texts.contains(text) {
                    self.texts.push(text.clone());
                }
            }
        }
    }

    /// A call that did not end well.
    pub(super) fn fault(&mut self, fault: &BackendFault) {
        let excess = match fault {
            BackendFault::Failed { failure, .. } => matches!(
                failure,
                Failure::Deadline(_) | Failure::Memory(_) | Failure::Tables(_) | Failure::Stack
            ),
            BackendFault::Flood { .. } => true,
            _ => false,
        };
        if excess && self.excess.is_none() {
            self.excess = Some(fault.clone());
        }
    }

    /// Whether all calls kept within the limits.
    pub(super) fn limits(&self) -> Outcome {
        match &self.excess {
            None => Outcome::Passed,
            Some(fault) => Outcome::broken(fault),
        }
    }

    /// Whether the texts of errors show a value or a credential.
    pub(super) fn texts(&self) -> Outcome {
        if self.credential {
            return Outcome::failed(
                "the text of an error shows a credential",
                "write what happened, never what the server sent",
            );
        }
        if self.texts.is_empty() {
            return Outcome::skipped("no error had a text", "");
        }
        if self.values.is_empty() {
            return Outcome::skipped(
                "no document was read whose bytes a text could show",
                "name a document that is there: `--reference PATH`",
            );
        }
        if self.texts.iter().any(|text| self.shows_value(text)) {
            return Outcome::failed(
                "the text of an error shows bytes of a document",
                "write what happened, never what the server sent",
            );
        }
        Outcome::Passed
    }

    fn shows_value(&self, text: &str) -> bool {
        let mut text = Zeroizing::new(text.to_owned());
        let longest_first = {
            let mut expected: Vec<&String> = self.expected.iter().collect();
            expected.sort_by_key(|text| std::cmp::Reverse(text.len()));
            expected
        };
        for expected in longest_first {
            if expected.len() >= SHORTEST_VALUE && text.contains(expected.as_str()) {
                text = Zeroizing::new(text.replace(expected.as_str(), "\0"));
            }
        }
        let text = &text.as_bytes()[..text.len().min(TEXT)];
        let runs: HashSet<&[u8]> = text.windows(RUN).collect();
        self.values.iter().any(|value| {
            let value = value.expose().trim_ascii();
            if value.len() < RUN {
                value.len() >= SHORTEST_VALUE && text.windows(value.len()).any(|part| part == value)
            } else {
                value.windows(RUN).any(|run| runs.contains(run))
            }
        })
    }
}
