//! `secret-run audit`: looks into what was written down.

mod show;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secret_runtime::audit::{AuditError, LogFiles};
use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::manifest::AuditDestination;
use thiserror::Error;

use super::Options;
use crate::exit::ExitCode;
use crate::pipeline;

/// Verify and show the audit log.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Verify(verify::Verify),
    Show(show::Show),
}

/// The manifest names no file.
#[derive(Debug, Error)]
#[error("the manifest does not say in which file the audit log is")]
struct NoFile;

impl Explain for NoFile {
    fn kind(&self) -> &'static str {
        "audit-no-file"
    }

    fn hint(&self) -> Option<String> {
        Some("name the files, the oldest first, or write `destination` in [audit]".to_owned())
    }
}

impl Audit {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        match &self.task {
            Task::Verify(verify) => verify.run(options),
            Task::Show(show) => show.run(options),
        }
    }
}

/// Those that are named, or all of the manifest's log.
fn chosen(named: &[PathBuf], options: &Options) -> Result<LogFiles, Problems> {
    if !named.is_empty() {
        return Ok(LogFiles::These(named.to_vec()));
    }
    let plan = pipeline::plan(options)?;
    let manifest = plan.manifest();
    let destination = manifest.audit.as_ref().map(|audit| &audit.destination);
    let Some(AuditDestination::File(file)) = destination else {
        return Err(Problem::error(&NoFile, None).into());
    };
    Ok(LogFiles::Of(manifest.source().directory().join(&file.path)))
}

fn unreadable(error: AuditError) -> Problems {
    Problem::error(&error, None).into()
}
