//! The file of a plan: an index, and a section for each backend, each sealed.
//!
//! Each is sealed with ChaCha20-Poly1305 for this plan, this user and, a section, the identity that
//! read what is in it: under another it does not open. The index names, for each section, a keyed
//! hash of that identity, so that one of another identity is told from one that was changed. What of
//! any of it was changed, by a single bit, is as if it were not there.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::fingerprint::Fingerprint;
use super::identity::Identity;
use super::{CacheError, key};

/// What a file begins with; the number is that of its form.
const BEGINNING: &[u8] = b"secret-run cache 1\n";

/// What is in the file, without a value.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Index {
    /// Which start of the machine its clock counts from.
    pub(super) machine: Option<String>,
    pub(super) sections: Vec<SectionIndex>,
}

/// What is in a section.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SectionIndex {
    pub(super) backend: String,
    /// The keyed hash of the identity.
    identity: String,
    pub(super) documents: Vec<DocumentIndex>,
}

/// A document. Times are in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DocumentIndex {
    pub(super) names: Vec<String>,
    pub(super) read: u64,
    pub(super) machine: Option<u64>,
    pub(super) ttl: u64,
    pub(super) stale: u64,
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
    pub(super) documents: Vec<DocumentIndex>,
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// The backend of a section, and what is in it.
type Content<'a> = (&'a str, Zeroizing<Vec<u8>>);

/// A file that was opened: its index is what was written.
pub(super) struct Opened {
    pub(super) index: Index,
    sections: Vec<Vec<u8>>,
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

    /// The bytes of a file.
    pub(super) fn file(
        &self,
        machine: Option<String>,
        sections: Vec<Section>,
    ) -> Result<Vec<u8>, CacheError> {
        let mut index = Index {
            machine,
            sections: Vec::with_capacity(sections.len()),
        };
        let mut sealed = Vec::with_capacity(sections.len());
        for section in sections {
            sealed.push(self.seal(section.content, Some(section.identity))?);
            index.sections.push(SectionIndex {
                backend: section.backend,
                identity: self.hash(section.identity),
                documents: section.documents,
            });
        }
        let index = serde_json::to_vec(&index).expect("it has texts and numbers only");
        let index = self.seal(Zeroizing::new(index), None)?;
        let mut file = BEGINNING.to_vec();
        for part in std::iter::once(index).chain(sealed) {
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
        let index: Index = serde_json::from_slice(&index).ok()?;
        let sections: Vec<Vec<u8>> = parts.collect();
        (sections.len() == index.sections.len()).then_some(Opened { index, sections })
    }

    /// The content of each section of this identity; nothing if one of them was changed.
    pub(super) fn sections<'a>(
        &self,
        opened: &'a Opened,
        identity: Identity,
    ) -> Option<Vec<Content<'a>>> {
        let hash = self.hash(identity);
        let all = opened.index.sections.iter().zip(&opened.sections);
        let own = all.filter(|(index, _)| index.identity == hash);
        own.map(|(index, sealed)| {
            let content = self.unseal(sealed.clone(), Some(identity))?;
            Some((index.backend.as_str(), content))
        })
        .collect()
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
