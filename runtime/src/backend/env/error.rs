//! What goes wrong with `.env` files. Nothing here has room for a part of a file.

use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;

/// Why `.env` files or the environment could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The file is there and cannot be read.
    #[error("failed to read `{}`: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says of such failures.
        reason: String,
    },
    /// A directory, a pipe, a device.
    #[error("`{}` is not a regular file", file.display())]
    NotRegular {
        /// The file.
        file: PathBuf,
    },
    /// Larger than any `.env` file.
    #[error("`{}` is larger than {limit} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// What is accepted.
        limit: usize,
    },
    /// The file is not text.
    #[error("`{}` is not UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
    },
    /// A line that is not one of a `.env` file.
    #[error("`{}`: {fault}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong there.
        fault: SyntaxFault,
    },
    /// A version was asked for.
    #[error("the environment holds no versions")]
    Version,
    /// The path is not a variable's name.
    #[error("this cannot be the name of a variable")]
    Name,
}

/// What can be wrong with a line of a `.env` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SyntaxFault {
    /// No `NAME=` at its start.
    #[error("the line does not begin with `NAME=`")]
    Name,
    /// A quote without its counterpart.
    #[error("the quote is not closed")]
    Quote,
    /// Text after the closing quote.
    #[error("text follows the closing quote")]
    Tail,
    /// Anything else that the reader refuses.
    #[error("the line cannot be read")]
    Other,
}

impl Explain for EnvError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "env-file-unreadable",
            Self::NotRegular { .. } => "env-file-not-regular",
            Self::TooLarge { .. } => "env-file-too-large",
            Self::NotUtf8 { .. } => "env-file-not-utf8",
            Self::Syntax { fault, .. } => match fault {
                SyntaxFault::Name => "env-file-name",
                SyntaxFault::Quote => "env-file-quote",
                SyntaxFault::Tail => "env-file-tail",
                SyntaxFault::Other => "env-file-syntax",
            },
            Self::Version => "version-unsupported",
            Self::Name => "env-name",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable { .. } => "check who may read the file and the folders above it",
            Self::NotRegular { .. } => "name a file; a missing one is passed over",
            Self::TooLarge { .. } => "`.env` files hold short values; use a `file` backend instead",
            Self::NotUtf8 { .. } => "save the file as UTF-8; other bytes fit into a `file` backend",
            Self::Syntax { fault, .. } => match fault {
                SyntaxFault::Name => {
                    "a name is made of letters, digits, `_`, `.` and `-`; a value of several lines \
                     stands in quotes"
                }
                SyntaxFault::Quote => {
                    "close it; a value that begins with a quote stands in quotes of another kind"
                }
                SyntaxFault::Tail => {
                    "put the whole value in quotes; in double quotes a `\"` is written `\\\"`"
                }
                SyntaxFault::Other => "write `NAME=value`",
            },
            Self::Version => "leave `?version=` out, or name a backend that keeps versions",
            Self::Name => "a variable's name is not empty and holds no `=`",
        };
        Some(hint.to_owned())
    }
}

/// What the user should know although a value was found, or none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvWarning {
    /// A file has the name more than once.
    #[error("`{name}` stands more than once in the file; the last one counts")]
    Repeated {
        /// The variable.
        name: String,
    },
    /// An empty one is stronger than one that is not.
    #[error("`{name}` is empty {}, which hides the value of a weaker source", if *in_file { "here" } else { "in the environment" })]
    Hidden {
        /// The variable.
        name: String,
        /// Whether the empty one stands in a file.
        in_file: bool,
    },
}

impl Explain for EnvWarning {
    fn kind(&self) -> &'static str {
        match self {
            Self::Repeated { .. } => "env-repeated",
            Self::Hidden { .. } => "env-hidden",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Repeated { .. } => "remove the others",
            Self::Hidden { in_file: true, .. } => "remove the empty line to use the other value",
            Self::Hidden { in_file: false, .. } => "unset the variable to use the other value",
        };
        Some(hint.to_owned())
    }
}
