//! Writing to the file: under a lock, in one piece, behind what is there.
//!
//! The lock is on the file beside the log, which is never moved. Invariants:
//! - lines of two processes never mix, and each names the hash of the one before;
//! - when [`Log::append`] has returned, what it wrote is on the disk;
//! - a file that is full is moved aside, and the first line of the next continues its chain;
//! - what is odd about the end is said in the log and to the user, and never repaired silently.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::digest::Digest;
use super::end::End;
use super::error::AuditError;
use super::event::{Event, Heading, Notice};
use super::head::Head;
use super::run::{Happened, Run};
use super::walk::Link;
use crate::own_file;

/// How long others may write before we give up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A log in a file.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    pub(super) head: PathBuf,
    max_size: Option<u64>,
    keep: Option<u64>,
}

impl Log {
    pub(super) fn new(path: PathBuf, max_size: Option<u64>, keep: Option<u64>) -> Self {
        Self {
            head: own_file::beside(&path, "head"),
            path,
            max_size,
            keep,
        }
    }

    /// Whether it could be written to, as far as that can be known beforehand: nothing is read
    /// of a backend that could not be accounted for.
    pub(super) fn check(&self) -> Result<(), AuditError> {
        own_file::judge_folder(&self.path)?;
        own_file::to_append(&self.path)?;
        let (beside, _) = own_file::to_update(&self.head)?;
        Head::read_own(&beside, &self.head)?;
        Ok(())
    }

    /// Writes what happened, and answers what is odd about the log.
    pub(super) fn append(&self, run: &Run, events: &[Happened]) -> Result<Vec<Notice>, AuditError> {
        let beside = self.lock()?;
        let head = Head::read_own(&beside, &self.head)?;
        let (mut file, metadata) = own_file::to_append(&self.path)?;
        let mut end = End::find(self, head, &file, metadata.size())?;
        let notices = std::mem::take(&mut end.notices);
        let mut batch = Batch::behind(&end, run, &notices, events);
        let size = end.size + batch.bytes.len() as u64;
        let is_full = self.max_size.is_some_and(|most| size > most);
        let mut is_new = end.fresh;
        // What is said of a line that has no end stands behind that line, in the same file.
        if is_full && !is_new && notices.is_empty() {
            self.move_aside(&mut end, &beside)?;
            is_new = true;
            file = own_file::to_append(&self.path)?.0;
            batch = Batch::behind(&end, run, &notices, events);
        }
        self.write(&mut file, end.size, &batch.bytes)?;
        if is_new {
            own_file::sync_folder(&self.path)?;
        }
        let head = end.head(batch.link, batch.bytes.len());
        head.write(&beside, &self.head)?;
        if is_new {
            // Which file is written to must not be known from before a crash.
            let synced = beside.sync_data();
            synced.map_err(AuditError::io(&self.head, "brought to the disk"))?;
        }
        Ok(notices)
    }

    /// Takes the lock, and answers the file that it is on.
    fn lock(&self) -> Result<File, AuditError> {
        own_file::lock(&self.head, PATIENCE)?.ok_or_else(|| AuditError::Busy {
            path: self.path.clone(),
        })
    }

    /// One write, and to the disk. What could not be written whole is taken back.
    fn write(&self, file: &mut File, size: u64, bytes: &[u8]) -> Result<(), AuditError> {
        if let Err(error) = file.write_all(bytes) {
            let _ = file.set_len(size);
            return Err(AuditError::io(&self.path, "written")(error));
        }
        let synced = file.sync_data();
        synced.map_err(AuditError::io(&self.path, "brought to the disk"))
    }

    /// Gives the full file its number, and removes those that are not kept.
    fn move_aside(&self, end: &mut End, beside: &File) -> Result<(), AuditError> {
        let full = self.numbered(end.file);
        if full.symlink_metadata().is_ok() {
            return Err(AuditError::Occupied { path: full });
        }
        // If the machine stops in between, the end of the full file is known.
        let synced = beside.sync_data();
        synced.map_err(AuditError::io(&self.head, "brought to the disk"))?;
        let moved = fs::rename(&self.path, &full);
        moved.map_err(AuditError::io(&self.path, "moved"))?;
        end.file += 1;
        (end.size, end.fresh) = (0, true);
        if let Some(keep) = self.keep {
            let oldest = end.file.saturating_sub(keep).max(end.oldest);
            for number in end.oldest..oldest {
                // One that is not there any more need not be removed.
                let _ = fs::remove_file(self.numbered(number));
            }
            end.oldest = oldest;
        }
        Ok(())
    }

    /// The path of a full file.
    pub(super) fn numbered(&self, number: u64) -> PathBuf {
        numbered(&self.path, number)
    }
}

/// The path of a full file of the log at `path`.
pub(super) fn numbered(path: &Path, number: u64) -> PathBuf {
    own_file::beside(path, &number.to_string())
}

/// Lines that are written together.
struct Batch {
    bytes: Vec<u8>,
    /// Behind the last of them.
    link: Link,
}

impl Batch {
    fn behind(end: &End, run: &Run, notices: &[Notice], events: &[Happened]) -> Self {
        let mut batch = Self {
            bytes: Vec::new(),
            link: end.link,
        };
        if end.partial {
            batch.bytes.push(b'\n');
        }
        let mut notices = notices;
        if end.fresh {
            // A line that was not ended is said of in the heading, which stands behind it.
            let partial = notices.split_first().filter(|_| end.partial);
            if let Some((_, others)) = partial {
                notices = others;
            }
            let heading = Heading {
                chain: end.chain.clone(),
                file: end.file,
                oldest: end.oldest,
                partial: partial.map(|(partial, _)| partial.clone()),
            };
            batch.push(run, &Happened::now(Event::heading(heading)));
        }
        for notice in notices {
            batch.push(run, &Happened::now(Event::notice(notice.clone())));
        }
        for event in events {
            batch.push(run, event);
        }
        batch
    }

    fn push(&mut self, run: &Run, event: &Happened) {
        let Link { next, hash } = self.link;
        let line = run.line(event, Some((next, hash)));
        self.bytes.extend(&line);
        self.bytes.push(b'\n');
        self.link = Link::behind(next, Digest::of(&line));
    }
}
