//! What subcommands answer that need a compiler, in a build that has none.

use std::ffi::OsString;

use clap::Args;
use secret_runtime::error::Problems;

use super::error::{CommandError, refusal};
use crate::cli::Options;
use crate::exit::ExitCode;

/// Not in this build: it has no compiler.
#[derive(Debug, Args)]
pub(super) struct NoCompiler {
    /// Not looked at.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<OsString>,
}

impl NoCompiler {
    #[expect(
        clippy::unused_self,
        reason = "it stands in for subcommands that look at it"
    )]
    pub(super) fn run(&self, _: &Options) -> Result<ExitCode, Problems> {
        Err(refusal(&CommandError::NoCompiler))
    }
}
