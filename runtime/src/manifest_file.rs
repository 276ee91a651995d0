//! Finding the manifest: as it is named, `SECRETS_FILE`, or upwards from the working directory.
//!
//! A manifest decides what a command is given. One that was not named is trusted only if
//! it belongs to the user or to root: in `/tmp`, somebody else's `secrets.toml` may lie
//! above the working directory. What it names is taken from its folder, `.env` and `secrets.lock`
//! among it, so a link to a manifest of the user is judged by where it lies.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use thiserror::Error;

use crate::error::{Explain, Problem, Problems};
use crate::manifest::{LARGEST_MANIFEST, ManifestError};

/// The name that is looked for.
pub const FILE_NAME: &str = "secrets.toml";
/// Names the manifest.
pub const FILE_VARIABLE: &str = "SECRETS_FILE";

/// What the parser says of such a text, too.
const TOO_LARGE: ManifestError = ManifestError::TooLarge {
    limit: LARGEST_MANIFEST,
};

/// A manifest's text.
#[derive(Debug)]
pub struct ManifestFile {
    /// Where it is, as it was named or found.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}

/// Who says which manifest it is.
#[derive(Debug, Clone, Copy)]
enum NamedBy {
    Caller,
    Variable,
}

#[derive(Debug, Error)]
enum FileError {
    #[error("there is no {FILE_NAME} in {} or above it", .from.display())]
    NotFound { from: PathBuf },
    #[error("the manifest {} cannot be read: {}", .path.display(), .reason)]
    Unreadable {
        path: PathBuf,
        reason: String,
        named: Option<NamedBy>,
    },
    #[error("the manifest {} is not UTF-8", .path.display())]
    NotText { path: PathBuf },
    #[error("the manifest {} is larger than {LARGEST_MANIFEST} bytes", .path.display())]
    TooLarge { path: PathBuf },
    #[error("the manifest {} was found, not named, and {}", .path.display(), .reason)]
    Untrusted { path: PathBuf, reason: &'static str },
    #[error("the working directory cannot be determined: {reason}")]
    NoWorkingDirectory { reason: String },
}

impl Explain for FileError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "manifest-not-found",
            Self::Unreadable { .. } => "manifest-unreadable",
            Self::NotText { .. } => "manifest-not-text",
            Self::TooLarge { .. } => TOO_LARGE.kind(),
            Self::Untrusted { .. } => "manifest-untrusted",
            Self::NoWorkingDirectory { .. } => "no-working-directory",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => {
                format!("write one, or name it, with {FILE_VARIABLE} or with -f of secret-run")
            }
            Self::Unreadable { named, .. } => {
                let instead = format!("a {FILE_NAME} here or above is found by itself");
                match named {
                    Some(NamedBy::Variable) => format!(
                        "{FILE_VARIABLE} names it: correct the path or its permissions, or unset \
                         it, since {instead}"
                    ),
                    Some(NamedBy::Caller) => format!(
                        "correct the path (-f of secret-run) or its permissions, or name none, \
                         since {instead}"
                    ),
                    None => "make it a file that this user may read".into(),
                }
            }
            Self::NoWorkingDirectory { .. } => return None,
            Self::NotText { .. } => "save it as UTF-8".into(),
            Self::TooLarge { .. } => return TOO_LARGE.hint(),
            Self::Untrusted { path, .. } => {
                format!(
                    "if you trust it, name it: {FILE_VARIABLE}={0}, or -f {0}",
                    path.display()
                )
            }
        })
    }
}

