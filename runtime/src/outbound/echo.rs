//! Credentials in what comes back.
//!
//! A server may answer with what it was sent: a debug page, an error with the request in it, a
//! mirror. The plugin must not learn a credential that way. A credential is found as it is, in
//! base64 (also within a longer text), and with any of its characters percent-encoded or escaped
//! as in JSON and HTML. Not found: other transformations, such as hexadecimal, a digest, or a
//! compressed body; the granted server is not an enemy, it is careless at worst.

use std::ops::Range;

use zeroize::Zeroizing;

use super::base64;
use super::credential::{HostCredential, pair};

/// Shorter ones would be found in texts that have nothing to do with them.
const SHORTEST: usize = 6;

/// What stands in place of a credential, whatever its length.
const MASK: &[u8] = b"***";

/// What to look for in answers and texts.
pub(super) struct Echoes(Vec<Needle>);

struct Needle {
    bytes: Zeroizing<Vec<u8>>,
    /// `-` and `_` are `+` and `/` in the other alphabet.
    is_base64: bool,
}

impl Echoes {
    pub(super) fn of<'a>(credentials: impl Iterator<Item = &'a HostCredential>) -> Self {
        let mut needles = Vec::new();
        for credential in credentials {
            match credential {
                HostCredential::Header { value, .. } => {
                    push(&mut needles, without_scheme(value.expose()));
                }
                HostCredential::Bearer(value) | HostCredential::Query { value, .. } => {
                    push(&mut needles, value.expose());
                }
                HostCredential::Basic { username, password } => {
                    // A user name is no secret beside a password, and servers rightly show it;
                    // services that take a token for a user name leave the password empty.
                    if password.expose().is_empty() {
                        push(&mut needles, username.expose());
                    } else {
                        push(&mut needles, password.expose());
                    }
                    push(&mut needles, &pair(username, password));
                }
            }
        }
        Self(needles)
    }

    /// `text` with a mask for each credential; `None` if there is none in it.
    pub(super) fn masked(&self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for at in 0..text.len() {
            if let Some(range) = self.range_at(text, at) {
                match found.last_mut().filter(|last| range.start <= last.end) {
                    Some(last) => last.end = last.end.max(range.end),
                    None => found.push(range),
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        let most = text.len() + found.len() * MASK.len();
        let mut masked = Zeroizing::new(Vec::with_capacity(most));
        let mut copied = 0;
        for range in found {
            masked.extend_from_slice(&text[copied..range.start]);
            masked.extend_from_slice(MASK);
            copied = range.end;
        }
        masked.extend_from_slice(&text[copied..]);
        Some(masked)
    }

    /// What to mask of the longest credential that begins at `at`.
    fn range_at(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let found = |needle: &Needle| {
            let end = needle.end_at(text, at)?;
            if !needle.is_base64 {
                return Some(at..end);
            }
            // The characters beside it hold bits of its first and last byte.
            let is_shared = |byte: &u8| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
            };
            let before = at.checked_sub(1).and_then(|index| text.get(index));
            let before = usize::from(before.is_some_and(is_shared));
            let after = usize::from(text.get(end).is_some_and(is_shared));
            Some(at - before..end + after)
        };
        let found = self.0.iter().filter_map(found);
        found.max_by_key(|range| range.end)
    }
}

impl Needle {
    /// Where it ends if it begins at `at`, as it is or escaped. An encoder that escapes anything
    /// also escapes its own sign, so nothing is both.
    fn end_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = &text[at..];
        let plain = rest.len() >= self.bytes.len()
            && rest
                .iter()
                .zip(self.bytes.iter())
                .all(|(a, b)| self.same(*a, *b));
        if plain {
            return Some(at + self.bytes.len());
        }
        let mut end = at;
        for byte in self.bytes.iter() {
            let (spelled, length) = unescaped(&text[end..])?;
            if !(self.same(spelled, *byte) || text[end] == b'+' && *byte == b' ') {
                return None;
            }
            end += length;
        }
        Some(end)
    }

    fn same(&self, found: u8, wanted: u8) -> bool {
        found == wanted || self.is_base64 && matches!((found, wanted), (b'-', b'+') | (b'_', b'/'))
    }
}

fn push(needles: &mut Vec<Needle>, secret: &[u8]) {
    if secret.len() < SHORTEST {
        return;
    }
    needles.push(Needle {
        bytes: Zeroizing::new(secret.to_vec()),
        is_base64: false,
    });
    needles.extend(base64::within(secret).map(|bytes| Needle {
        bytes,
        is_base64: true,
    }));
}

/// `Bearer abc` without `Bearer`: the scheme is no secret, and `abc` alone is one.
fn without_scheme(value: &[u8]) -> &[u8] {
    let Some(space) = value.iter().position(|byte| *byte == b' ') else {
        return value;
    };
    let (scheme, rest) = value.split_at(space);
    let is_scheme = scheme
        .iter()
        .all(|byte| byte.is_ascii_alphabetic() || *byte == b'-');
    if is_scheme && rest.trim_ascii().len() >= SHORTEST {
        rest.trim_ascii()
    } else {
        value
    }
}

/// The first byte that `text` spells, and how many bytes it is spelled with.
fn unescaped(text: &[u8]) -> Option<(u8, usize)> {
    let first = *text.first()?;
    let escaped = match first {
        b'%' => hex(text.get(1..3)).map(|byte| (byte, 3)),
        b'\\' => match *text.get(1)? {
            b'u' if text.get(2..4) == Some(b"00") => hex(text.get(4..6)).map(|byte| (byte, 6)),
            b'x' => hex(text.get(2..4)).map(|byte| (byte, 4)),
            sign @ (b'"' | b'\'' | b'\\' | b'/') => Some((sign, 2)),
            _ => None,
        },
        b'&' => [
            (&b"&amp;"[..], b'&'),
            (b"&lt;", b'<'),
            (b"&gt;", b'>'),
            (b"&quot;", b'"'),
            (b"&#34;", b'"'),
            (b"&#39;", b'\''),
            (b"&#x27;", b'\''),
            (b"&#x2F;", b'/'),
        ]
        .into_iter()
        .find(|(entity, _)| text.starts_with(entity))
        .map(|(entity, byte)| (byte, entity.len())),
        _ => None,
    };
    escaped.or(Some((first, 1)))
}

fn hex(digits: Option<&[u8]>) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let [high, low] = digits? else { return None };
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
