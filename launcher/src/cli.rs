//! The command line: one file per subcommand.

mod audit;
#[cfg(feature = "aws")]
mod aws;
mod cache;
mod check;
#[cfg(any(feature = "aws", feature = "vault"))]
mod nothing;
mod options;
mod plan;
mod plugin;
mod print;
mod rules;
mod run;
mod texts;
#[cfg(feature = "vault")]
mod vault;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
pub use options::Options;

use secret_runtime::judge::Judge;

use crate::exit::FAILED;
use crate::harden::Hardened;
use crate::{render, watch};

/// Resolves the secrets that an app declares in secrets.toml, validates them, and becomes the app.
#[derive(Debug, Parser)]
#[command(
    name = "secret-run",
    version,
    override_usage = "secret-run [OPTIONS] -- COMMAND [ARGUMENTS]...\n       secret-run [OPTIONS] SUBCOMMAND",
    after_help = texts::AFTER_HELP,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    task: Option<Task>,
    /// Stay as the command's parent, and restart it or tell it when a value changes; see [watch]
    /// of the manifest.
    #[arg(long)]
    watch: bool,
    /// Mask the values of secrets in what the command writes. Needs --watch.
    #[arg(long, requires = "watch")]
    redact: bool,
    /// The command to become, with its arguments.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Resolve and validate everything, start nothing.
    Check(check::Check),
    /// Show what would come from where, without reading any value.
    Plan(plan::Plan),
    /// Print what AWS must allow.
    #[cfg(feature = "aws")]
    Aws(aws::Aws),
    /// What concerns Vault.
    #[cfg(feature = "vault")]
    Vault(vault::Vault),
    /// Verify and show the audit log.
    Audit(audit::Audit),
    /// Show and clear what is kept across starts.
    Cache(cache::Cache),
    /// Print the JSON Schema of secrets.toml.
    Schema,
    /// List what values can be validated with.
    Rules(rules::Rules),
    /// Begin, test, add, list and look into plugins.
    Plugin(plugin::Plugin),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff.
    Man,
}

/// Parses the command line and does what it says. Returns only if no command was started.
pub fn run(judge: Judge, hardened: Hardened) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let options = &cli.options;
    let mut consequence = render::NOT_STARTED;
    let done = match cli.task {
        None if cli.command.is_empty() => {
            let missing = clap::error::ErrorKind::MissingRequiredArgument;
            return usage(&Cli::command().error(missing, texts::NO_COMMAND));
        }
        Some(_) if cli.watch => {
            let conflict = clap::error::ErrorKind::ArgumentConflict;
            return usage(&Cli::command().error(conflict, texts::WATCHED_SUBCOMMAND));
        }
        None if cli.watch => watch::supervise(options, cli.command, judge, hardened, cli.redact),
        None => run::run(options, cli.command, judge, hardened),
        Some(Task::Check(check)) => return check.run(options, judge),
        Some(Task::Plan(plan)) => plan.run(options),
        #[cfg(feature = "aws")]
        Some(Task::Aws(aws)) => aws.run(options),
        #[cfg(feature = "vault")]
        Some(Task::Vault(vault)) => vault.run(options),
        Some(Task::Audit(audit)) => audit.run(options),
        Some(Task::Cache(cache)) => {
            consequence = render::NOT_DONE;
            cache.run(options)
        }
        Some(Task::Schema) => print::schema(),
        Some(Task::Rules(rules)) => rules.run(),
        Some(Task::Plugin(plugin)) => {
            consequence = render::NOT_DONE;
            plugin.run(options)
        }
        Some(Task::Completions { shell }) => print::completions(shell, &mut Cli::command()),
        Some(Task::Man) => print::manual(Cli::command()),
    };
    match done {
        Ok(code) => code,
        Err(problems) => {
            render::problems(problems.as_slice(), options.error_format, consequence);
            ExitCode::from(FAILED)
        }
    }
}

/// Help and version are no errors; everything else is said on standard error with the
/// code of our own failures, which no shell or app mistakes for the command's.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed stream is no reason to fail in another way.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(FAILED)
    } else {
        ExitCode::SUCCESS
    }
}
