//! What the guest answers, as it stands in its memory by the canonical ABI.

use super::{Answer, BackendGuest, IMAGE, Profile};

/// Everything that a guest answers with, and where it stands.
pub(super) struct Image {
    bytes: Vec<u8>,
    /// Address of the answer of `about`.
    pub(super) profile: usize,
    /// Address of the entries: address and length of a path, address of its answer.
    pub(super) entries: usize,
    /// Address of the answer at any other path.
    pub(super) otherwise: usize,
}

impl Image {
    pub(super) fn of(guest: &BackendGuest) -> Self {
        let mut image = Self {
            bytes: Vec::new(),
            profile: 0,
            entries: 0,
            otherwise: 0,
        };
        image.profile = image.profile(&guest.about);
        image.otherwise = image.answer(&guest.otherwise);
        let mut entries = Vec::new();
        for (path, answer) in &guest.documents {
            entries.extend(image.text(path.as_bytes()));
            entries.push(image.answer(answer));
        }
        image.entries = image.words(&entries);
        image
    }

    /// The first address behind it.
    pub(super) fn end(&self) -> usize {
        IMAGE + self.bytes.len()
    }

    /// For `(data ...)`.
    pub(super) fn escaped(&self) -> String {
        let bytes = self.bytes.iter();
        bytes.map(|byte| format!("\\{byte:02x}")).collect()
    }

    /// Adds bytes at the next multiple of 8, and says where.
    fn add(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.end();
        self.bytes.extend_from_slice(bytes);
        at
    }

    fn text(&mut self, text: &[u8]) -> [usize; 2] {
        [self.add(text), text.len()]
    }

    fn words(&mut self, words: &[usize]) -> usize {
        let bytes: Vec<u8> = words
            .iter()
            .flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes())
            .collect();
        self.add(&bytes)
    }

    fn option(&mut self, text: Option<&str>) -> [usize; 3] {
        match text {
            None => [0, 0, 0],
            Some(text) => {
                let [at, length] = self.text(text.as_bytes());
                [1, at, length]
            }
        }
    }

    fn profile(&mut self, profile: &Profile) -> usize {
        let mut settings = Vec::new();
        for (name, summary, required, default) in &profile.settings {
            settings.extend(self.text(name.as_bytes()));
            settings.extend(self.text(summary.as_bytes()));
            settings.push(usize::from(*required));
            settings.extend(self.option(default.as_deref()));
        }
        let mut origins = Vec::new();
        for (origin, purpose, required) in &profile.origins {
            origins.extend(self.text(origin.as_bytes()));
            origins.extend(self.text(purpose.as_bytes()));
            origins.push(usize::from(*required));
        }
        let settings = [self.words(&settings), profile.settings.len()];
        let origins = [self.words(&origins), profile.origins.len()];
        let summary = self.text(profile.summary.as_bytes());
        self.words(&[summary, settings, origins].concat())
    }

    /// A `result<document, error>`: 64 bytes.
    fn answer(&mut self, answer: &Answer) -> usize {
        let mut words = match answer {
            Answer::Document {
                bytes,
                version,
                created_at,
                lease,
            } => {
                let bytes = self.text(bytes);
                let version = self.option(version.as_deref());
                let times = [wide(*created_at), wide(*lease)].concat();
                [&[0, 0][..], &bytes, &version, &[0], &times].concat()
            }
            Answer::NotFound => vec![1, 0, 0],
            Answer::AccessDenied(text) => self.error(1, text),
            Answer::Unauthenticated(text) => self.error(2, text),
            Answer::InvalidReference(text) => self.error(3, text),
            Answer::Unavailable(text, retry) => {
                let error = self.error(4, text);
                [error, wide(*retry)].concat()
            }
            Answer::Other(text) => self.error(5, text),
        };
        words.resize(16, 0);
        self.words(&words)
    }

    fn error(&mut self, case: usize, text: &str) -> Vec<usize> {
        let [at, length] = self.text(text.as_bytes());
        vec![1, 0, case, 0, at, length]
    }
}

/// An `option<u64>`, as words.
fn wide(number: Option<u64>) -> Vec<usize> {
    let Some(number) = number else {
        return vec![0; 4];
    };
    let low = usize::try_from(number & 0xffff_ffff).unwrap();
    let high = usize::try_from(number >> 32).unwrap();
    vec![1, 0, low, high]
}
