//! Values of labels: any text, in quotes.

/// A name as it stands in a label. A manifest may come from a cloned repository, and whoever looks
/// at metrics in a terminal must not have it obey.
pub(super) use crate::line::one_line as clean;

/// The text as it stands between quotes.
pub(super) fn escape(text: &str, into: &mut String) {
    for char in text.chars() {
        match char {
            '\\' => into.push_str("\\\\"),
            '"' => into.push_str("\\\""),
            '\n' => into.push_str("\\n"),
            other => into.push(other),
        }
    }
}

/// What stands before the quote that ends it, and what stands behind that.
pub(super) fn unescape(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                '\\' => '\\',
                '"' => '"',
                'n' => '\n',
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}
