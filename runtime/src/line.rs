//! Texts of others as one line that shows what it is.
//!
//! Names of a cloned repository, words of a plugin: what a terminal would obey, what ends a
//! line, and what is invisible and shows the rest in another order could all forge what stands
//! around it.

/// What stands where a character was taken out.
const REPLACEMENT: char = '\u{fffd}';

/// `text` on one line, without anything that a terminal would obey or that reorders it.
#[must_use]
pub fn one_line(text: &str) -> String {
    let fit = |char| if is_unfit(char) { REPLACEMENT } else { char };
    text.chars().map(fit).collect()
}

/// Control characters, line ends included, and the invisible ones that reorder a line or break
/// it.
#[must_use]
pub fn is_unfit(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// JSON without what a terminal would obey, and without a loss: such characters stand in its texts,
/// where they can be escaped. Line ends stay.
#[must_use]
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for char in json.chars() {
        if char == '\n' || !is_unfit(char) {
            escaped.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escape_json, is_unfit, one_line};

    #[test]
    fn json_says_the_same_without_them() {
        let text = "k\u{9b}2J\u{202e}\u{7f}\u{e0041}\n\t\u{1b}é";
        let json = serde_json::json!({ "message": text });
        let escaped = escape_json(&format!("{json:#}\n"));
        assert!(!escaped.contains(|char| char != '\n' && is_unfit(char)));
        let read: serde_json::Value = serde_json::from_str(&escaped).expect("it is JSON still");
        assert_eq!(read, json);
    }

    #[test]
    fn nothing_ends_a_line_or_turns_it_around() {
        assert_eq!(
            one_line("a\nb\r\tc\u{9b}2J"),
            "a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}2J"
        );
        assert_eq!(one_line("a\u{202e}b\u{2066}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(one_line("Grüße, 値"), "Grüße, 値");
    }
}
