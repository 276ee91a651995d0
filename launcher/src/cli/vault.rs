//! `secret-run vault policy`: what Vault must grant for the manifest, and nothing more.

use clap::{Args, Subcommand};
use secret_runtime::backend::vault::Policy;
use secret_runtime::error::Problems;

use super::nothing::nothing_of;
use super::{Options, print};
use crate::exit::ExitCode;
use crate::pipeline;

/// Print what Vault must grant.
#[derive(Debug, Args)]
pub(super) struct Vault {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Print the least policy with which this manifest can be resolved, in HCL.
    ///
    /// It is made of the manifest and of VAULT_MOUNT_PATH and VAULT_PATH alone: Vault is not asked,
    /// and no credentials are needed.
    Policy,
}

impl Vault {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let Task::Policy = &self.task;
        let plan = pipeline::plan(options)?;
        let policy = Policy::of(&plan, &|name: &str| std::env::var_os(name))?;
        let Some(policy) = policy else {
            return Err(nothing_of(&plan, "Vault", "nothing-of-vault"));
        };
        print::text(&policy.to_string());
        Ok(ExitCode::SUCCESS)
    }
}