/// Finds and reads the manifest: the one that is named, by the caller or else by a variable, or
/// the nearest above the working directory.
///
/// # Errors
/// When there is none, it can't be read, or it was found and is not to be trusted.
pub fn read(
    named: Option<PathBuf>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<ManifestFile, Problems> {
    let named = named.map(|path| (path, NamedBy::Caller)).or_else(|| {
        let path = variable(FILE_VARIABLE).filter(|value| !value.is_empty())?;
        Some((PathBuf::from(path), NamedBy::Variable))
    });
    let found = match named {
        Some((path, by)) => match File::open(&path) {
            Ok(file) => text(path, file, Some(by)),
            Err(error) => Err(unreadable(path, &error, Some(by))),
        },
        None => search().and_then(|(path, file)| text(path, file, None)),
    };
    found.map_err(|error| Problem::error(&error, None).into())
}

fn unreadable(path: PathBuf, error: &std::io::Error, named: Option<NamedBy>) -> FileError {
    FileError::Unreadable {
        path,
        reason: error.to_string(),
        named,
    }
}

fn search() -> Result<(PathBuf, File), FileError> {
    let here = Path::new(FILE_NAME);
    if let Ok(file) = open_found(here) {
        trust(here, &file)?;
        return Ok((here.to_owned(), file));
    }
    let from = std::env::current_dir().map_err(|error| FileError::NoWorkingDirectory {
        reason: error.to_string(),
    })?;
    for directory in from.ancestors() {
        let path = directory.join(FILE_NAME);
        match open_found(&path) {
            Ok(file) => {
                trust(&path, &file)?;
                return Ok((path, file));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(path, &error, None)),
        }
    }
    Err(FileError::NotFound { from })
}

/// Somebody else's pipe above the working directory must not make anybody wait.
fn open_found(path: &Path) -> std::io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let mut options = File::options();
    options.read(true).custom_flags(flags.bits()).open(path)
}

fn trust(path: &Path, file: &File) -> Result<(), FileError> {
    let untrusted = |reason| FileError::Untrusted {
        path: path.to_owned(),
        reason,
    };
    let metadata = file
        .metadata()
        .map_err(|error| unreadable(path.to_owned(), &error, None))?;
    if !metadata.is_file() {
        return Err(untrusted("is not a regular file"));
    }
    if !is_ours(&metadata) {
        return Err(untrusted("belongs to another user"));
    }
    if metadata.mode() & 0o002 != 0 {
        return Err(untrusted("can be changed by every user"));
    }
    place(path).map_err(untrusted)
}

/// Whether who put the manifest there, and what is taken from beside it, is to be trusted.
fn place(path: &Path) -> Result<(), &'static str> {
    const GONE: &str = "is not there any more";
    let named = std::fs::symlink_metadata(path).map_err(|_| GONE)?;
    if !is_ours(&named) {
        return Err("is a link of another user");
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = std::fs::metadata(folder).map_err(|_| GONE)?;
    if !is_ours(&folder) {
        return Err("is in a folder of another user");
    }
    // In a sticky folder nobody takes away what is ours, though others may add to it.
    if folder.mode() & 0o002 != 0 && folder.mode() & 0o1000 == 0 {
        return Err("is in a folder that every user can change");
    }
    Ok(())
}

fn is_ours(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    owner == 0 || owner == nix::unistd::geteuid().as_raw()
}

fn text(path: PathBuf, file: File, named: Option<NamedBy>) -> Result<ManifestFile, FileError> {
    // Room for all of it and one byte to see the end: one read, not one for each doubling.
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let room = usize::try_from(size).unwrap_or(LARGEST_MANIFEST);
    let mut bytes = Vec::with_capacity(room.min(LARGEST_MANIFEST) + 1);
    // One byte more than is allowed, so that it is seen that it is too large.
    let limit = LARGEST_MANIFEST as u64 + 1;
    if let Err(error) = file.take(limit).read_to_end(&mut bytes) {
        return Err(unreadable(path, &error, named));
    }
    // A text that is cut may end within a character.
    if bytes.len() > LARGEST_MANIFEST {
        return Err(FileError::TooLarge { path });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(ManifestFile { path, text }),
        Err(_) => Err(FileError::NotText { path }),
    }
}
