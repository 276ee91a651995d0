//! The folder for caches of this user, and files in it: never through a link, and never where
//! others could read, write or enter.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::CacheError;
use crate::backend::ProcessVariable;
use crate::manifest::LONGEST_TTL;
use crate::own_file::{self, FOREIGN};

const NAME: &str = "secret-run";
/// What a finished cache is called behind its fingerprint.
pub(super) const ENDING: &str = "cache";
/// What one is called that is being written.
const UNFINISHED: &str = "unfinished";

const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;
/// How long it takes at most to write a cache: what is older was left behind.
const WRITING: Duration = Duration::from_secs(10 * 60);
/// How long others may take for their turn.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(1);
/// Nothing in a cache this old can be used.
const OLDEST: Duration = LONGEST_TTL.saturating_add(Duration::from_secs(2 * 24 * 60 * 60));

/// Where the folder is: on the memory file system of the user, as a login or a service manager
/// makes it, else where root's is, else with the state of the user's programs.
pub(super) fn path(process: ProcessVariable<'_>) -> Result<PathBuf, CacheError> {
    let absolute = |name: &str| {
        let path = PathBuf::from(process(name)?);
        path.is_absolute().then_some(path)
    };
    let uid = nix::unistd::geteuid();
    let own = PathBuf::from(format!("/run/user/{uid}"));
    let runtime = absolute("XDG_RUNTIME_DIR").or_else(|| own.is_dir().then_some(own));
    let runtime = runtime.or_else(|| uid.is_root().then(|| PathBuf::from("/run")));
    let state = || {
        let home = || Some(absolute("HOME")?.join(".local/state"));
        absolute("XDG_STATE_HOME").or_else(home)
    };
    let above = runtime.or_else(state).ok_or(CacheError::NoFolder)?;
    Ok(above.join(NAME))
}

/// All places where the folder may have been, whatever the environment was.
pub(super) fn candidates(process: ProcessVariable<'_>) -> Vec<PathBuf> {
    let uid = nix::unistd::geteuid();
    let variable = |name: &str| process(name).map(PathBuf::from);
    let places = [
        variable("XDG_RUNTIME_DIR"),
        Some(PathBuf::from(format!("/run/user/{uid}"))),
        uid.is_root().then(|| PathBuf::from("/run")),
        variable("XDG_STATE_HOME"),
        variable("HOME").map(|home| home.join(".local/state")),
    ];
    let mut folders: Vec<PathBuf> = Vec::new();
    for place in places.into_iter().flatten() {
        let folder = place.join(NAME);
        if folder.is_absolute() && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// Whether the folder is there; an error if others could get at what is in it.
pub(super) fn judge(path: &Path) -> Result<bool, CacheError> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(CacheError::io(path, "opened")(error)),
    };
    if !metadata.is_dir() {
        return Err(CacheError::exposed(path, "is no folder"));
    }
    judge_own(path, &metadata)?;
    // Who can write to the folder above can exchange this one.
    if let Some(above) = path.parent() {
        let metadata = above.metadata();
        let metadata = metadata.map_err(CacheError::io(above, "opened"))?;
        judge_above(above, &metadata)?;
    }
    Ok(true)
}

fn judge_above(above: &Path, metadata: &Metadata) -> Result<(), CacheError> {
    let owner = metadata.uid();
    if owner != 0 && owner != nix::unistd::geteuid().as_raw() {
        return Err(CacheError::exposed(above, FOREIGN));
    }
    if metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0 {
        return Err(CacheError::exposed(above, "can be changed by other users"));
    }
    Ok(())
}

/// Makes the folder if it is missing. Where another user's would be, none is made: it would be in the
/// way of that one.
pub(super) fn make(path: &Path) -> Result<(), CacheError> {
    if judge(path)? {
        return Ok(());
    }
    let mut above = path.ancestors().skip(1);
    let there = above.find_map(|above| Some((above, above.metadata().ok()?)));
    if let Some((above, metadata)) = there {
        judge_above(above, &metadata)?;
    }
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(CacheError::io(path, "made"))?;
    judge(path).map(|_| ())
}

fn judge_own(path: &Path, metadata: &Metadata) -> Result<(), CacheError> {
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(CacheError::exposed(path, FOREIGN));
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(CacheError::exposed(path, "is open to other users"));
    }
    Ok(())
}

/// Opens a file of this user that nobody else can read; nothing if it is missing.
pub(super) fn open(path: &Path) -> Result<Option<(File, Metadata)>, CacheError> {
    let (file, metadata) = match own_file::to_read(path) {
        Ok(opened) => opened,
        Err(error) if own_file::is_missing(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    judge_own(path, &metadata)?;
    Ok(Some((file, metadata)))
}

/// Writes a file that only this user can read beside its place, under a name that nobody else
/// has.
pub(super) fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, CacheError> {
    let mut random = [0; 8];
    super::key::fill(&mut random)?;
    let random = u64::from_le_bytes(random);
    let beside = path.with_extension(format!("{random:016x}.{UNFINISHED}"));
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            // A machine that stops must not leave a name with nothing behind it.
            file.sync_data()
        });
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        CacheError::io(path, "written")(error)
    })?;
    Ok(beside)
}

