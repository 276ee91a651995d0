//! The file of a plan: an index, and a section for each backend, each sealed.
//!
//! Each is sealed with ChaCha20-Poly1305 for this plan, this user and, a section, the identity that
//! read what is in it: under another it does not open. The index names, for each section, a keyed
//! hash of that identity, so that one of another identity is told from one that was changed. What of
//! any of it was changed, by a single bit, is as if it were not there.

use std::time::Duration;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::fingerprint::Fingerprint;
use super::identity::Identity;
use super::moment::Moment;
use super::{CacheError, key};

/// What a file begins with; the number is that of its form.
const BEGINNING: &[u8] = b"secret-run cache 1\n";

/// What is in a section, without a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SectionIndex {
    pub(super) backend: String,
    /// The keyed hash of the identity.
    identity: String,
    /// Which start of the machine its clock counts from.
    machine: Option<String>,
    /// When something was last forgotten.
    forgotten: Option<Time>,
    pub(super) documents: Vec<DocumentIndex>,
}

/// A document. Times are in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DocumentIndex {
    pub(super) names: Vec<String>,
    pub(super) read: Time,
    pub(super) ttl: u64,
    pub(super) stale: u64,
}

/// A moment, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Time {
    wall: u64,
    machine: Option<u64>,
}

impl Time {
    pub(super) fn of(moment: Moment) -> Self {
        Self {
            wall: milliseconds(moment.wall),
            machine: moment.machine.map(milliseconds),
        }
    }
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl SectionIndex {
    /// Whether it was written since this start of the machine.
    pub(super) fn is_of_start(&self, start: Option<&str>) -> bool {
        start.is_some() && self.machine.as_deref() == start
    }

    /// A time of it, as one who is asked since this start of the machine understands it.
    pub(super) fn moment(&self, time: Time, start: Option<&str>) -> Moment {
        let machine = time.machine.filter(|_| self.is_of_start(start));
        Moment {
            wall: Duration::from_millis(time.wall),
            machine: machine.map(Duration::from_millis),
        }
    }

    /// When something was last forgotten.
    pub(super) fn forgotten(&self, start: Option<&str>) -> Option<Moment> {
        Some(self.moment(self.forgotten?, start))
    }
}

/// Seals and opens the file of a plan.
pub(super) struct Seal {
    seal: LessSafeKey,
    hash: hmac::Key,
    fingerprint: Fingerprint,
    user: u32,
}

/// Documents of a backend that go into a section.
pub(super) struct Section {
    pub(super) backend: String,
    pub(super) identity: Identity,
    /// This start of the machine.
    pub(super) machine: Option<String>,
    pub(super) forgotten: Option<Moment>,
    pub(super) documents: Vec<DocumentIndex>,
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// A section, and what is in it.
type Content<'a> = (&'a SectionIndex, Zeroizing<Vec<u8>>);

/// A section as it is in the file: what is behind its index is sealed.
pub(super) type Sealed = (SectionIndex, Vec<u8>);

/// A file that was opened: its index is what was written.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) sections: Vec<Sealed>,
}

