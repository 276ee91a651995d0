//! Options that every subcommand takes.

use std::path::PathBuf;

use clap::Args;
use secret_runtime::error::Problems;
use secret_runtime::manifest_file::{self, ManifestFile};
use secret_runtime::selection::Wanted;

use crate::render::Format;

/// Options of `secret-run`, before `--` or among those of a subcommand.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct Options {
    /// The manifest [default: secrets.toml, from the working directory upwards; or SECRETS_FILE].
    #[arg(short, long, global = true, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// The environment of the manifest [default: SECRETS_ENV, NODE_ENV, APP_ENV, ...; or development].
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// The backend for secrets that name none [default: SECRETS_BACKEND, or the environment's].
    #[arg(short, long, global = true, value_name = "NAME|KIND")]
    pub(crate) backend: Option<String>,
    /// Compile plugins that are not compiled yet. That takes longer than all else, so it is not
    /// done unless asked for.
    #[arg(long, global = true)]
    pub(crate) allow_compile: bool,
    /// How problems are written to standard error.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) error_format: Format,
}

impl Options {
    /// The text of the manifest that is meant.
    pub(crate) fn manifest(&self) -> Result<ManifestFile, Problems> {
        manifest_file::read(self.file.clone(), |name| std::env::var_os(name))
    }

    pub(crate) fn wanted(&self) -> Wanted {
        Wanted::new(self.env.clone(), self.backend.clone(), |name| {
            std::env::var_os(name)
        })
    }
}
