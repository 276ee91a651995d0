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

#[cfg(test)]
mod tests {
    use super::one_line;

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
