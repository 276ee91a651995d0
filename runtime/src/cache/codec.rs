//! Documents as bytes, and back. Every buffer that a value passes through is of its final size
//! from the beginning, and wiped.

use std::time::{Duration, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::document::Kept;
use super::moment::Moment;
use super::terms::Terms;
use crate::backend::{Document, Request, Version};
use crate::secret::SecretValue;

/// All documents of a backend that may be on a disk.
pub(super) fn encode<'a>(
    documents: impl Iterator<Item = (&'a Request, &'a Kept)> + Clone,
) -> Zeroizing<Vec<u8>> {
    let mut counted = Sink::default();
    write(&mut counted, documents.clone());
    let mut sink = Sink {
        // Room for what sealing adds: growing would leave a copy behind.
        bytes: Some(Zeroizing::new(Vec::with_capacity(counted.length + 64))),
        length: 0,
    };
    write(&mut sink, documents);
    sink.bytes.unwrap_or_default()
}

/// The documents of `bytes`; nothing if these are something else.
pub(super) fn decode(mut bytes: &[u8], backend: &str) -> Option<Vec<(Request, Kept)>> {
    let mut documents = Vec::new();
    while !bytes.is_empty() {
        documents.push(read(&mut bytes, backend)?);
    }
    Some(documents)
}

/// Counts first, and writes then.
#[derive(Default)]
struct Sink {
    bytes: Option<Zeroizing<Vec<u8>>>,
    length: usize,
}

impl Sink {
    fn raw(&mut self, part: &[u8]) {
        self.length += part.len();
        if let Some(bytes) = &mut self.bytes {
            bytes.extend_from_slice(part);
        }
    }

    fn number(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    fn time(&mut self, time: Duration) {
        self.number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    fn part(&mut self, part: &[u8]) {
        self.number(part.len() as u64);
        self.raw(part);
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.raw(&[u8::from(value.is_some())]);
        if let Some(value) = value {
            write(self, value);
        }
    }
}

fn write<'a>(sink: &mut Sink, documents: impl Iterator<Item = (&'a Request, &'a Kept)>) {
    for (request, kept) in documents {
        sink.part(request.path.as_bytes());
        sink.maybe(request.version.as_ref(), |sink, version| {
            sink.maybe(version.name(), |sink, name| sink.part(name.as_bytes()));
        });
        sink.maybe(kept.document.as_ref(), |sink, document| {
            sink.part(document.bytes.expose());
            sink.maybe(document.fields.as_ref(), |sink, fields| {
                sink.part(fields.expose());
            });
            sink.maybe(document.version.as_ref(), |sink, version| {
                sink.part(version.as_bytes());
            });
            let created = document.created;
            let created = created.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            sink.maybe(created, Sink::time);
        });
        sink.time(kept.read.wall);
        sink.maybe(kept.read.machine, Sink::time);
        sink.time(kept.terms.ttl);
        sink.time(kept.terms.stale);
        sink.number(kept.names.len() as u64);
        for name in &kept.names {
            sink.part(name.as_bytes());
        }
    }
}

fn read(bytes: &mut &[u8], backend: &str) -> Option<(Request, Kept)> {
    let path = text(bytes)?;
    let version = maybe(bytes, |bytes| {
        let name = maybe(bytes, text)?;
        Some(name.map_or(Version::Previous, Version::Named))
    })?;
    let document = maybe(bytes, |bytes| {
        let content = SecretValue::copy_of(part(bytes)?);
        let fields = maybe(bytes, |bytes| Some(SecretValue::copy_of(part(bytes)?)))?;
        let version = maybe(bytes, text)?;
        let created = maybe(bytes, time)?;
        Some(Document {
            fields,
            version,
            created: created.and_then(|since| UNIX_EPOCH.checked_add(since)),
            ..Document::plain(content)
        })
    })?;
    let read = Moment {
        wall: time(bytes)?,
        machine: maybe(bytes, time)?,
    };
    let terms = Terms {
        ttl: time(bytes)?,
        stale: time(bytes)?,
    };
    let count = number(bytes)?;
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(text(bytes)?);
    }
    let kept = Kept::new(document, read, terms, backend.to_owned(), names);
    Some((Request { path, version }, kept))
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

fn time(bytes: &mut &[u8]) -> Option<Duration> {
    number(bytes).map(Duration::from_millis)
}

fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let part = part(bytes)?;
    Some(std::str::from_utf8(part).ok()?.to_owned())
}

fn maybe<T>(bytes: &mut &[u8], read: impl FnOnce(&mut &[u8]) -> Option<T>) -> Option<Option<T>> {
    let (mark, rest) = bytes.split_first()?;
    *bytes = rest;
    match mark {
        0 => Some(None),
        1 => read(bytes).map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = Option<String>> {
        proptest::option::of(".{0,12}")
    }

    fn documents() -> impl Strategy<Value = Vec<(Request, Kept)>> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        let times = (any::<u32>(), proptest::option::of(any::<u32>()));
        let document = (
            bytes(),
            proptest::option::of(bytes()),
            texts(),
            proptest::option::of(any::<u32>()),
        );
        let version = proptest::option::of(texts());
        let names = proptest::collection::vec("[A-Z_]{1,8}", 0..3);
        let one = (
            ".{0,12}",
            version,
            proptest::option::of(document),
            times,
            names,
        );
        let one = one.prop_map(|(path, version, document, (wall, machine), names)| {
            let version = version.map(|name| name.map_or(Version::Previous, Version::Named));
            let document = document.map(|(bytes, fields, version, created)| Document {
                fields: fields.map(SecretValue::new),
                version,
                created: created.map(|since| UNIX_EPOCH + Duration::from_millis(since.into())),
                ..Document::plain(SecretValue::new(bytes))
            });
            let read = Moment {
                wall: Duration::from_millis(wall.into()),
                machine: machine.map(|time| Duration::from_millis(time.into())),
            };
            let terms = Terms {
                ttl: Duration::from_millis(wall.into()),
                stale: Duration::from_secs(5),
            };
            let kept = Kept::new(document, read, terms, "it".to_owned(), names);
            (Request { path, version }, kept)
        });
        proptest::collection::vec(one, 0..4)
    }

    fn encoded(documents: &[(Request, Kept)]) -> Zeroizing<Vec<u8>> {
        encode(documents.iter().map(|(request, kept)| (request, kept)))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(documents in documents()) {
            let bytes = encoded(&documents);
            let read = decode(&bytes, "it").unwrap();
            prop_assert_eq!(read.len(), documents.len());
            for ((request, kept), (known, before)) in read.iter().zip(&documents) {
                prop_assert_eq!(request, known);
                prop_assert_eq!(kept.read, before.read);
                prop_assert_eq!(kept.terms, before.terms);
                prop_assert_eq!(&kept.names, &before.names);
                prop_assert_eq!(kept.document.is_some(), before.document.is_some());
            }
            prop_assert_eq!(&*encoded(&read), &*bytes);
        }

        #[test]
        fn what_is_cut_or_changed_is_no_panic(
            documents in documents(), at in any::<prop::sample::Index>(), byte in any::<u8>()
        ) {
            let mut bytes = encoded(&documents);
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                let _ = decode(&bytes[..at], "it");
                bytes[at] = byte;
                let _ = decode(&bytes, "it");
            }
        }
    }
}
