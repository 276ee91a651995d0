//! Finds the command's program the way a shell does.
//!
//! A command with a `/` is taken as given. Any other is looked for in the directories
//! of PATH, in order; an empty element is the working directory. A file that cannot be
//! executed does not end the search, but is remembered for the error, as `execvp` does.
//!
//! Invariant: one system call for each place where nothing is. This module starts
//! nothing, and reads no environment variable: the caller says what PATH is.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};
use secret_runtime::error::Explain;
use thiserror::Error;

use crate::environment::ChildEnvironment;

/// Where commands are looked for when neither the command's environment nor the
/// launcher's has a PATH: where every distribution puts them.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The PATH that decides: the command's own, so that what starts is what the command
/// itself would start; else the launcher's; else [`DEFAULT_PATH`].
#[must_use]
pub fn search_path<'a>(child: &'a ChildEnvironment, launcher: Option<&'a OsStr>) -> &'a OsStr {
    match child.get("PATH") {
        Some(path) => OsStr::from_bytes(path),
        None => launcher.unwrap_or(OsStr::new(DEFAULT_PATH)),
    }
}

/// The file to execute for `command`.
///
/// # Errors
/// When there is none, or none that may be executed.
pub fn find(command: &OsStr, path: &OsStr) -> Result<PathBuf, LookupError> {
    if command.as_bytes().contains(&b'/') {
        let place = PathBuf::from(command);
        return match try_place(&place) {
            Place::Executable => Ok(place),
            Place::Nothing => Err(LookupError::NoSuchFile { path: place }),
            Place::Refused(reason) => Err(LookupError::Refused {
                path: place,
                reason,
            }),
        };
    }
    search(command, path)
}

fn search(command: &OsStr, path: &OsStr) -> Result<PathBuf, LookupError> {
    let not_found = || LookupError::NotInPath {
        command: command.to_owned(),
        path: path.to_owned(),
    };
    if command.is_empty() {
        return Err(not_found());
    }
    let mut refused = None;
    for directory in path.as_bytes().split(|byte| *byte == b':') {
        // `./` keeps a name that begins with `-` from looking like an option to a shell.
        let directory = if directory.is_empty() {
            OsStr::new(".")
        } else {
            OsStr::from_bytes(directory)
        };
        let place = Path::new(directory).join(command);
        match try_place(&place) {
            Place::Executable => return Ok(place),
            Place::Nothing => {}
            Place::Refused(reason) => {
                refused.get_or_insert((place, reason));
            }
        }
    }
    match refused {
        Some((path, reason)) => Err(LookupError::Refused { path, reason }),
        None => Err(not_found()),
    }
}

enum Place {
    Executable,
    Nothing,
    Refused(Refusal),
}

/// What stands at a path. `access`, not `faccessat2`: the sandboxes of older container
/// runtimes answer the newer call with an error that looks like a refusal.
fn try_place(path: &Path) -> Place {
    match access(path, AccessFlags::X_OK) {
        // A directory passes too: for it, X means that it may be searched.
        Ok(()) if path.is_dir() => Place::Refused(Refusal::Directory),
        Ok(()) => Place::Executable,
        Err(Errno::EACCES | Errno::EPERM | Errno::EROFS) => Place::Refused(why_refused(path)),
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENAMETOOLONG) => Place::Nothing,
        Err(errno) => Place::Refused(Refusal::Failed(errno)),
    }
}

fn why_refused(path: &Path) -> Refusal {
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Refusal::Directory,
        Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => Refusal::NotExecutable,
        Ok(_) => Refusal::NotForThisUser,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Refusal::Unreachable,
        Err(error) => Refusal::Failed(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
    }
}

/// Why a file that is there cannot be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is a directory.
    #[error("it is a directory")]
    Directory,
    /// No execute bit is set.
    #[error("its execute permission is not set")]
    NotExecutable,
    /// It is executable, but not by this user, or not from this mount.
    #[error("permission denied")]
    NotForThisUser,
    /// A directory on the way to it may not be searched.
    #[error("permission denied for a directory on the way to it")]
    Unreachable,
    /// The kernel's own words for anything else.
    #[error("{}", .0.desc())]
    Failed(Errno),
}

/// Why there is nothing to execute.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookupError {
    /// No directory of PATH has it.
    #[error("command not found: {}", .command.display())]
    NotInPath {
        /// The command as it was given.
        command: OsString,
        /// The PATH that was searched.
        path: OsString,
    },
    /// The path that was given leads nowhere.
    #[error("command not found: {}: no such file", .path.display())]
    NoSuchFile {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Something is there, but not a program that may be executed.
    #[error("cannot execute {}: {reason}", .path.display())]
    Refused {
        /// What was found; the first of them in the order of PATH.
        path: PathBuf,
        /// What is in the way.
        reason: Refusal,
    },
}

impl LookupError {
    /// 127 when nothing was found, 126 when something was, as in a shell.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotInPath { .. } | Self::NoSuchFile { .. } => 127,
            Self::Refused { .. } => 126,
        }
    }
}

