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
    /// Where it ends if it begins at `at`, as it is or escaped in one of the ways or in several.
    fn end_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = &text[at..];
        let begins = self.same(*rest.first()?, *self.bytes.first()?);
        if !begins && !b"%\\&+".contains(&rest[0]) {
            return None;
        }
        // One way alone, since its encoder leaves the signs of the others as they are.
        let ways: [&[u8]; 5] = [b"", b"%+", b"\\", b"&", b"%+\\&"];
        let ends = ways
            .into_iter()
            .filter_map(|signs| self.length(rest, signs));
        ends.max().map(|length| at + length)
    }

    /// How many bytes of `text` spell it, if it stands at the beginning.
    fn length(&self, text: &[u8], signs: &[u8]) -> Option<usize> {
        let mut length = 0;
        for byte in self.bytes.iter() {
            let rest = &text[length..];
            let first = *rest.first()?;
            let escaped = signs.contains(&first).then(|| unescaped(rest)).flatten();
            let (spelled, step) = escaped.unwrap_or((first, 1));
            let is_space = first == b'+' && *byte == b' ' && signs.contains(&first);
            if !(self.same(spelled, *byte) || is_space) {
                return None;
            }
            length += step;
        }
        Some(length)
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

/// The byte that an escape at the beginning of `text` spells, and how long the escape is.
fn unescaped(text: &[u8]) -> Option<(u8, usize)> {
    match *text.first()? {
        b'%' => hex(text.get(1..3)).map(|byte| (byte, 3)),
        b'\\' => match *text.get(1)? {
            b'u' if text.get(2..4) == Some(b"00") => hex(text.get(4..6)).map(|byte| (byte, 6)),
            b'x' => hex(text.get(2..4)).map(|byte| (byte, 4)),
            sign @ (b'"' | b'\'' | b'\\' | b'/') => Some((sign, 2)),
            _ => None,
        },
        b'&' => entity(text),
        _ => None,
    }
}

/// What an entity of HTML at the beginning of `text` stands for.
fn entity(text: &[u8]) -> Option<(u8, usize)> {
    /// The longest that is looked for: `&#x0002F;`.
    const LONGEST: usize = 9;
    let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let byte = match str::from_utf8(&text[1..end]).ok()? {
        "amp" => b'&',
        "lt" => b'<',
        "gt" => b'>',
        "quot" => b'"',
        "apos" => b'\'',
        name => match name.strip_prefix('#')? {
            digits if digits.starts_with(['x', 'X']) => u8::from_str_radix(&digits[1..], 16),
            digits => digits.parse(),
        }
        .ok()?,
    };
    Some((byte, end + 1))
}

fn hex(digits: Option<&[u8]>) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let [high, low] = digits? else { return None };
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use proptest::prelude::*;

    use super::*;
    use crate::secret::SecretValue;

    fn echoes(token: &[u8]) -> Echoes {
        let credential = HostCredential::Bearer(SecretValue::copy_of(token));
        Echoes::of(std::iter::once(&credential))
    }

    fn masked(token: &str, text: &str) -> String {
        let masked = echoes(token.as_bytes()).masked(text.as_bytes());
        masked.map_or_else(
            || text.to_owned(),
            |masked| String::from_utf8(masked.to_vec()).unwrap(),
        )
    }

    #[test]
    fn every_spelling_is_masked_and_nothing_else() {
        let token = "a+b/c&\"d e%f";
        for (text, expected) in [
            ("", ""),
            ("a+b/c", "a+b/c"),
            ("<a+b/c&\"d e%f>", "<***>"),
            ("a+b/c&\"d e%fa+b/c&\"d e%f", "***"),
            ("a%2Bb%2Fc%26%22d+e%25f", "***"),
            ("a%2bb/c%26%22d%20e%25f.", "***."),
            ("a+b\\/c&\\\"d e%f", "***"),
            ("\\u0061+b/c\\u0026\\\"d e%f", "***"),
            ("\\x61+b/c\\x26\\x22d e%f", "***"),
            ("a&#43;b&#x2F;c&amp;&quot;d e%f", "***"),
            ("a&#43;b&#x2F;c&amp;&#0034;d e%f", "***"),
            ("a&#43;b&#x2F;c&amp", "a&#43;b&#x2F;c&amp"),
        ] {
            assert_eq!(masked(token, text), expected, "{text}");
        }
    }

    #[test]
    fn a_scheme_is_left_out_only_where_something_is_left() {
        for (value, left) in [
            ("Bearer dummy-token", "dummy-token"),
            ("Token   dummy-token", "dummy-token"),
            ("dummy-token", "dummy-token"),
            ("dummy-token ab", "dummy-token ab"),
            ("dummy1 dummy2", "dummy1 dummy2"),
        ] {
            assert_eq!(without_scheme(value.as_bytes()), left.as_bytes(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_credential_is_found_wherever_it_stands(
            token in "[ -~]{6,40}", before in "[ -~]{0,9}", after in "[ -~]{0,9}",
        ) {
            let text = format!("{before}{token}{after}");
            let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let json = serde_json::to_string(&token).unwrap();
            let base64 = base64::encode(text.as_bytes());
            let echoes = echoes(token.as_bytes());
            for spelling in [text.as_bytes(), percent.as_bytes(), json.as_bytes(), &base64] {
                let masked = echoes.masked(spelling).unwrap();
                prop_assert!(echoes.masked(&masked).is_none());
            }
        }

        #[test]
        fn any_bytes_can_be_looked_through(text in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(echoes(b"dummy-token").masked(&text).is_none());
        }
    }
}
