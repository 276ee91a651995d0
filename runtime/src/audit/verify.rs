//! Holding each line against the one before, and the last against what is known of the end.
//!
//! Everything is reported, not the first alone. After a line that does not fit the next is held
//! against it, so that one change is one finding.

use std::fs::File;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::digest::Digest;
use super::error::AuditError;
use super::event::BEHIND_HEAD;
use super::files::{LogFiles, Opened, unreadable};
use super::head::Head;
use super::lines::{Lines, RawLine};
use super::walk::{Link, Mark};

/// What was found of a log.
#[derive(Debug)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// How many lines were held against each other.
    pub lines: u64,
    /// The number of the last line in the log.
    pub last: Option<u64>,
    /// Its hash: who keeps it elsewhere can tell later that the log up to here is the same.
    pub hash: Option<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is worth knowing, and has an explanation.
    pub remarks: Vec<Finding>,
}

/// One thing that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; nothing if it is about the file as a whole.
    pub line: Option<u64>,
    /// What.
    pub fault: Fault,
}

/// What can be found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// No JSON, or none of ours.
    #[error("this is no line of an audit log")]
    NotALine,
    /// The first line says nothing of the file.
    #[error("the file does not begin as one of an audit log does")]
    NoHeading,
    /// Of another log.
    #[error("this file is of another audit log than the one before")]
    OtherLog,
    /// A file at the wrong place.
    #[error("this is file {found} of the log, where file {expected} belongs")]
    FileOrder {
        /// Which belongs there.
        expected: u64,
        /// Which it is.
        found: u64,
    },
    /// A file that was kept is not there.
    #[error("file {number} of the log is missing")]
    FileMissing {
        /// Which.
        number: u64,
    },
    /// A line and the hash in the next do not fit.
    #[error("this line was changed, or the one after it: their hashes do not fit")]
    Changed,
    /// Lines before it are gone.
    #[error("{}", missing(*count, "before this one"))]
    Removed {
        /// How many.
        count: u64,
    },
    /// It stands where another belongs.
    #[error(
        "this is line {found} of the log, where line {expected} belongs: it was moved or inserted"
    )]
    Order {
        /// The number of the line that belongs there.
        expected: u64,
        /// The number that it has.
        found: u64,
    },
    /// Lines at the end are gone.
    #[error("{}", missing(*count, "at the end"))]
    EndMissing {
        /// How many.
        count: u64,
    },
    /// The last line is another.
    #[error("this line was changed: the file `.head` beside the log knows another hash")]
    EndChanged,
    /// Nothing is known of the end.
    #[error(
        "the file `.head` beside it is missing: whether lines are gone from the end cannot be told"
    )]
    NoHead,
    /// Nothing was known of the end when this was written.
    #[error("the file `.head` was missing when this line was written: lines may be gone before it")]
    HeadLost,
    /// Lines that the file beside the log knows nothing of.
    #[error("{}: the machine stopped before they were noted, or somebody else wrote them", behind(*count))]
    BehindHead {
        /// How many.
        count: u64,
    },
    /// There were such lines when this was written.
    #[error(
        "the file `.head` knew nothing of lines before this one: the machine stopped, or somebody else \
         wrote them"
    )]
    WasBehindHead,
    /// A line without an end, which the next run continued behind.
    #[error("the machine stopped while this line was written; the line after it says so")]
    GivenUp,
    /// A line without an end.
    #[error("this line has no end: it is being written, or the machine stopped")]
    Unended,
    /// The beginning is elsewhere.
    #[error("this is file {number} of the log; those before it were not looked at")]
    Later {
        /// Which.
        number: u64,
    },
}

fn missing(count: u64, place: &str) -> String {
    if count == 1 {
        format!("a line {place} is missing")
    } else {
        format!("{count} lines {place} are missing")
    }
}

fn behind(count: u64) -> String {
    if count == 1 {
        "the file `.head` knows nothing of the last line".to_owned()
    } else {
        format!("the file `.head` knows nothing of the last {count} lines")
    }
}

