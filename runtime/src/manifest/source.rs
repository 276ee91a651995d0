//! The text of a manifest, for pointing into it.
//!
//! A manifest holds no values, but people make mistakes: a `default` with a real
//! password, an unknown key with a token behind it. The parser names every stretch of
//! text that could be a value, and excerpts show asterisks in its place.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Excerpt, Place};

/// A manifest as it was read.
pub struct Source {
    path: PathBuf,
    text: String,
    concealed: Vec<Range<usize>>,
}

impl Source {
    pub(crate) fn new(path: &Path, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            concealed: Vec::new(),
        }
    }

    /// Shows asterisks for this stretch in every excerpt from now on.
    pub(super) fn conceal(&mut self, span: Range<usize>) {
        self.concealed.push(span);
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
        let before = &self.text[..line.start];
        Place {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: self.text[line.start..start].chars().count() + 1,
            excerpt: Some(self.excerpt(line, start..end)),
        }
    }

    fn excerpt(&self, line: Range<usize>, marked: Range<usize>) -> Excerpt {
        let mut shown = String::with_capacity(line.len());
        let mut shown_mark = 0..0;
        for (offset, character) in self.text[line.clone()].char_indices() {
            let at = line.start + offset;
            if at == marked.start {
                shown_mark.start = shown.len();
            }
            if at == marked.end {
                shown_mark.end = shown.len();
            }
            let concealed = self.concealed.iter().any(|range| range.contains(&at));
            shown.push(match character {
                _ if concealed => '*',
                // A terminal must not obey what a cloned repository says.
                control if control.is_control() => ' ',
                harmless => harmless,
            });
        }
        if marked.start == line.end {
            shown_mark.start = shown.len();
        }
        if marked.end == line.end {
            shown_mark.end = shown.len();
        }
        Excerpt {
            line: shown,
            marked: shown_mark,
        }
    }

    fn line_around(&self, offset: usize) -> Range<usize> {
        let offset = self.boundary(offset);
        let start = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[offset..]
            .find('\n')
            .map_or(self.text.len(), |at| offset + at);
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
