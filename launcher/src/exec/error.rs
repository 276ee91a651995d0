//! Why `execve` did not become the command, in terms of the file that it was given.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use secret_runtime::error::Explain;
use thiserror::Error;

use crate::program::{Machine, Program};

/// Why the command could not be started although its file was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExecError {
    /// An argument has a NUL in it. The kernel hands none over, only code can.
    #[error("the command's path or one of its arguments contains a NUL byte")]
    NulInArgument,
    /// The file went away after it was found.
    #[error("command not found: {} was there a moment ago", .0.display())]
    Vanished(PathBuf),
    /// The interpreter that the `#!` line names is not there.
    #[error("cannot execute {}: its first line names the interpreter {:?}, which does not exist", .path.display(), .interpreter)]
    NoInterpreter {
        /// The script.
        path: PathBuf,
        /// What its first line names.
        interpreter: PathBuf,
    },
    /// The loader that an ELF file names is not there.
    #[error("cannot execute {}: the loader {} that it is linked for does not exist", .path.display(), .loader.display())]
    NoLoader {
        /// The program.
        path: PathBuf,
        /// The loader.
        loader: PathBuf,
    },
    /// The program is for another processor, or damaged.
    #[error("cannot execute {}: this system cannot run a program for {}", .path.display(), .machine.name())]
    WrongMachine {
        /// The program.
        path: PathBuf,
        /// What it is for.
        machine: Machine,
    },
    /// The file is neither a program nor a script.
    #[error("cannot execute {}: it is neither a program nor a script", .0.display())]
    NotAProgram(PathBuf),
    /// The kernel does not let this user execute the file or its interpreter.
    #[error("cannot execute {}: permission denied", .path.display())]
    Denied {
        /// The file.
        path: PathBuf,
        /// The interpreter that its first line names, if any.
        interpreter: Option<PathBuf>,
    },
    /// Something has the file open for writing.
    #[error("cannot execute {}: the file is open for writing", .0.display())]
    Busy(PathBuf),
    /// Arguments and environment are more than the kernel takes.
    #[error("cannot execute {}: arguments and environment are too large together", .0.display())]
    TooLarge(PathBuf),
    /// Anything else, in the kernel's words.
    #[error("cannot execute {}: {}", .path.display(), .errno.desc())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        errno: Errno,
    },
}

impl ExecError {
    /// What `errno` means for this file.
    pub(super) fn of(path: &Path, found: &Program, errno: Errno) -> Self {
        let path = path.to_owned();
        match (errno, found) {
            (Errno::ENOENT | Errno::ENOTDIR, Program::Script { interpreter }) => {
                Self::NoInterpreter {
                    path,
                    interpreter: interpreter.clone(),
                }
            }
            (
                Errno::ENOENT,
                Program::Elf {
                    loader: Some(loader),
                    ..
                },
            ) => Self::NoLoader {
                path,
                loader: loader.clone(),
            },
            (Errno::ENOENT, _) => Self::Vanished(path),
            (Errno::ENOEXEC, Program::Elf { machine, .. }) => Self::WrongMachine {
                path,
                machine: *machine,
            },
            (Errno::ENOEXEC, Program::Data) => Self::NotAProgram(path),
            (Errno::EACCES | Errno::EPERM, found) => Self::Denied {
                path,
                interpreter: match found {
                    Program::Script { interpreter } => Some(interpreter.clone()),
                    _ => None,
                },
            },
            (Errno::ETXTBSY, _) => Self::Busy(path),
            (Errno::E2BIG, _) => Self::TooLarge(path),
            (errno, _) => Self::Failed { path, errno },
        }
    }

    /// 127 when the file or what it needs to start is not there, else 126, as in a shell.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Vanished(_) | Self::NoInterpreter { .. } | Self::NoLoader { .. } => 127,
            _ => 126,
        }
    }
}

impl Explain for ExecError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NulInArgument => "command-nul",
            Self::Vanished(_) => "command-vanished",
            Self::NoInterpreter { .. } => "command-no-interpreter",
            Self::NoLoader { .. } => "command-no-loader",
            Self::WrongMachine { .. } => "command-wrong-machine",
            Self::NotAProgram(_) => "command-not-a-program",
            Self::Denied { .. } => "command-denied",
            Self::Busy(_) => "command-busy",
            Self::TooLarge(_) => "command-too-large",
            Self::Failed { .. } => "command-failed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NulInArgument => return None,
            Self::Vanished(_) => "is it being replaced? start again".to_owned(),
            Self::NoInterpreter { interpreter, .. } if ends_in_carriage_return(interpreter) => {
                "the line ends as on Windows: save the script with Unix line ends".to_owned()
            }
            Self::NoInterpreter { .. } => {
                "install the interpreter, or correct the script's first line".to_owned()
            }
            Self::NoLoader { .. } => "the program was built for another C library or \
                distribution: use a build for this one, or a static one"
                .to_owned(),
            Self::WrongMachine { .. } => format!(
                "use a build for {}; if it is one, the file may be damaged",
                std::env::consts::ARCH
            ),
            Self::NotAProgram(_) => "is it the right file, and whole?".to_owned(),
            Self::Denied {
                interpreter: Some(interpreter),
                ..
            } => format!(
                "its interpreter is {}: may it be executed? a mount with `noexec` and a security \
                 module such as SELinux or AppArmor refuse too",
                interpreter.display()
            ),
            Self::Denied {
                interpreter: None, ..
            } => "a mount with `noexec` and a security module \
                such as SELinux or AppArmor refuse too"
                .to_owned(),
            Self::Busy(_) => "wait until it is written; a deployment should rename a new file \
                over the old one"
                .to_owned(),
            Self::TooLarge(_) => "shorten the arguments, or deliver large values as files with \
                `deliver = \"file\"`"
                .to_owned(),
            Self::Failed { .. } => return None,
        })
    }
}

fn ends_in_carriage_return(interpreter: &Path) -> bool {
    interpreter.as_os_str().as_encoded_bytes().ends_with(b"\r")
}
