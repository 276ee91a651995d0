//! The content of a JSON string, in a buffer that is wiped.
//!
//! The parser would unescape into a buffer of its own that it never wipes, and that may
//! have moved while it grew; so this is done here.

use zeroize::Zeroizing;

use crate::secret::SecretValue;

/// Takes the quotes and escapes out of `literal`, a whole JSON string that a parser has
/// accepted. `None` if a `\u` escape names half of a surrogate pair.
pub(crate) fn unescape(literal: &str) -> Option<SecretValue> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    // An escape is never shorter than what it stands for: the buffer does not grow.
    let mut text = Zeroizing::new(Vec::with_capacity(inner.len()));
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        let c = match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode(&mut rest)?,
            b'"' | b'\\' | b'/' => char::from(kind),
            _ => return None,
        };
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text.extend_from_slice(rest.as_bytes());
    Some(SecretValue::from(text))
}

/// The character of a `\u` escape, which `rest` follows; a pair is taken together.
fn unicode(rest: &mut &str) -> Option<char> {
    let first = unit(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    *rest = rest.strip_prefix("\\u")?;
    let second = unit(rest)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)
}

fn unit(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4)?;
    *rest = &rest[4..];
    u32::from_str_radix(digits, 16).ok()
}