impl Seal {
    pub(super) fn new(key: &key::Bytes, fingerprint: Fingerprint) -> Self {
        // Each use has a key of its own.
        let root = hmac::Key::new(hmac::HMAC_SHA256, &key[..]);
        let derived = hmac::sign(&root, b"secret-run cache: seal");
        let seal = UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref());
        let seal = seal.expect("a hash of 256 bits is a key");
        let derived = hmac::sign(&root, b"secret-run cache: identity");
        Self {
            seal: LessSafeKey::new(seal),
            hash: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
            fingerprint,
            user: nix::unistd::geteuid().as_raw(),
        }
    }

    /// A section for a file.
    pub(super) fn section(&self, section: Section) -> Result<Sealed, CacheError> {
        let sealed = self.seal(section.content, Some(section.identity))?;
        let index = SectionIndex {
            backend: section.backend,
            identity: self.hash(section.identity),
            machine: section.machine,
            forgotten: section.forgotten.map(Time::of),
            documents: section.documents,
        };
        Ok((index, sealed))
    }

    /// The bytes of a file.
    pub(super) fn file(&self, sections: &[Sealed]) -> Result<Vec<u8>, CacheError> {
        let index: Vec<_> = sections.iter().map(|(index, _)| index).collect();
        let index = serde_json::to_vec(&index).expect("it has texts and numbers only");
        let index = self.seal(Zeroizing::new(index), None)?;
        let mut file = BEGINNING.to_vec();
        let sealed = sections.iter().map(|(_, sealed)| sealed);
        for part in std::iter::once(&index).chain(sealed) {
            file.extend((part.len() as u64).to_le_bytes());
            file.extend(part);
        }
        Ok(file)
    }

    /// Opens a file; nothing if it is none that was sealed so.
    pub(super) fn open(&self, file: &[u8]) -> Option<Opened> {
        let mut rest = file.strip_prefix(BEGINNING)?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (part, behind) = behind.split_at_checked(length)?;
            parts.push(part.to_vec());
            rest = behind;
        }
        let mut parts = parts.into_iter();
        let index = self.unseal(parts.next()?, None)?;
        let index: Vec<SectionIndex> = serde_json::from_slice(&index).ok()?;
        let sealed: Vec<Vec<u8>> = parts.collect();
        (sealed.len() == index.len()).then(|| Opened {
            sections: index.into_iter().zip(sealed).collect(),
        })
    }

    /// The content of each section of this identity; nothing if one of them was changed.
    pub(super) fn sections<'a>(
        &self,
        opened: &'a Opened,
        identity: Identity,
    ) -> Option<Vec<Content<'a>>> {
        let own = opened.sections.iter();
        let own = own.filter(|(index, _)| self.is_of(index, identity));
        own.map(|(index, sealed)| {
            let content = self.unseal(sealed.clone(), Some(identity))?;
            Some((index, content))
        })
        .collect()
    }

    /// Whether a section is of this identity.
    pub(super) fn is_of(&self, section: &SectionIndex, identity: Identity) -> bool {
        section.identity == self.hash(identity)
    }

    /// Seals and opens as another user would.
    #[cfg(test)]
    pub(super) fn be_user(&mut self, user: u32) {
        self.user = user;
    }

    fn seal(
        &self,
        mut content: Zeroizing<Vec<u8>>,
        identity: Option<Identity>,
    ) -> Result<Vec<u8>, CacheError> {
        let mut nonce = [0; NONCE_LEN];
        key::fill(&mut nonce)?;
        let bound = self.bound(identity);
        let unique = Nonce::assume_unique_for_key(nonce);
        let sealed = self
            .seal
            .seal_in_place_append_tag(unique, Aad::from(bound), &mut *content);
        sealed.map_err(|_| CacheError::NoRandom)?;
        Ok([&nonce[..], &content[..]].concat())
    }

    fn unseal(&self, sealed: Vec<u8>, identity: Option<Identity>) -> Option<Zeroizing<Vec<u8>>> {
        let mut sealed = Zeroizing::new(sealed);
        let (nonce, content) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let bound = self.bound(identity);
        let opened = self.seal.open_in_place(nonce, Aad::from(bound), content);
        let opened = opened.ok()?;
        Some(Zeroizing::new(opened.to_vec()))
    }

    /// What a part is bound to.
    fn bound(&self, identity: Option<Identity>) -> Vec<u8> {
        let mut bound = BEGINNING.to_vec();
        bound.extend(self.fingerprint.bytes());
        bound.extend(self.user.to_le_bytes());
        bound.extend(identity.iter().flat_map(|identity| identity.bytes()));
        bound
    }

    fn hash(&self, identity: Identity) -> String {
        let hash = hmac::sign(&self.hash, identity.bytes());
        hash.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
