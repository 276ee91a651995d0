//! `secret-run vault policy`: what Vault must grant for the manifest, and nothing more.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secret_runtime::backend::vault::Policy;
use secret_runtime::error::{Explain, Problem, Problems};
use thiserror::Error;

use super::{Options, print};
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

#[derive(Debug, Error)]
#[error("the environment `{environment}` reads nothing from Vault")]
struct NothingOfVault {
    environment: String,
}

impl Explain for NothingOfVault {
    fn kind(&self) -> &'static str {
        "nothing-of-vault"
    }

    fn hint(&self) -> Option<String> {
        Some(
            "choose the environment with --env, or a backend with --backend; `secret-run plan` \
             shows what comes from where"
                .into(),
        )
    }
}

impl Vault {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let Task::Policy = &self.task;
        let plan = pipeline::plan(options)?;
        let Some(policy) = Policy::of(&plan, &|name: &str| std::env::var_os(name)) else {
            let environment = plan.selection.environment.clone();
            return Err(Problem::error(&NothingOfVault { environment }, None).into());
        };
        print::text(&policy.to_string());
        Ok(ExitCode::SUCCESS)
    }
}
