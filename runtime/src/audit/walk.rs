//! Following a chain through lines that are there already.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use serde::Deserialize;

use super::digest::Digest;
use super::lines::{LONGEST_LINE, Lines, RawLine};

/// Where a chain stands: the number that the next line has, and what it must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) next: u64,
    pub(super) hash: Digest,
}

impl Link {
    /// Before the first line of all.
    pub(super) const START: Self = Self {
        next: 0,
        hash: Digest::NOTHING,
    };

    /// Behind the line with this number and hash.
    pub(super) fn behind(seq: u64, hash: Digest) -> Self {
        Self {
            next: seq.saturating_add(1),
            hash,
        }
    }
}

/// What ties a line to others.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Mark {
    pub(super) seq: u64,
    pub(super) prev: String,
    pub(super) event: String,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    format: Option<u64>,
    #[serde(default)]
    chain: Option<String>,
    #[serde(default)]
    file: Option<u64>,
    #[serde(default)]
    oldest: Option<u64>,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    sha256: Option<String>,
}

impl Mark {
    pub(super) fn of(line: &RawLine) -> Option<Self> {
        serde_json::from_slice(&line.text).ok()
    }

    pub(super) fn follows(&self, link: Link) -> bool {
        self.seq == link.next && Digest::parse(&self.prev) == Some(link.hash)
    }

    /// The first line of a file: which log, which file of it, the oldest that was kept.
    pub(super) fn heading(&self) -> Option<(&str, u64, u64)> {
        let is_heading = self.event == "file" && self.format == Some(super::line::FORMAT);
        is_heading.then_some((self.chain.as_deref()?, self.file?, self.oldest?))
    }

    /// Whether it says of the line before that it was never ended.
    pub(super) fn gives_up(&self, line: &RawLine) -> bool {
        let digest = self.sha256.as_deref().and_then(Digest::parse);
        self.bytes == Some(line.length) && digest == Some(line.hash)
    }
}

/// What stands behind a place in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// Behind the last line that belongs to the chain.
    pub(super) link: Link,
    /// Whether there is a line that does not.
    pub(super) foreign: bool,
    /// Whether there is a whole line at all.
    pub(super) any: bool,
    /// What stands behind the last line end.
    pub(super) partial: Option<RawLine>,
}

/// Follows the chain from `offset` to the end.
pub(super) fn walk(mut file: &File, offset: u64, link: Link) -> io::Result<Walk> {
    file.seek(SeekFrom::Start(offset))?;
    let mut lines = Lines::of(file);
    let mut walk = Walk {
        link,
        foreign: false,
        any: false,
        partial: None,
    };
    while let Some(line) = lines.next()? {
        if !line.ended {
            walk.partial = Some(line);
            break;
        }
        walk.any = true;
        match Mark::of(&line) {
            Some(mark) if !walk.foreign && mark.follows(walk.link) => {
                walk.link = Link::behind(mark.seq, line.hash);
            }
            _ => walk.foreign = true,
        }
    }
    Ok(walk)
}

/// The end of a file of which nothing else is known: the last whole line, and what stands behind
/// it. Only so much of the end is read as these take.
pub(super) fn last(file: &File, size: u64) -> io::Result<(Option<RawLine>, Option<RawLine>)> {
    let near = size.saturating_sub(2 * LONGEST_LINE as u64);
    let found = last_from(file, near)?;
    if found.0.is_none() && near > 0 {
        return last_from(file, 0);
    }
    Ok(found)
}

fn last_from(mut file: &File, start: u64) -> io::Result<(Option<RawLine>, Option<RawLine>)> {
    file.seek(SeekFrom::Start(start))?;
    let mut lines = Lines::of(file);
    if start > 0 {
        // It begins in the middle of a line.
        lines.next()?;
    }
    let mut last = None;
    while let Some(line) = lines.next()? {
        if !line.ended {
            return Ok((last, Some(line)));
        }
        last = Some(line);
    }
    Ok((last, None))
}

/// The first line of a file.
pub(super) fn first(mut file: &File) -> io::Result<Option<RawLine>> {
    file.rewind()?;
    Lines::of(file).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(content).expect("it is written");
        file
    }

    fn ends(content: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let (last, partial) = last(&file(content), content.len() as u64).expect("it is read");
        let text = |line: RawLine| line.text;
        (last.map(text), partial.map(text))
    }

    #[test]
    fn the_end_is_found_without_the_rest() {
        let of = |line: Option<&str>, partial: Option<&str>| {
            (line.map(Into::into), partial.map(Into::into))
        };
        assert_eq!(ends(b"one\ntwo\n"), of(Some("two"), None));
        assert_eq!(ends(b"one\ntwo\nthr"), of(Some("two"), Some("thr")));
        assert_eq!(ends(b"one\n"), of(Some("one"), None));
        assert_eq!(ends(b"on"), of(None, Some("on")));
        assert_eq!(ends(b""), of(None, None));
        let mut long = b"first\n".to_vec();
        long.extend(vec![b'x'; 5 * LONGEST_LINE]);
        let (last, partial) = ends(&long);
        assert_eq!(last.as_deref(), Some(&b"first"[..]));
        assert_eq!(partial.map(|partial| partial.len()), Some(LONGEST_LINE));
        long.extend(b"\nlast\n");
        assert_eq!(ends(&long), of(Some("last"), None));
    }

    #[test]
    fn a_walk_ends_where_the_chain_does() {
        let line = |link: Link| {
            let Link { next, hash } = link;
            format!(r#"{{"seq":{next},"event":"launch","prev":"{hash}"}}"#)
        };
        let behind = |seq, line: &str| Link::behind(seq, Digest::of(line.as_bytes()));
        let one = line(Link::START);
        let behind_one = behind(0, &one);
        let two = line(behind_one);
        let walked = |text: String| walk(&file(text.as_bytes()), 0, Link::START).expect("read");
        let whole = walked(format!("{one}\n{two}\nthr"));
        assert_eq!(whole.link, behind(1, &two));
        assert!(!whole.foreign && whole.any);
        assert_eq!(whole.partial.expect("there is one").text, b"thr");
        let other = walked(format!("{one}\nnot ours\n{two}\n"));
        assert_eq!((other.link, other.foreign), (behind_one, true));
        let again = walked(format!("{one}\n{one}\n"));
        assert_eq!((again.link, again.foreign), (behind_one, true));
        assert!(!walked("thr".to_owned()).any);
    }
}
