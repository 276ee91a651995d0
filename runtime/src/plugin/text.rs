//! Texts of a guest, made fit to be shown.

use crate::line::is_unfit;

/// What stands where something was taken out.
const REPLACEMENT: char = ' ';
/// What stands where a text was cut.
const ELLIPSIS: char = '…';
/// The longest name or code.
#[cfg(feature = "compile")]
const LONGEST_WORD: usize = 64;

/// `text` without what a terminal would obey, and with at most `most` characters.
///
/// An escape sequence loses its escape character and is harmless text from then on.
pub(super) fn clean(text: &str, most: usize) -> String {
    let mut cleaned: String = text
        .chars()
        .take(most)
        .map(|char| if is_unfit(char) { REPLACEMENT } else { char })
        .collect();
    if text.chars().nth(most).is_some() {
        cleaned.pop();
        cleaned.push(ELLIPSIS);
    }
    cleaned
}

/// Whether `text` is a name as the contract wants it: lower-case words joined by `-`.
#[cfg(feature = "compile")]
pub(super) fn is_word(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.len() <= LONGEST_WORD && text.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_in_a_cleaned_text() {
        assert_eq!(clean("a\x1b[31mb\r\n\u{9b}c\x07", 80), "a [31mb   c ");
        assert_eq!(clean("user\u{202e}txt\u{200b}.\u{2066}", 80), "user txt . ");
        assert_eq!(clean("Grüße, 値", 80), "Grüße, 値");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(clean("äöüß", 4), "äöüß");
        assert_eq!(clean("äöüßé", 4), "äöü…");
        assert_eq!(clean(&"x".repeat(1 << 20), 3), "xx…");
    }

    #[cfg(feature = "compile")]
    #[test]
    fn names_are_lower_case_words_joined_by_hyphens() {
        for name in ["a", "base64", "min-length", "3-d"] {
            assert!(is_word(name), "{name}");
        }
        for name in ["", "-", "a-", "-a", "a--b", "A", "a_b", "a b", "ä", "a\n"] {
            assert!(!is_word(name), "{name}");
        }
        assert!(!is_word(&"x".repeat(65)));
    }
}
