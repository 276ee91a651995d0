//! Writing files of the store. What was there is replaced, never overwritten: a process may
//! have it mapped.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::error::StoreError;
use super::file::Stamp;
use super::record::Record;
use super::{Found, Store};
use crate::beside;

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
    let (beside, file) = beside::create(path).map_err(|error| unwritable(path, &error))?;
    let written = fill(file, bytes).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(unwritable(path, &error));
    }
    let metadata = path.symlink_metadata();
    let metadata = metadata.map_err(|error| unwritable(path, &error))?;
    Ok(Stamp::of(&metadata))
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::thread;

    use super::*;

    #[test]
    fn who_writes_at_the_same_time_leaves_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        thread::scope(|scope| {
            for writer in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        write(path, &vec![writer; 100_000]).unwrap();
                        let found = fs::read(path).unwrap();
                        assert_eq!(found, vec![found[0]; 100_000]);
                    }
                });
            }
        });
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