impl Fault {
    /// A stable token.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotALine => "not-a-line",
            Self::NoHeading => "no-heading",
            Self::OtherLog => "other-log",
            Self::FileOrder { .. } => "file-order",
            Self::FileMissing { .. } => "file-missing",
            Self::Changed => "line-changed",
            Self::Removed { .. } => "lines-removed",
            Self::Order { .. } => "line-order",
            Self::EndMissing { .. } => "end-missing",
            Self::EndChanged => "end-changed",
            Self::NoHead => "no-head",
            Self::HeadLost => "head-lost",
            Self::BehindHead { .. } | Self::WasBehindHead => BEHIND_HEAD,
            Self::GivenUp => "partial-line",
            Self::Unended => "unended-line",
            Self::Later { .. } => "later-file",
        }
    }
}

/// Verifies files that were written one after the other. If they are all files of a log, none may be
/// missing, and the end must be known.
///
/// # Errors
/// When a file cannot be read.
pub fn verify(files: &LogFiles) -> Result<Report, AuditError> {
    let all = matches!(files, LogFiles::Of(_));
    let opened = Opened::all(files)?;
    let mut verifier = Verifier {
        head: opened.head.clone(),
        ..Verifier::default()
    };
    for (path, file) in &opened.files {
        let read = verifier.file(path, file);
        read.map_err(unreadable(path))?;
    }
    if let Some((path, _)) = opened.files.last() {
        verifier.end(path, all);
    }
    if all && let Some((path, _)) = opened.files.first() {
        verifier.beginning(path);
    }
    Ok(Report {
        files: opened.files.len(),
        lines: verifier.lines,
        last: verifier.link.map(|link| link.next.saturating_sub(1)),
        hash: verifier.link.map(|link| link.hash.to_string()),
        findings: verifier.findings,
        remarks: verifier.remarks,
    })
}

#[derive(Default)]
struct Verifier {
    /// What the file beside the log knows of its end.
    head: Option<Head>,
    lines: u64,
    findings: Vec<Finding>,
    remarks: Vec<Finding>,
    /// Behind the last line that was held against the one before.
    link: Option<Link>,
    /// Where that line stands.
    at: Option<(PathBuf, u64)>,
    /// Whether a line was in between that could be any.
    unsure: bool,
    chain: Option<String>,
    first: Option<u64>,
    file: Option<u64>,
    oldest: u64,
}

