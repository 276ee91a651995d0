//! The text of a manifest, for pointing into it.
//!
//! A manifest holds no values, but people make mistakes: a `default` with a real
//! password, an unknown key with a token behind it. The parser names every stretch of
//! text that could be a value, and excerpts show asterisks in its place.
//!
//! A manifest of a cloned repository may be one line of a megabyte with a mistake in every word:
//! a place costs no walk through the text, and shows a piece of a long line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::{Excerpt, Place};
use crate::line::is_unfit;

/// So many bytes of a line are shown, at most.
const SHOWN: usize = 240;
/// So many of them stand before what is marked.
const BEFORE: usize = 80;
/// Stands where a line was cut.
const CUT: char = '…';

/// A manifest as it was read.
pub struct Source {
    path: PathBuf,
    text: String,
    /// Where each line begins, once a place was asked for.
    lines: OnceLock<Vec<usize>>,
    /// The ends of what is not shown, by where it begins. No two touch each other.
    concealed: BTreeMap<usize, usize>,
}

impl Source {
    pub(crate) fn new(path: &Path, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            lines: OnceLock::new(),
            concealed: BTreeMap::new(),
        }
    }

    /// Shows asterisks for this stretch in every excerpt from now on.
    pub(super) fn conceal(&mut self, span: Range<usize>) {
        let Range { mut start, mut end } = span;
        while let Some((&from, &to)) = self.concealed.range(..=end).next_back()
            && to >= start
        {
            self.concealed.remove(&from);
            start = start.min(from);
            end = end.max(to);
        }
        self.concealed.insert(start, end);
    }

    fn is_concealed(&self, at: usize) -> bool {
        let before = self.concealed.range(..=at).next_back();
        before.is_some_and(|(_, end)| at < *end)
    }

    /// Shows nothing of this line but a key before its first `=`: for text that did not
    /// parse, where nobody can tell a value from a key. What ends in `=` is no key, but
    /// probably base64 out of a text of several lines.
    pub(super) fn conceal_after_equals(&mut self, offset: usize) {
        let line = self.line_around(offset);
        let is_key = |text: &str| {
            let mut bytes = text.trim().bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        };
        let key = self.text[line.clone()]
            .split_once('=')
            .filter(|(key, rest)| is_key(key) && !matches!(rest.trim(), "" | "="))
            .map_or(0, |(key, _)| key.len() + 1);
        self.conceal(line.start + key..line.end);
    }

    /// The file, as it was named or found.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that relative paths in the manifest start from; empty for the working
    /// directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// What tells this text from any other.
    pub(crate) fn digest(&self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The text of a stretch, for the parser alone.
    pub(super) fn slice(&self, span: &Range<usize>) -> Option<&str> {
        self.text.get(span.clone())
    }

    /// Where `span` stands, with its line.
    #[must_use]
    pub fn place(&self, span: &Range<usize>) -> Place {
        let start = self.boundary(span.start);
        let line = self.line_around(start);
        let start = start.min(line.end);
        let end = self.boundary(span.end).clamp(start, line.end);
        Place {
            file: self.path.clone(),
            line: self.line_of(line.start) + 1,
            column: self.text[line.start..start].chars().count() + 1,
            excerpt: Some(self.excerpt(line, start..end)),
        }
    }

    /// What is shown of a line, so that `marked` begins in it.
    fn window(&self, line: &Range<usize>, marked: &Range<usize>) -> Range<usize> {
        if line.len() <= SHOWN {
            return line.clone();
        }
        let latest = line.end.saturating_sub(SHOWN);
        let start = marked.start.saturating_sub(BEFORE).min(latest);
        let start = self.boundary(start.max(line.start));
        // Characters are up to four bytes, so that the latest start may be some bytes early.
        let reaches_end = start + SHOWN + 4 > line.end;
        start..self.boundary(if reaches_end { line.end } else { start + SHOWN })
    }

    fn excerpt(&self, line: Range<usize>, marked: Range<usize>) -> Excerpt {
        let window = self.window(&line, &marked);
        let marked = marked.start..marked.end.min(window.end);
        let mut shown = String::with_capacity(window.len());
        let mut shown_mark = 0..0;
        if window.start > line.start {
            shown.push(CUT);
        }
        for (offset, character) in self.text[window.clone()].char_indices() {
            let at = window.start + offset;
            if at == marked.start {
                shown_mark.start = shown.len();
            }
            if at == marked.end {
                shown_mark.end = shown.len();
            }
            shown.push(match character {
                _ if self.is_concealed(at) => '*',
                // A terminal must not obey what a cloned repository says.
                unfit if is_unfit(unfit) => ' ',
                harmless => harmless,
            });
        }
        if marked.start == window.end {
            shown_mark.start = shown.len();
        }
        if marked.end == window.end {
            shown_mark.end = shown.len();
        }
        if window.end < line.end {
            shown.push(CUT);
        }
        Excerpt {
            line: shown,
            marked: shown_mark,
        }
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(ends).collect()
        })
    }

    /// The number of the line that a byte stands in, counted from 0.
    fn line_of(&self, offset: usize) -> usize {
        self.lines().partition_point(|start| *start <= offset) - 1
    }

    fn line_around(&self, offset: usize) -> Range<usize> {
        let number = self.line_of(self.boundary(offset));
        let start = self.lines()[number];
        let next = self.lines().get(number + 1);
        let end = next.map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') {
            end - 1
        } else {
            end
        };
        start..end.max(start)
    }

    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source::new(Path::new("secrets.toml"), "a = 1\r\nä = 2\n");
        let place = source.place(&(7..9));
        assert_eq!((place.line, place.column), (2, 1));
        let place = source.place(&(12..13));
        assert_eq!((place.line, place.column), (2, 5));
        let excerpt = place.excerpt.expect("manifests have excerpts");
        assert_eq!(excerpt.line, "ä = 2");
        assert_eq!(&excerpt.line[excerpt.marked], "2");
    }

    #[test]
    fn concealed_text_shows_as_asterisks_and_marks_still_fit() {
        let mut source = Source::new(Path::new("m"), "value = \"hünter2\" # note");
        source.conceal(8..18);
        let excerpt = source.place(&(8..18)).excerpt.expect("an excerpt");
        assert_eq!(excerpt.line, "value = ********* # note");
        assert_eq!(&excerpt.line[excerpt.marked], "*********");
    }

    #[test]
    fn what_is_concealed_in_pieces_is_concealed_as_a_whole() {
        let text = "0123456789";
        for order in [[0, 1, 2, 3], [3, 1, 2, 0], [2, 3, 0, 1]] {
            let pieces = [1..3, 2..5, 5..6, 8..9];
            let mut source = Source::new(Path::new("m"), text);
            for piece in order {
                source.conceal(pieces[piece].clone());
            }
            let excerpt = source.place(&(0..1)).excerpt.expect("an excerpt");
            assert_eq!(excerpt.line, "0*****67*9", "{order:?}");
        }
    }

    #[test]
    fn of_a_long_line_a_piece_around_the_mark_is_shown() {
        let text = format!("a = 1\n{}X{}\n", "ä".repeat(5_000), "ö".repeat(5_000));
        let source = Source::new(Path::new("m"), &text);
        let at = text.find('X').expect("it is there");
        let place = source.place(&(at..at + 1));
        assert_eq!((place.line, place.column), (2, 5_001));
        let excerpt = place.excerpt.expect("an excerpt");
        assert_eq!(&excerpt.line[excerpt.marked], "X");
        assert!(excerpt.line.starts_with("…ä") && excerpt.line.ends_with("ö…"));
        assert!(excerpt.line.len() < 2 * SHOWN);
        let excerpt = source.place(&(6..text.len())).excerpt.expect("an excerpt");
        assert!(excerpt.line.starts_with('ä') && excerpt.marked.len() <= SHOWN);
        let end = text.len() - 1;
        let excerpt = source.place(&(end..end)).excerpt.expect("an excerpt");
        assert!(excerpt.line.starts_with('…') && excerpt.line.ends_with('ö'));
        assert_eq!(excerpt.marked, excerpt.line.len()..excerpt.line.len());
    }

    #[test]
    fn any_offset_is_a_place() {
        let source = Source::new(Path::new("m"), "ä\n\u{1b}[2Jö");
        for start in 0..20 {
            for end in 0..20 {
                let place = source.place(&(start..end));
                let excerpt = place.excerpt.expect("an excerpt");
                assert!(excerpt.line.get(excerpt.marked).is_some());
                assert!(!excerpt.line.contains('\u{1b}'));
            }
        }
    }
}
