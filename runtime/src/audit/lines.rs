//! The lines of a file, whatever is in it: of a line that is longer than any of ours only the
//! hash and the length are kept.

use std::io::{self, BufRead, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::digest::Digest;

/// The longest line that is taken for one of ours. A path and some names are in it.
pub(super) const LONGEST_LINE: usize = 64 << 10;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawLine {
    /// Its beginning, if it is too long.
    pub(super) text: Vec<u8>,
    pub(super) length: u64,
    /// Of all of it.
    pub(super) hash: Digest,
    /// Whether a line end follows.
    pub(super) ended: bool,
}

pub(super) struct Lines<R> {
    reader: BufReader<R>,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(reader: R) -> Self {
        let reader = BufReader::new(reader);
        Self { reader }
    }

    /// The next; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<RawLine>> {
        let mut hasher = Sha256::new();
        let mut line = RawLine {
            text: Vec::new(),
            length: 0,
            hash: Digest::NOTHING,
            ended: false,
        };
        while !line.ended {
            let read = self.reader.fill_buf()?;
            if read.is_empty() {
                break;
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            hasher.update(part);
            line.length += part.len() as u64;
            let room = LONGEST_LINE.saturating_sub(line.text.len());
            line.text.extend(&part[..part.len().min(room)]);
            line.ended = end.is_some();
            let taken = part.len() + usize::from(line.ended);
            self.reader.consume(taken);
        }
        line.hash = Digest::finish(hasher);
        Ok((line.ended || line.length > 0).then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<RawLine> {
        let mut lines = Lines::of(text);
        std::iter::from_fn(|| lines.next().expect("it is read")).collect()
    }

    #[test]
    fn lines_end_where_they_do() {
        let found = lines(b"one\n\ntwo");
        let texts: Vec<_> = found
            .iter()
            .map(|line| (line.text.as_slice(), line.ended))
            .collect();
        assert_eq!(texts, [(&b"one"[..], true), (b"", true), (b"two", false)]);
        assert_eq!(found[0].hash, Digest::of(b"one"));
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_huge_line_costs_no_memory_and_has_its_hash() {
        let huge = vec![b'x'; 10 * LONGEST_LINE];
        let found = lines(&[&huge[..], b"\nshort\n"].concat());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text.len(), LONGEST_LINE);
        assert_eq!(found[0].length, huge.len() as u64);
        assert_eq!(found[0].hash, Digest::of(&huge));
        assert_eq!(found[1].text, b"short");
    }
}
