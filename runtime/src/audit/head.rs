//! The file beside a log that knows where it ends: its lock, the number and hash of its last
//! line, and its size.
//!
//! A chain alone cannot tell that lines are gone from its end. It is written after the log, in
//! place and with one length always, and need not reach the disk: if it is older than the log,
//! what follows in the log is held against it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::error::AuditError;

/// Numbers and digests at their longest fit.
const LENGTH: usize = 384;
/// What it begins with. A machine that stopped may leave nothing, or zeros.
const BEGINNING: &[u8] = br#"{"format":"#;

/// Where a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Which log it is: random.
    pub(super) chain: String,
    /// Which of its files is written to.
    pub(super) file: u64,
    /// The oldest file that is kept.
    pub(super) oldest: u64,
    /// The number of the last line.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) hash: Digest,
    /// The size of the file behind that line.
    pub(super) size: u64,
}

#[derive(Serialize, Deserialize)]
struct Text {
    format: u64,
    chain: String,
    file: u64,
    oldest: u64,
    seq: u64,
    hash: String,
    size: u64,
}

impl Head {
    /// What the file says; nothing if it is new, or if it cannot be understood.
    pub(super) fn read(file: &File) -> Option<Self> {
        Self::parse(&content(file).ok()?)
    }

    /// The same, of a file that will be written to: one of somebody else's is left alone.
    pub(super) fn read_own(file: &File, path: &Path) -> Result<Option<Self>, AuditError> {
        let bytes = content(file).map_err(AuditError::io(path, "read"))?;
        let is_torn = bytes.iter().all(|byte| *byte == 0);
        if is_torn || (bytes.len() <= LENGTH && bytes.starts_with(BEGINNING)) {
            return Ok(Self::parse(&bytes));
        }
        let path = path.to_owned();
        Err(AuditError::NotALog { path })
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text: Text = serde_json::from_slice(bytes).ok()?;
        (text.format == super::line::FORMAT).then_some(())?;
        Some(Self {
            hash: Digest::parse(&text.hash)?,
            chain: text.chain,
            file: text.file,
            oldest: text.oldest,
            seq: text.seq,
            size: text.size,
        })
    }

    pub(super) fn write(&self, file: &File, path: &Path) -> Result<(), AuditError> {
        let text = Text {
            format: super::line::FORMAT,
            chain: self.chain.clone(),
            file: self.file,
            oldest: self.oldest,
            seq: self.seq,
            hash: self.hash.to_string(),
            size: self.size,
        };
        let mut bytes = serde_json::to_vec(&text).expect("it has texts and numbers only");
        bytes.resize(LENGTH - 1, b' ');
        bytes.push(b'\n');
        let written = file.write_all_at(&bytes, 0);
        written.map_err(AuditError::io(path, "written"))
    }
}

/// All of it, and a byte more if it is longer than ours.
fn content(file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; LENGTH + 1];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_at_its_longest_too() {
        let file = tempfile::tempfile().expect("a temporary file");
        let mut head = Head {
            chain: super::super::run::random(),
            file: u64::MAX,
            oldest: u64::MAX,
            seq: u64::MAX,
            hash: Digest::of(b"line"),
            size: u64::MAX,
        };
        head.write(&file, Path::new("head")).expect("it is written");
        assert_eq!(Head::read(&file), Some(head.clone()));
        // A shorter one leaves nothing of it.
        (head.file, head.seq, head.size) = (1, 0, 9);
        head.write(&file, Path::new("head")).expect("it is written");
        assert_eq!(Head::read(&file), Some(head));
    }

    #[test]
    fn what_is_torn_or_of_another_format_is_as_if_it_were_not_there() {
        for text in ["", "{", "{}", "[1]", r#"{"format":1}"#, "\0\0\0"] {
            assert_eq!(Head::parse(text.as_bytes()), None, "{text}");
        }
        let hash = Digest::NOTHING;
        let other = format!(
            r#"{{"format":2,"chain":"c","file":1,"oldest":1,"seq":0,"hash":"{hash}","size":1}}"#
        );
        assert_eq!(Head::parse(other.as_bytes()), None);
    }
}
