//! Writing files of the store. What was there is replaced, never overwritten: a process may
//! have it mapped.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::file::Stamp;
use super::record::Record;
use super::{Found, Store};

/// The most files that are remembered as being the same component.
const SEEN: usize = 16;

impl Store {
    /// Remembers that a file of this stamp is the component, so that later runs need not read
    /// it. A folder that can't be written to costs them the time.
    pub(in crate::plugin) fn remember(found: &mut Found, stamp: Stamp) {
        if found.record.has_seen(stamp) {
            return;
        }
        found.record.seen.insert(0, stamp);
        found.record.seen.truncate(SEEN);
        let _ = write_record(&found.record_path, &found.record);
    }
}

pub(super) fn write_record(path: &Path, record: &Record) -> Result<(), StoreError> {
    let text = serde_json::to_vec_pretty(record).map_err(|error| StoreError::Io {
        path: path.to_owned(),
        doing: "written",
        reason: error.to_string(),
    })?;
    write(path, &text).map(|_| ())
}

/// Writes a file beside its place, brings it to the disk, and moves it there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<Stamp, StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(unwritable(path, &error));
    }
    let metadata = path.symlink_metadata();
    let metadata = metadata.map_err(|error| unwritable(path, &error))?;
    Ok(Stamp::of(&metadata))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a killed process left behind under the same number.
    let _ = fs::remove_file(path);
    let mut file: File = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        doing: "written",
        reason: error.kind().to_string(),
    }
}
