//! Takes values out of the texts that a plugin answers with.
//!
//! A plugin may put into a text what it read, also of another document, by carelessness or to
//! help. What is looked for: each document without white space around it, and in what looks like
//! JSON each string and each longer number, as it is read and as it is spelled. Not found: other
//! spellings, such as base64; a plugin that wants to hide a value in a text can.
//!
//! It costs what it may cost and no more. Where that does not do, no text is shown.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use crate::extract::unescape;
use crate::secret::SecretValue;

/// A value as short as this is in many texts by chance.
const SHORTEST: usize = 4;
/// A number as short as this is one of a port, a year or a count.
const SHORTEST_NUMBER: usize = 6;
/// A longer text is no message, and nothing of it is shown.
const LONGEST_TEXT: usize = 16 * 1024;
/// More values than this are not looked for.
const MOST: usize = 16 * 1024;
/// Bytes of texts that are looked through in one run, once for each value.
const WORK: usize = 256 * 1024 * 1024;

/// What stands in place of a value, whatever its length.
const MASK: &str = "***";

/// What was read in a run, to be masked.
pub(super) struct Masks {
    values: Vec<SecretValue>,
    is_complete: bool,
    work_left: usize,
}

impl Masks {
    /// All that these documents hold.
    pub(super) fn of<'a>(documents: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut found = Found::default();
        for document in documents {
            // What is no text is in no text.
            if let Ok(text) = std::str::from_utf8(document) {
                found.document(text);
            }
        }
        Self {
            values: found.values,
            is_complete: found.is_complete,
            work_left: WORK,
        }
    }

    /// Whether a text of this length may be shown at all.
    pub(super) const fn fits(&self, text: &str) -> bool {
        self.is_complete && text.len() <= LONGEST_TEXT
    }

    /// `text` with a mask for each value; `None` where values could be left in it.
    pub(super) fn apply(&mut self, text: &str) -> Option<String> {
        if !self.fits(text) {
            return None;
        }
        let mut ranges = Vec::new();
        for value in &self.values {
            let value = std::str::from_utf8(value.expose()).ok()?;
            let mut from = 0;
            loop {
                self.work_left = self.work_left.checked_sub(text.len() - from)?;
                let Some(at) = text[from..].find(value) else {
                    break;
                };
                let start = from + at;
                ranges.push(start..start + value.len());
                // Its own end can be its beginning, too.
                from = start + text[start..].chars().next().map_or(1, char::len_utf8);
            }
        }
        ranges.sort_by_key(|range| (range.start, Reverse(range.end)));
        Some(masked(text, ranges))
    }
}

/// Values as they are found.
struct Found<'a> {
    values: Vec<SecretValue>,
    known: HashSet<&'a str>,
    is_complete: bool,
}

impl Default for Found<'_> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            known: HashSet::new(),
            is_complete: true,
        }
    }
}

impl<'a> Found<'a> {
    fn document(&mut self, text: &'a str) {
        // A line end that a tool left behind the value is not in what a text quotes.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        self.value(text, SHORTEST);
        if text.starts_with(['{', '[', '"']) {
            self.json(text);
        }
    }

