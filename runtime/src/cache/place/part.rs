//! What a file keeps for one identity, and what becomes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cache::codec;
use crate::cache::document::{Age, Kept};
use crate::cache::identity::Identity;
use crate::cache::moment::Moment;
use crate::cache::remembered::Key;
use crate::cache::sealed::{DocumentIndex, Opened, Seal, Section, Time, milliseconds};

/// For how long it is known when something was forgotten: longer than a resolution may take that
/// began before.
const FORGETTING: Duration = Duration::from_secs(60 * 60);

/// What is new of a document.
#[derive(Debug, Clone, Copy)]
pub(in crate::cache) enum News<'a> {
    /// It was read.
    Read(&'a Key, &'a Kept),
    /// Its backend had it no more, or did not give it any more.
    Forgotten(&'a Key, Moment),
}

/// What is kept for an identity.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) documents: BTreeMap<Key, Kept>,
    /// When something of it was last forgotten: who read before does not bring it back.
    forgotten: Option<Moment>,
}

impl Part {
    /// What of a file is of this identity; nothing if that was changed.
    pub(super) fn of(
        seal: &Seal,
        opened: &Opened,
        identity: Identity,
        start: Option<&str>,
    ) -> Option<Self> {
        let mut part = Self::default();
        for (section, content) in seal.sections(opened, identity)? {
            let is_same = section.is_of_start(start);
            for (request, mut kept) in codec::decode(&content, &section.backend)? {
                kept.read.machine = kept.read.machine.filter(|_| is_same);
                part.documents.insert(Key { identity, request }, kept);
            }
            part.forgotten = part.forgotten.or(section.forgotten(start));
        }
        Some(part)
    }

    /// The same with what is new, without what is of no use any more.
    pub(super) fn with(mut self, identity: Identity, news: &[News<'_>], now: Moment) -> Self {
        let is_of_use =
            |kept: &Kept| !matches!(kept.age(kept.terms, now), None | Some((_, Age::Over)));
        self.documents.retain(|_, kept| is_of_use(kept));
        let before = recent(self.forgotten, now);
        self.forgotten = before;
        for news in news {
            match *news {
                News::Read(key, kept) if key.identity == identity => {
                    let was_before = |other: Moment| other.is_after(kept.read);
                    let known = self.documents.get(key);
                    if known.is_some_and(|known| was_before(known.read)) {
                        continue;
                    }
                    self.documents.remove(key);
                    // What is leased ends by others' hands, too.
                    if kept.outlives_a_process() && !before.is_some_and(was_before) {
                        self.documents.insert(key.clone(), kept.clone());
                    }
                }
                News::Forgotten(key, at) if key.identity == identity => {
                    // What nobody has kept, such as an optional secret that is not there, takes
                    // nothing from who read meanwhile.
                    let known = self.documents.get(key);
                    if known.is_none_or(|known| known.read.is_after(at)) {
                        continue;
                    }
                    self.documents.remove(key);
                    if self.forgotten.is_none_or(|last| at.is_after(last)) {
                        self.forgotten = Some(at);
                    }
                }
                News::Read(..) | News::Forgotten(..) => {}
            }
        }
        self
    }

    /// It, for a file; nothing if there is nothing to keep.
    pub(super) fn section(&self, identity: Identity, machine: Option<String>) -> Option<Section> {
        let first = self.documents.values().next();
        if first.is_none() && self.forgotten.is_none() {
            return None;
        }
        let documents = self.documents.iter();
        let content = documents.clone().map(|(key, kept)| (&key.request, kept));
        Some(Section {
            backend: first.map(|first| first.backend.clone()).unwrap_or_default(),
            identity,
            machine,
            forgotten: self.forgotten,
            documents: documents.map(|(_, kept)| index(kept)).collect(),
            content: codec::encode(content),
        })
    }
}

/// A time at which something was forgotten, as long as it matters.
pub(super) fn recent(forgotten: Option<Moment>, now: Moment) -> Option<Moment> {
    forgotten.filter(|at| at.age(now).is_some_and(|age| age < FORGETTING))
}

fn index(kept: &Kept) -> DocumentIndex {
    DocumentIndex {
        names: kept.names.clone(),
        read: Time::of(kept.read),
        ttl: milliseconds(kept.terms.ttl),
        stale: milliseconds(kept.terms.stale),
    }
}