impl Verifier {
    fn file(&mut self, path: &Path, file: &File) -> std::io::Result<()> {
        let mut lines = Lines::of(file);
        let mut number = 0;
        let mut begun = false;
        let mut current = lines.next()?;
        while let Some(line) = current {
            let next = lines.next()?;
            number += 1;
            let mark = next.as_ref().and_then(Mark::of);
            if mark.is_some_and(|mark| mark.gives_up(&line)) {
                self.remark(path, Some(number), Fault::GivenUp);
            } else if !line.ended {
                self.remark(path, Some(number), Fault::Unended);
            } else {
                self.line(path, number, &line, !begun);
                begun = true;
            }
            current = next;
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, number: u64, line: &RawLine, is_first: bool) {
        self.lines += 1;
        let Some(mark) = Mark::of(line) else {
            let fault = if is_first {
                Fault::NoHeading
            } else {
                Fault::NotALine
            };
            self.find(path, Some(number), fault);
            self.unsure = true;
            return;
        };
        if is_first {
            self.heading(path, &mark);
        }
        if mark.event == "notice" {
            match mark.error.as_deref() {
                Some("head-lost") => self.find(path, Some(number), Fault::HeadLost),
                Some(BEHIND_HEAD) => self.remark(path, Some(number), Fault::WasBehindHead),
                _ => {}
            }
        }
        if self.fits(path, number, &mark) {
            self.hold_against_head(path, number, &mark, line.hash);
            self.link = Some(Link::behind(mark.seq, line.hash));
            self.at = Some((path.to_owned(), number));
            self.unsure = false;
        }
    }

    /// The line that the file beside the log knows, whatever stands behind it.
    fn hold_against_head(&mut self, path: &Path, number: u64, mark: &Mark, hash: Digest) {
        let is_of_it = |head: &&Head| self.chain.as_ref().is_none_or(|chain| *chain == head.chain);
        let known = self.head.as_ref().filter(is_of_it);
        if known.is_some_and(|head| head.seq == mark.seq && head.hash != hash) {
            self.find(path, Some(number), Fault::EndChanged);
        }
    }

    /// Which file of which log this is.
    fn heading(&mut self, path: &Path, mark: &Mark) {
        let Some((chain, number, oldest)) = mark.heading() else {
            self.find(path, Some(1), Fault::NoHeading);
            return;
        };
        if self.chain.as_ref().is_some_and(|known| known != chain) {
            self.find(path, None, Fault::OtherLog);
            self.link = None;
        } else if let Some(before) = self.file
            && number != before.saturating_add(1)
        {
            let expected = before.saturating_add(1);
            let found = number;
            self.find(path, None, Fault::FileOrder { expected, found });
            self.link = None;
        } else if self.file.is_none() {
            self.first = Some(number);
            // Before the first line of the first file there is nothing; before that of a later
            // one there is what nobody looks at.
            if number == 1 {
                self.link = Some(Link::START);
            } else {
                self.remark(path, None, Fault::Later { number });
            }
        }
        self.chain = Some(chain.to_owned());
        self.file = Some(number);
        self.oldest = oldest;
    }

    /// Whether the chain goes on with this line, as it should or over a gap.
    fn fits(&mut self, path: &Path, number: u64, mark: &Mark) -> bool {
        let Some(link) = self.link else {
            return true;
        };
        let in_between = u64::from(self.unsure);
        if mark.seq < link.next {
            let (expected, found) = (link.next, mark.seq);
            self.find(path, Some(number), Fault::Order { expected, found });
            return false;
        }
        if mark.seq > link.next.saturating_add(in_between) {
            let count = mark.seq - link.next - in_between;
            self.find(path, Some(number), Fault::Removed { count });
        } else if !self.unsure && Digest::parse(&mark.prev) != Some(link.hash) {
            let (file, line) = self.at.clone().unwrap_or((path.to_owned(), number));
            self.find(&file, Some(line), Fault::Changed);
        }
        true
    }

    fn end(&mut self, path: &Path, all: bool) {
        let Some(head) = self.head.take() else {
            if all && self.link.is_some() {
                self.find(path, None, Fault::NoHead);
            } else {
                self.remark(path, None, Fault::NoHead);
            }
            return;
        };
        if self
            .chain
            .as_ref()
            .is_some_and(|chain| *chain != head.chain)
        {
            self.find(path, None, Fault::OtherLog);
            return;
        }
        let written = head.seq.saturating_add(1);
        let known = self.link.map_or(0, |link| link.next);
        if known < written {
            let count = written - known;
            self.find(path, None, Fault::EndMissing { count });
        } else if known > written {
            let count = known - written;
            self.remark(path, None, Fault::BehindHead { count });
        }
    }

    /// Whether all files are there that were kept.
    fn beginning(&mut self, path: &Path) {
        let first = self.first.unwrap_or(self.oldest);
        for number in self.oldest..first {
            self.find(path, None, Fault::FileMissing { number });
        }
        // That what is older is not there is as the manifest wants it.
        self.remarks
            .retain(|remark| !matches!(remark.fault, Fault::Later { .. }));
    }

    fn find(&mut self, file: &Path, line: Option<u64>, fault: Fault) {
        let file = file.to_owned();
        self.findings.push(Finding { file, line, fault });
    }

    fn remark(&mut self, file: &Path, line: Option<u64>, fault: Fault) {
        let file = file.to_owned();
        self.remarks.push(Finding { file, line, fault });
    }
}