    /// Reads strings and numbers one after the other. Whether it is JSON as a whole, and how
    /// deep, does not matter.
    fn json(&mut self, text: &'a str) {
        let mut rest = text;
        while let Some(at) = rest.find(|sign: char| sign == '"' || sign.is_ascii_digit()) {
            let token = &rest[at..];
            if token.starts_with('"') {
                let end = end_of_string(token);
                rest = &token[end..];
                let is_key = rest.trim_ascii_start().starts_with(':');
                if !is_key {
                    self.string(&token[..end]);
                }
            } else {
                let end = token
                    .find(|sign: char| !matches!(sign, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'));
                let (number, behind) = token.split_at(end.unwrap_or(token.len()));
                self.value(number, SHORTEST_NUMBER);
                rest = behind;
            }
        }
    }

    fn string(&mut self, literal: &'a str) {
        let spelled = literal.trim_matches('"');
        self.value(spelled, SHORTEST);
        if spelled.contains('\\')
            && let Some(read) = unescape(literal)
            && read.expose().len() >= SHORTEST
        {
            self.keep(read);
        }
    }

    fn value(&mut self, value: &'a str, shortest: usize) {
        // One that is longer than a text is in none.
        if (shortest..=LONGEST_TEXT).contains(&value.len()) && self.known.insert(value) {
            self.keep(SecretValue::copy_of(value.as_bytes()));
        }
    }

    fn keep(&mut self, value: SecretValue) {
        if self.values.len() < MOST {
            self.values.push(value);
        } else {
            self.is_complete = false;
        }
    }
}

/// Where the string at the beginning ends: behind its quote, or with the text.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// One mask for what overlaps or touches.
fn masked(text: &str, ranges: Vec<Range<usize>>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut copied = 0;
    let mut is_masked = false;
    for range in ranges {
        if range.start > copied || !is_masked {
            shown.push_str(&text[copied..range.start]);
            shown.push_str(MASK);
            is_masked = true;
        }
        copied = copied.max(range.end);
    }
    shown.push_str(&text[copied..]);
    shown
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use proptest::prelude::*;

    use super::*;

    fn masks(documents: &[&str]) -> Masks {
        Masks::of(documents.iter().map(|document| document.as_bytes()))
    }

    #[track_caller]
    fn shows(documents: &[&str], text: &str, shown: &str) {
        assert_eq!(masks(documents).apply(text).unwrap(), shown);
    }

    #[test]
    fn documents_are_masked_whole_and_what_overlaps_leaves_no_end() {
        let documents = ["dummy-one\n", "one-two", "abcabc", "tiny", "no"];
        shows(&documents, "<dummy-one>", "<***>");
        shows(&documents, "<dummy-one-two>", "<***>");
        shows(&documents, "<dummy-onetiny>", "<***>");
        shows(&documents, "abcabcabc.", "***.");
        shows(&documents, "no tin one dummy", "no tin one dummy");
        shows(&documents, "", "");
        shows(&["dummy"], "dummy dummy", "*** ***");
        shows(&["schlüssel-鍵"], "ein schlüssel-鍵!", "ein ***!");
    }

    #[test]
    fn strings_and_numbers_of_json_are_masked_and_keys_are_not() {
        let document = r#" {"user" : "dummy-user", "deep": [[{"password":"du\"m\u006dy\n"}]],
            "pin": 12345678, "small": 8080, "flag": true, "short": "abc"} "#;
        for (text, shown) in [
            ("no user dummy-user here", "no user *** here"),
            ("the password is du\"mmy\n.", "the password is ***."),
            (r#"{"password":"du\"m\u006dy\n"}"#, r#"{"password":"***"}"#),
            (
                "pin 12345678, port 8080, abc, true",
                "pin ***, port 8080, abc, true",
            ),
        ] {
            shows(&[document], text, shown);
        }
        // No JSON as a whole, and deeper than a parser goes.
        shows(
            &["{\"a\":\"dummy-cut\", \"b\":\"dummy-"],
            "dummy-cut",
            "***",
        );
        let deep = format!("{}\"dummy-deep\"", "[".repeat(100_000));
        shows(&[&deep], "it is dummy-deep", "it is ***");
        shows(&["\u{feff}[\"dummy-mark\"]"], "dummy-mark", "***");
    }

    #[test]
    fn what_costs_too_much_is_not_shown() {
        let document = "dummy-value";
        let long = "x".repeat(LONGEST_TEXT);
        assert_eq!(masks(&[document]).apply(&long).as_ref(), Some(&long));
        assert_eq!(masks(&[document]).apply(&format!("{long}x")), None);

        let many = |count: usize| {
            let strings: Vec<_> = (0..count).map(|index| format!("\"v{index:07}\"")).collect();
            format!("[{}]", strings.join(","))
        };
        let most = many(MOST);
        assert_eq!(masks(&[&most]).apply("v0000007").unwrap(), "***");
        assert_eq!(masks(&[&many(MOST + 1)]).apply("v0000007"), None);

        // A run has so much time for all its texts.
        let mut masks = masks(&[&most]);
        let texts = (0..).take_while(|_| masks.apply(&long[..4096]).is_some());
        assert_eq!(texts.count(), WORK / 4096 / MOST);
        assert_eq!(masks.apply("v0000007 and more"), None);
    }

    proptest! {
        #[test]
        fn no_value_is_left(
            values in prop::collection::vec("[a-c\"\\\\ü]{4,9}", 1..6), text in "[a-c\"\\\\ü]{0,60}",
        ) {
            let json = serde_json::to_string(&values).unwrap();
            for documents in [vec![json.as_str()], values.iter().map(String::as_str).collect()] {
                let shown = masks(&documents).apply(&text).unwrap();
                for value in values.iter().filter(|value| value.trim() == *value) {
                    prop_assert!(!shown.contains(value.as_str()));
                }
            }
        }

        #[test]
        fn any_document_can_be_looked_through(document in "\\PC{0,200}", text in "\\PC{0,60}") {
            let json = format!("{{{document}");
            prop_assert!(masks(&[&document, &json]).apply(&text).is_some());
        }
    }
}
