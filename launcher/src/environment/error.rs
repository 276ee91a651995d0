//! Why a command cannot get the environment that was made for it.
//!
//! Sizes are in KiB, rounded up, and stand only where a limit is passed: the length of
//! a value says something about it. No error here holds a value.

use secret_runtime::error::Explain;
use thiserror::Error;

/// One of the largest entries of an environment that is too large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Largest {
    /// The name of the variable.
    pub name: String,
    /// What it takes, in KiB, rounded up.
    pub kib: usize,
}

/// Why a command cannot get the environment that was made for it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// The name is empty, or has a `=` or NUL in it.
    #[error("{name:?} cannot be the name of an environment variable")]
    Name {
        /// The name that was asked for.
        name: String,
    },
    /// Two additions have this name.
    #[error("{name} would be set twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// The value has a NUL byte in it.
    #[error("the value of {name} contains a NUL byte, which no environment variable can hold")]
    Nul {
        /// The name.
        name: String,
    },
    /// The kernel takes no string of this length.
    #[error(
        "{name} takes {kib} KiB; the kernel takes at most {limit_kib} KiB for one environment variable"
    )]
    TooLong {
        /// The name.
        name: String,
        /// The size of `NAME=value`, rounded up.
        kib: usize,
        /// The kernel's limit.
        limit_kib: usize,
        /// Whether it was resolved, not inherited.
        added: bool,
    },
    /// The kernel takes no arguments and environment of this size together.
    #[error(
        "arguments and environment take {kib} KiB together; the kernel takes at most {limit_kib} KiB \
         (arguments: {arguments_kib} KiB; largest variables: {})",
        listed(.largest)
    )]
    TooMuch {
        /// All of it, rounded up.
        kib: usize,
        /// The kernel's limit.
        limit_kib: usize,
        /// What the arguments take of it.
        arguments_kib: usize,
        /// The largest variables, the largest first.
        largest: Vec<Largest>,
    },
}

impl EnvironmentError {
    /// The variable that it is about, if it is about one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name { name }
            | Self::Twice { name }
            | Self::Nul { name }
            | Self::TooLong { name, .. } => Some(name),
            Self::TooMuch { .. } => None,
        }
    }
}

impl Explain for EnvironmentError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Name { .. } => "environment-name",
            Self::Twice { .. } => "environment-name-twice",
            Self::Nul { .. } => "environment-nul",
            Self::TooLong { .. } => "environment-value-too-long",
            Self::TooMuch { .. } => "environment-too-large",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name { .. } => Some("rename the entry: letters, digits and `_`".to_owned()),
            Self::Twice { name } => Some(format!(
                "an entry with `deliver = \"file\"` sets its name with `_FILE` at the end; rename one of the two that set {name}"
            )),
            Self::Nul { .. } => Some("deliver it as a file: `deliver = \"file\"`".to_owned()),
            Self::TooLong { added: true, .. } => Some("deliver it as a file: `deliver = \"file\"`".to_owned()),
            Self::TooLong { name, added: false, .. } => {
                Some(format!("it is inherited: unset {name}, or leave it out with `inherit`"))
            }
            Self::TooMuch { .. } => Some(
                "deliver the largest as files with `deliver = \"file\"`, inherit less, or raise the stack limit \
                 (`ulimit -s`): a quarter of it, up to 6 MiB, is what the kernel takes"
                    .to_owned(),
            ),
        }
    }
}

fn listed(largest: &[Largest]) -> String {
    if largest.is_empty() {
        return "none".to_owned();
    }
    let each: Vec<String> = largest
        .iter()
        .map(|entry| format!("{} {} KiB", entry.name, entry.kib))
        .collect();
    each.join(", ")
}