/// Puts a file in its place, whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CacheError> {
    let beside = write_beside(path, bytes)?;
    fs::rename(&beside, path).map_err(|error| {
        let _ = fs::remove_file(&beside);
        CacheError::io(path, "written")(error)
    })
}

/// Waits until nobody else makes a key or a cache in this folder. Who waits too long goes on: the worst
/// that may come of it is a cache that nobody can open, or one without what another has just read.
pub(super) fn turn(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    let begun = Instant::now();
    while file.try_lock().is_err() {
        if begun.elapsed() > PATIENCE {
            return None;
        }
        thread::sleep(PAUSE);
    }
    Some(file)
}

/// Removes what can't be used any more: caches of plans that nobody has carried out for long, and
/// what killed launchers left. Best effort: it is in nobody's way.
pub(super) fn sweep(folder: &Path) {
    let Ok(now) = files(folder) else { return };
    for (path, is_cache) in now {
        let limit = if is_cache { OLDEST } else { WRITING };
        let modified = path.symlink_metadata().and_then(|file| file.modified());
        let age = modified.map(|modified| SystemTime::now().duration_since(modified));
        if matches!(age, Ok(Ok(age)) if age > limit) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// All files of ours in a folder, and whether each is finished.
pub(super) fn files(folder: &Path) -> Result<Vec<(PathBuf, bool)>, CacheError> {
    let read = fs::read_dir(folder).map_err(CacheError::io(folder, "read"))?;
    let mut files = Vec::new();
    for entry in read {
        let path = entry.map_err(CacheError::io(folder, "read"))?.path();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ENDING) => files.push((path, true)),
            Some(UNFINISHED) => files.push((path, false)),
            _ => {}
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::error::Explain;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_others_can_enter_or_that_is_a_link_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("secret-run");
        assert!(!judge(&folder).unwrap());
        make(&folder).unwrap();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        for bad in [0o701, 0o710, 0o770, 0o755] {
            mode(&folder, bad);
            assert!(matches!(judge(&folder), Err(CacheError::Exposed { .. })));
        }
        mode(&folder, 0o700);
        let link = above.path().join("link");
        symlink(&folder, &link).unwrap();
        assert!(matches!(judge(&link), Err(CacheError::Exposed { .. })));
        mode(above.path(), 0o777);
        assert!(matches!(make(&folder), Err(CacheError::Exposed { .. })));
        let other = above.path().join("other");
        assert!(matches!(make(&other), Err(CacheError::Exposed { .. })));
        assert!(!other.exists(), "it is judged before it is made");
        mode(above.path(), 0o1777);
        make(&folder).unwrap();
    }

    #[test]
    fn nothing_is_made_where_the_folder_of_another_user_would_be() {
        let above = tempfile::tempdir().unwrap();
        let (own, folder) = (above.path(), above.path().join("state/secret-run"));
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(own, Some(4711), None).unwrap();
            let error = make(&folder).unwrap_err();
            assert!(matches!(&error, CacheError::Exposed { path, .. } if path == own));
            assert!(error.hint().unwrap().contains("XDG_RUNTIME_DIR"));
            assert!(!own.join("state").exists());
            std::os::unix::fs::chown(own, Some(0), None).unwrap();
        }
        make(&folder).unwrap();
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.cache");
        assert!(open(&file).unwrap().is_none());
        replace(&file, b"dummy").unwrap();
        assert!(open(&file).unwrap().is_some());
        mode(&file, 0o640);
        assert!(matches!(open(&file), Err(CacheError::Exposed { .. })));
        mode(&file, 0o600);
        let link = folder.path().join("b.cache");
        symlink(&file, &link).unwrap();
        assert!(matches!(open(&link), Err(CacheError::Exposed { .. })));
        // It is replaced, and what it named is left alone.
        replace(&link, b"other").unwrap();
        assert!(open(&link).unwrap().is_some());
        assert_eq!(fs::read(&file).unwrap(), b"dummy");
    }

    #[test]
    fn what_was_left_behind_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let age = |name: &str, seconds: u64| {
            let path = folder.path().join(name);
            fs::write(&path, "dummy").unwrap();
            let then = SystemTime::now() - Duration::from_secs(seconds);
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(then).unwrap();
            path
        };
        let kept = [
            age("a.cache", 60),
            age("b.1.unfinished", 60),
            age("key", 9_000_000),
        ];
        let swept = [age("c.cache", 9_000_000), age("d.2.unfinished", 3600)];
        sweep(folder.path());
        assert!(kept.iter().all(|path| path.exists()));
        assert!(swept.iter().all(|path| !path.exists()));
    }
}
