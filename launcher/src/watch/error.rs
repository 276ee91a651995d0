//! Why a command cannot be supervised.

use nix::errno::Errno;
use secret_runtime::error::{Explain, Problem, Problems};
use thiserror::Error;

/// Why a command cannot be supervised.
#[derive(Debug, Error)]
pub(super) enum WatchError {
    /// Changes are to be written to files, and there are none.
    #[error("changes are to be written to files, and no entry is delivered to a path")]
    NothingToRewrite,
    /// It is to start a command with a part of the values.
    #[error("the command cannot be started with a part of its values")]
    Partial,
    /// The kernel refused a step.
    #[error("the command cannot be supervised: could not {step}: {}", .errno.desc())]
    Step {
        /// What was tried.
        step: &'static str,
        /// What the kernel said.
        errno: Errno,
    },
}

impl WatchError {
    pub(super) fn step<E: Into<std::io::Error>>(step: &'static str) -> impl FnOnce(E) -> Problems {
        move |error| {
            let errno = error
                .into()
                .raw_os_error()
                .map_or(Errno::EIO, Errno::from_raw);
            Problem::error(&Self::Step { step, errno }, None).into()
        }
    }
}

impl Explain for WatchError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NothingToRewrite => "watch-nothing-to-rewrite",
            Self::Partial => "watch-partial",
            Self::Step { .. } => "watch-failed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NothingToRewrite => {
                "give an entry `deliver = { file = \"/run/...\" }`, or choose \
                `on-change = \"restart\"`"
                    .to_owned()
            }
            Self::Partial => "this is a mistake of `secret-run`: please report it".to_owned(),
            Self::Step { .. } => "check how many files and processes this user may have, with \
                `ulimit -a`"
                .to_owned(),
        })
    }
}
