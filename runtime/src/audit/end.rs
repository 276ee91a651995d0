//! Finding where the next line goes, and whether something happened to those before.
//!
//! Usually the file beside the log knows, and nothing of the log is read. Otherwise only what
//! stands behind the end that it knows is, or the last line.

use std::fs::File;
use std::path::Path;

use super::error::AuditError;
use super::event::Notice;
use super::head::Head;
use super::lines::RawLine;
use super::log::Log;
use super::run::random;
use super::walk::{self, Link, Mark};
use crate::own_file;

/// What every line of ours begins with.
const BEGINNING: &[u8] = br#"{"seq":"#;

/// Where a log ends.
#[derive(Debug)]
pub(super) struct End {
    pub(super) chain: String,
    pub(super) file: u64,
    pub(super) oldest: u64,
    /// What the next line continues.
    pub(super) link: Link,
    /// Of the file.
    pub(super) size: u64,
    /// Whether no whole line is in it yet.
    pub(super) fresh: bool,
    /// Whether the last line has no end.
    pub(super) partial: bool,
    /// What is odd, in the order in which it is said.
    pub(super) notices: Vec<Notice>,
}

impl End {
    pub(super) fn find(
        log: &Log,
        head: Option<Head>,
        file: &File,
        size: u64,
    ) -> Result<Self, AuditError> {
        let read = || AuditError::io(&log.path, "read");
        let Some(head) = head else {
            return Self::without_head(log, file, size);
        };
        let known = head.size;
        let mut end = Self::of_head(head, size);
        if size == known {
            return Ok(end);
        }
        let noted = end.link;
        let mut from = known;
        if let Some((full, full_size)) = previous(log, end.file)? {
            // The machine stopped after the full file was moved.
            let walked = walk::walk(&full, known.min(full_size), end.link).map_err(read())?;
            end.link = walked.link;
            end.file += 1;
            from = 0;
        }
        if size < from {
            end.note_unknown(noted);
            end.notices.push(Notice::LinesMissing);
            let (last, partial) = walk::last(file, size).map_err(read())?;
            end.fresh = last.is_none();
            end.note_partial(partial);
            return Ok(end);
        }
        let walked = walk::walk(file, from, end.link).map_err(read())?;
        end.link = walked.link;
        end.fresh = from == 0 && !walked.any;
        end.note_unknown(noted);
        if walked.foreign {
            end.notices.push(Notice::ForeignLines);
        }
        end.note_partial(walked.partial);
        Ok(end)
    }

    fn of_head(head: Head, size: u64) -> Self {
        Self {
            link: Link {
                next: head.seq.saturating_add(1),
                hash: head.hash,
            },
            chain: head.chain,
            file: head.file,
            oldest: head.oldest,
            size,
            fresh: size == 0,
            partial: false,
            notices: Vec::new(),
        }
    }

    /// A new log, or one whose end nobody vouches for.
    fn without_head(log: &Log, file: &File, size: u64) -> Result<Self, AuditError> {
        let lines = last_lines(&log.path, file, size)?;
        if let Some(lines) = lines.whole {
            return Ok(Self::of_lines(lines, size));
        }
        let mut end = match last_full(&log.path)? {
            Some((number, path)) => {
                let (file, metadata) = own_file::to_read(&path)?;
                let lines = last_lines(&path, &file, metadata.len())?.whole;
                let lines = lines.ok_or(AuditError::NotALog { path })?;
                let mut end = Self::of_lines(lines, size);
                end.file = number + 1;
                end
            }
            None => Self {
                chain: random(),
                file: 1,
                oldest: 1,
                link: Link::START,
                size,
                fresh: true,
                partial: false,
                notices: Vec::new(),
            },
        };
        (end.fresh, end.partial) = (true, false);
        end.note_partial(lines.partial);
        Ok(end)
    }

    fn of_lines(lines: WholeLines, size: u64) -> Self {
        let mut end = Self {
            chain: lines.chain,
            file: lines.file,
            oldest: lines.oldest,
            link: lines.link,
            size,
            fresh: false,
            partial: false,
            notices: vec![Notice::HeadLost],
        };
        end.note_partial(lines.partial);
        end
    }

