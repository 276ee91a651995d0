//! `secret-run aws policy`: what AWS must allow for the manifest, and nothing more.

use clap::{Args, Subcommand};
use secret_runtime::backend::aws::{Policy, PolicyScope};
use secret_runtime::error::Problems;

use super::nothing::nothing_of;
use super::{Options, print};
use crate::exit::ExitCode;
use crate::pipeline;

/// Print what AWS must allow.
#[derive(Debug, Args)]
pub(super) struct Aws {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Print the least policy of IAM with which this manifest can be resolved, as JSON.
    Policy(PolicyOptions),
}

/// Print the least policy of IAM with which this manifest can be resolved, as JSON.
///
/// It is made of the manifest alone: AWS is not asked, and no credentials are needed.
#[derive(Debug, Args)]
struct PolicyOptions {
    /// The region of backends that name none; AWS_REGION by default, else any.
    #[arg(long)]
    region: Option<String>,
    /// The account that the secrets are in, by its 12 digits; any by default.
    #[arg(long, value_parser = account)]
    account: Option<String>,
    /// The ARN of a key of your own that secrets are encrypted with; can be repeated.
    #[arg(long = "key", value_name = "ARN", value_parser = key)]
    keys: Vec<String>,
}

fn account(text: &str) -> Result<String, &'static str> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account
        .then(|| text.to_owned())
        .ok_or("an account has 12 digits")
}

fn key(text: &str) -> Result<String, &'static str> {
    let mut parts = text.split(':');
    let starts_so = parts.next() == Some("arn") && parts.nth(1) == Some("kms");
    starts_so
        .then(|| text.to_owned())
        .ok_or("the ARN of a key begins with `arn:aws:kms:`")
}

impl Aws {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let Task::Policy(wanted) = &self.task;
        let plan = pipeline::plan(options)?;
        let variable = |name| std::env::var(name).ok().filter(|region| !region.is_empty());
        let region = || variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let scope = PolicyScope {
            region: wanted.region.clone().or_else(region),
            account: wanted.account.clone(),
            keys: wanted.keys.clone(),
        };
        let Some(policy) = Policy::of(&plan, &scope)? else {
            return Err(nothing_of(&plan, "AWS", "nothing-of-aws"));
        };
        print::json(&policy);
        Ok(ExitCode::SUCCESS)
    }
}