impl Explain for LookupError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NotInPath { .. } | Self::NoSuchFile { .. } => "command-not-found",
            Self::Refused { .. } => "command-not-executable",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotInPath { command, .. } if command.is_empty() => {
                Some("the command is an empty word; is a variable unset?".to_owned())
            }
            Self::NotInPath { path, .. } => Some(format!(
                "looked in PATH: {}; install it, or give its path",
                path.display()
            )),
            Self::NoSuchFile { path } if path.is_relative() => {
                Some("the path is relative to the working directory".to_owned())
            }
            Self::NoSuchFile { .. } => None,
            Self::Refused { path, reason } => match reason {
                Refusal::Directory => Some("name a program in it".to_owned()),
                Refusal::NotExecutable => Some(format!("chmod +x {}", path.display())),
                Refusal::NotForThisUser => Some(
                    "look at its owner, its mode, and whether it is mounted with `noexec`"
                        .to_owned(),
                ),
                Refusal::Unreachable | Refusal::Failed(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::environment::{Limits, Recipe};
    use secret_runtime::manifest::Inherit;

    fn folder(files: &[(&str, u32)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in files {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
        }
        folder
    }

    fn path_of(folders: &[&Path]) -> OsString {
        std::env::join_paths(folders).unwrap()
    }

    #[test]
    fn the_first_executable_of_the_path_wins_over_one_that_is_not() {
        let first = folder(&[("tool", 0o644)]);
        let second = folder(&[("tool", 0o755)]);
        let third = folder(&[("tool", 0o755)]);
        let path = path_of(&[first.path(), second.path(), third.path()]);
        let found = find(OsStr::new("tool"), &path).unwrap();
        assert_eq!(found, second.path().join("tool"));
    }

    #[test]
    fn a_file_without_its_execute_bit_is_126_and_says_how_to_set_it() {
        let folder = folder(&[("tool", 0o644)]);
        let error = find(OsStr::new("tool"), folder.path().as_os_str()).unwrap_err();
        assert_eq!(
            (error.exit_code(), error.kind()),
            (126, "command-not-executable")
        );
        assert!(error.hint().unwrap().starts_with("chmod +x /"));
    }

    #[test]
    fn a_directory_is_126_whether_given_or_found() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("tool");
        fs::create_dir(&inner).unwrap();
        for (command, path) in [
            (inner.as_os_str(), OsStr::new("")),
            (OsStr::new("tool"), outer.path().as_os_str()),
        ] {
            let error = find(command, path).unwrap_err();
            let expected = LookupError::Refused {
                path: inner.clone(),
                reason: Refusal::Directory,
            };
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn what_is_nowhere_is_127_and_says_where_was_looked() {
        let error = find(OsStr::new("no-such-tool"), OsStr::new("/bin:/nowhere")).unwrap_err();
        assert_eq!(
            (error.exit_code(), error.kind()),
            (127, "command-not-found")
        );
        assert!(error.hint().unwrap().contains("/bin:/nowhere"));
        assert_eq!(
            find(OsStr::new("/no/such"), OsStr::new(""))
                .unwrap_err()
                .exit_code(),
            127
        );
        assert_eq!(
            find(OsStr::new("/etc/passwd/x"), OsStr::new(""))
                .unwrap_err()
                .exit_code(),
            127
        );
        assert_eq!(
            find(OsStr::new(""), OsStr::new("/bin"))
                .unwrap_err()
                .exit_code(),
            127
        );
    }

    #[test]
    fn a_command_with_a_slash_is_not_looked_for_in_the_path() {
        let folder = folder(&[("tool", 0o755)]);
        assert!(find(OsStr::new("./tool"), folder.path().as_os_str()).is_err());
        let given = folder.path().join("tool");
        assert_eq!(find(given.as_os_str(), OsStr::new("")).unwrap(), given);
    }

    #[test]
    fn an_empty_element_is_the_working_directory() {
        // Tests run in the folder of the crate, where nothing is executable.
        let error = find(OsStr::new("Cargo.toml"), OsStr::new("/nowhere:")).unwrap_err();
        let LookupError::Refused { path, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(path, Path::new("./Cargo.toml"));
    }

    #[test]
    fn the_path_is_the_commands_then_the_launchers_then_a_default() {
        let parent = [("PATH".into(), "/theirs".into())];
        let recipe = |inherit| {
            let recipe = Recipe {
                parent: &parent,
                inherit,
                scrub: &[],
                additions: &[],
            };
            recipe.build(0, &Limits::new(4096, 0)).unwrap()
        };
        let own = Some(OsStr::new("/own"));
        assert_eq!(search_path(&recipe(&Inherit::All), own), "/theirs");
        let nothing = Inherit::Only(Vec::new());
        assert_eq!(search_path(&recipe(&nothing), own), "/own");
        assert_eq!(search_path(&recipe(&nothing), None), DEFAULT_PATH);
    }
}