    /// Whoever reads a log can write lines that fit. A machine that stops leaves such lines, too, so
    /// they are continued, and said.
    fn note_unknown(&mut self, noted: Link) {
        if self.link != noted {
            self.notices.push(Notice::BehindHead);
        }
    }

    /// What stands behind the last line end is not continued. It is said first, so that who
    /// verifies the log finds it right behind.
    fn note_partial(&mut self, partial: Option<RawLine>) {
        let Some(partial) = partial else {
            return;
        };
        self.partial = true;
        let notice = Notice::PartialLine {
            bytes: partial.length,
            sha256: partial.hash.to_string(),
        };
        self.notices.insert(0, notice);
    }

    /// What the file beside the log says once `length` bytes more are in it.
    pub(super) fn head(self, link: Link, length: usize) -> Head {
        Head {
            chain: self.chain,
            file: self.file,
            oldest: self.oldest,
            seq: link.next.saturating_sub(1),
            hash: link.hash,
            size: self.size + length as u64,
        }
    }
}

/// What can be learned of a file alone.
struct KnownLines {
    /// Nothing, if it has no whole line.
    whole: Option<WholeLines>,
    partial: Option<RawLine>,
}

struct WholeLines {
    chain: String,
    file: u64,
    oldest: u64,
    link: Link,
    partial: Option<RawLine>,
}

/// Reads the first line and the last, and nothing between. What is no log is not added to.
fn last_lines(path: &Path, file: &File, size: u64) -> Result<KnownLines, AuditError> {
    let not_a_log = || AuditError::NotALog {
        path: path.to_owned(),
    };
    let (last, partial) = walk::last(file, size).map_err(AuditError::io(path, "read"))?;
    let Some(last) = last else {
        let is_ours = |partial: &RawLine| {
            BEGINNING.starts_with(&partial.text) || partial.text.starts_with(BEGINNING)
        };
        if partial.as_ref().is_none_or(is_ours) {
            let whole = None;
            return Ok(KnownLines { whole, partial });
        }
        return Err(not_a_log());
    };
    let first = walk::first(file).map_err(AuditError::io(path, "read"))?;
    let first = first.as_ref().and_then(Mark::of).ok_or_else(not_a_log)?;
    let (chain, number, oldest) = first.heading().ok_or_else(not_a_log)?;
    let mark = Mark::of(&last).ok_or_else(not_a_log)?;
    Ok(KnownLines {
        whole: Some(WholeLines {
            chain: chain.to_owned(),
            file: number,
            oldest,
            link: Link::behind(mark.seq, last.hash),
            partial,
        }),
        partial: None,
    })
}

/// The file of that number, if it was moved aside already.
fn previous(log: &Log, number: u64) -> Result<Option<(File, u64)>, AuditError> {
    match own_file::to_read(&log.numbered(number)) {
        Ok((file, metadata)) => Ok(Some((file, metadata.len()))),
        Err(error) if own_file::is_missing(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The full file with the highest number.
fn last_full(path: &Path) -> Result<Option<(u64, std::path::PathBuf)>, AuditError> {
    let last = numbers(path)?.into_iter().max();
    Ok(last.map(|number| (number, super::log::numbered(path, number))))
}

/// The numbers of all full files that lie beside the log.
pub(super) fn numbers(path: &Path) -> Result<Vec<u64>, AuditError> {
    let read = || AuditError::io(path, "read");
    let mut numbers = Vec::new();
    let start = path.file_name().unwrap_or_default().to_string_lossy();
    for entry in std::fs::read_dir(own_file::folder(path)).map_err(read())? {
        let name = entry.map_err(read())?.file_name();
        let name = name.to_string_lossy();
        let number: Option<u64> = name
            .strip_prefix(start.as_ref())
            .and_then(|rest| rest.strip_prefix('.'))
            .filter(|digits| !digits.starts_with(['0', '+']))
            .and_then(|digits| digits.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}
