//! In which forms a value is looked for.
//!
//! As it is; in base64, alone or within a longer text, in both alphabets; percent-encoded as
//! whole texts, forms and JavaScript do it; and escaped as in JSON by encoders that differ in
//! what they escape besides what must be.

use std::fmt::Write;

use secret_runtime::outbound::base64;
use secret_runtime::secret::SecretValue;
use zeroize::Zeroizing;

/// Shorter values stand in texts that have nothing to do with them.
pub(in crate::watch) const SHORTEST: usize = 4;

/// Values that are to be masked.
pub(in crate::watch) type Values = Vec<SecretValue>;

type Text = Zeroizing<Vec<u8>>;

/// All forms of a value; none if it is too short.
pub(super) fn of(value: &[u8]) -> Vec<Text> {
    let mut found: Vec<Text> = Vec::new();
    let trimmed = value.trim_ascii_end();
    for value in [value, trimmed] {
        if value.len() < SHORTEST {
            continue;
        }
        found.push(Zeroizing::new(value.to_vec()));
        for spelling in base64::within(value) {
            found.push(Zeroizing::new(url_safe(&spelling)));
            found.push(spelling);
        }
        for keeps in [&b"-._~"[..], b"-._~!*'()", b"-._*"] {
            for (upper, plus) in [(true, false), (false, false), (true, true), (false, true)] {
                found.push(percent(value, keeps, upper, plus));
            }
        }
        found.extend(json(value));
    }
    found.retain(|spelling| spelling.len() >= SHORTEST);
    found.sort_by(|one, other| one.as_slice().cmp(other.as_slice()));
    found.dedup();
    found
}

fn url_safe(text: &[u8]) -> Vec<u8> {
    let other = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => *byte,
    };
    text.iter().map(other).collect()
}

fn percent(value: &[u8], keeps: &[u8], upper: bool, plus: bool) -> Text {
    let mut text = Zeroizing::new(Vec::with_capacity(value.len() * 3));
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    for &byte in value {
        if byte.is_ascii_alphanumeric() || keeps.contains(&byte) {
            text.push(byte);
        } else if byte == b' ' && plus {
            text.push(b'+');
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            text.extend_from_slice(&[b'%', digits[high], digits[low]]);
        }
    }
    text
}

/// What encoders escape besides what must be.
#[derive(Clone, Copy)]
struct Escapes {
    /// What is not ASCII, as Python and PHP do.
    foreign: bool,
    /// `/`, as PHP does.
    slash: bool,
    /// `<`, `>` and `&`, as Go does.
    html: bool,
}

/// A text in JSON, without the quotes. What is no text has none.
fn json(value: &[u8]) -> Vec<Text> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Vec::new();
    };
    let ways = [
        (false, false, false),
        (true, false, false),
        (true, true, false),
        (false, true, false),
        (false, false, true),
    ];
    let ways = ways.map(|(foreign, slash, html)| Escapes {
        foreign,
        slash,
        html,
    });
    ways.map(|way| escaped(text, way)).into()
}

fn escaped(text: &str, way: Escapes) -> Text {
    // At most six bytes for one.
    let mut escaped = Zeroizing::new(String::with_capacity(text.len() * 6));
    for character in text.chars() {
        let html = way.html && matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        let short = match character {
            '"' => Some('"'),
            '\\' => Some('\\'),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '/' if way.slash => Some('/'),
            _ => None,
        };
        if let Some(short) = short {
            escaped.push('\\');
            escaped.push(short);
        } else if character < ' ' || html || (way.foreign && !character.is_ascii()) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    Zeroizing::new(std::mem::take(&mut *escaped).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &[u8], spelling: &[u8]) -> bool {
        of(value).iter().any(|found| found.as_slice() == spelling)
    }

    #[test]
    fn a_value_is_known_in_all_its_forms() {
        let value = "a b/\"<\u{e9}\n?".as_bytes();
        for spelling in [
            "a b/\"<\u{e9}\n?",
            "a%20b%2F%22%3C%C3%A9%0A%3F",
            "a+b%2f%22%3c%c3%a9%0a%3f",
            "a b/\\\"<\u{e9}\\n?",
            "a b\\/\\\"<\\u00e9\\n?",
            "a b/\\\"\\u003c\u{e9}\\n?",
        ] {
            assert!(has(value, spelling.as_bytes()), "{spelling}");
        }
    }

    #[test]
    fn base64_is_known_wherever_the_value_begins_and_in_both_alphabets() {
        // `>>>???>>>???` has `+` and `/` in it.
        for text in ["Pj4+Pz8/Pj4+Pz8/", "Pj4-Pz8_Pj4-Pz8_"] {
            assert!(has(b">>>???>>>???", text.as_bytes()), "{text}");
        }
        let spellings = of(b"dummy-token");
        for inner in ["ZHVtbXktdG9rZW4", "R1bW15LXRva2Vu", "kdW1teS10b2tlb"] {
            let known = spellings.iter().any(|known| {
                let known = known.as_slice();
                inner
                    .as_bytes()
                    .windows(known.len())
                    .any(|window| window == known)
            });
            assert!(known, "{inner}");
        }
    }

    #[test]
    fn what_is_too_short_is_not_looked_for() {
        assert!(of(b"abc").is_empty());
        assert!(of(b"abc\n").iter().all(|found| found.len() >= SHORTEST));
        assert!(of(b"").is_empty());
    }
}
