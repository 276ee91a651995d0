//! Base64 of credentials: to send it, and to know it when it comes back.
//!
//! Everything here is a credential in another spelling, so it is wiped like one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The usual alphabet, with padding.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
    let written = STANDARD.encode_slice(bytes, &mut text);
    written.expect("four characters for each three bytes are room enough");
    text
}

/// What base64 of any text with `bytes` in it has in it: one spelling for each place at which
/// `bytes` can begin within a group of three. Characters that also depend on the neighbours are
/// left out.
#[must_use]
pub fn within(bytes: &[u8]) -> [Zeroizing<Vec<u8>>; 3] {
    [0_usize, 1, 2].map(|offset| {
        let mut shifted = Zeroizing::new(Vec::with_capacity(offset + bytes.len()));
        shifted.resize(offset, 0);
        shifted.extend_from_slice(bytes);
        let from = (offset * 8).div_ceil(6);
        let to = shifted.len() * 8 / 6;
        let text = encode(&shifted);
        Zeroizing::new(text.get(from..to).unwrap_or_default().to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_standard_come_out() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(*encode(bytes.as_bytes()), text.as_bytes(), "{bytes}");
        }
        assert_eq!(*encode(&[0xfb, 0xff, 0xbf]), b"+/+/");
    }

    #[test]
    fn base64_of_a_longer_text_has_one_of_the_spellings_in_it() {
        let needle = b"dummy-token";
        for before in 0..7 {
            for after in 0..4 {
                let mut text = vec![b'<'; before];
                text.extend_from_slice(needle);
                text.extend(vec![b'>'; after]);
                let encoded = encode(&text);
                let found = within(needle).iter().any(|one| {
                    encoded
                        .windows(one.len())
                        .any(|part| part == one.as_slice())
                });
                assert!(found, "{before} {after}");
            }
        }
    }
}
