//! What a candidate has read, as it tells the parent.

use std::time::Duration;

use secret_runtime::plan::DocumentId;
use secret_runtime::resolver::Freshness;
use zeroize::Zeroizing;

use super::mark::Mark;
use super::wire::{bytes, document, length, number, take, take_time, time};

/// What could be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) entries: Vec<Reported>,
    pub(super) freshness: Freshness,
}

/// An entry, as the parent knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) name: String,
    pub(super) mark: Mark,
    /// Whether it is a file with a path, which can be written again.
    pub(super) at_path: bool,
    /// Whether it stands in for what its backend could not give. Then it may be older than what the
    /// command has.
    pub(super) stale: bool,
    /// Whether the command has it, and it was not read. Then its mark says nothing.
    pub(super) held: bool,
    /// Whether it is composed of others.
    pub(super) composed: bool,
    /// What of it is good for a time.
    pub(super) leased: Vec<DocumentId>,
}

impl Report {
    /// Behind a byte that says what it is.
    pub(super) fn encode(&self, kind: u8) -> Zeroizing<Vec<u8>> {
        let mut content = Zeroizing::new(vec![kind]);
        let Freshness { stale, good_for } = self.freshness;
        for known in [stale, good_for] {
            content.push(u8::from(known.is_some()));
            content.extend_from_slice(&time(known.unwrap_or_default()));
        }
        content.extend_from_slice(&length(self.entries.len()));
        for entry in &self.entries {
            content.extend_from_slice(&length(entry.name.len()));
            content.extend_from_slice(entry.name.as_bytes());
            content.extend_from_slice(&entry.mark);
            let flags = [entry.at_path, entry.stale, entry.held, entry.composed];
            content.push(flags.iter().fold(0, |all, flag| all << 1 | u8::from(*flag)));
            content.extend_from_slice(&length(entry.leased.len()));
            for document in &entry.leased {
                content.extend_from_slice(&length(document.backend));
                content.extend_from_slice(&length(document.request));
            }
        }
        content
    }

    pub(super) fn decode(mut rest: &[u8]) -> Option<Self> {
        let (stale, good_for) = (age(&mut rest)?, age(&mut rest)?);
        let count = number(&mut rest)?;
        let entries = (0..count).map(|_| Reported::decode(&mut rest));
        let entries = entries.collect::<Option<_>>()?;
        rest.is_empty().then_some(Self {
            entries,
            freshness: Freshness { stale, good_for },
        })
    }
}

impl Reported {
    fn decode(rest: &mut &[u8]) -> Option<Self> {
        let name = String::from_utf8(bytes(rest)?.to_vec()).ok()?;
        let mark = take(rest)?;
        let [flags] = take(rest)?;
        let leased = (0..number(rest)?).map(|_| document(rest));
        Some(Self {
            name,
            mark,
            at_path: flags & 8 != 0,
            stale: flags & 4 != 0,
            held: flags & 2 != 0,
            composed: flags & 1 != 0,
            leased: leased.collect::<Option<_>>()?,
        })
    }
}

/// A time that may be none.
fn age(rest: &mut &[u8]) -> Option<Option<Duration>> {
    let [is_known] = take(rest)?;
    let time = take_time(rest)?;
    Some((is_known != 0).then_some(time))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One in which every field says something.
    pub(in crate::watch) fn report() -> Report {
        let entry = |name: &str, at_path| Reported {
            name: name.to_owned(),
            mark: [7; 32],
            at_path,
            stale: at_path,
            held: !at_path,
            composed: at_path,
            leased: Vec::from_iter(at_path.then_some(DocumentId {
                backend: 3,
                request: 5,
            })),
        };
        Report {
            entries: vec![entry("TOKEN", false), entry("KEY", true)],
            freshness: Freshness {
                stale: Some(Duration::from_secs(90)),
                good_for: None,
            },
        }
    }

    #[test]
    fn what_is_cut_is_no_report() {
        let content = report().encode(b'r');
        assert_eq!(Report::decode(&content[1..]), Some(report()));
        for end in 1..content.len() {
            assert_eq!(Report::decode(&content[1..end]), None);
        }
    }
}
