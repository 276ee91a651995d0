//! The command line: one file per subcommand.

mod audit;
#[cfg(feature = "aws")]
mod aws;
mod cache;
mod check;
mod mistake;
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

use clap::{Args, CommandFactory, Parser, Subcommand};
pub use options::Options;

use secret_runtime::judge::Judge;

use crate::exit::{ExitCode, FAILED};
use crate::harden::Hardened;
use crate::{render, watch};

/// Resolves the secrets that an app declares in secrets.toml, validates them, and becomes the app.
#[derive(Debug, Parser)]
#[command(
    name = "secret-run",
    version,
    override_usage = texts::USAGE,
    after_help = texts::AFTER_HELP,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    start: Start,
    #[command(subcommand)]
    task: Option<Task>,
}

/// The main form alone. Every start would otherwise make the subcommands, with all of their
/// options and texts, to find that none of them is meant.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
struct Direct {
    #[command(flatten)]
    start: Start,
}

/// What starts a command, and how.
#[derive(Debug, Args, PartialEq, Eq)]
struct Start {
    #[command(flatten)]
    how: How,
    /// The command to become, with its arguments.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// How a command is started.
#[derive(Debug, Args, PartialEq, Eq)]
struct How {
    #[command(flatten)]
    options: Options,
    /// Stay as the command's parent, and restart it or tell it when a value changes; see [watch]
    /// of the manifest.
    #[arg(long)]
    watch: bool,
    /// Mask the values of secrets in what the command writes. Needs --watch.
    #[arg(long, requires = "watch")]
    redact: bool,
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
    /// Print the manual page, in roff; that of a subcommand if one is named.
    Man {
        /// A subcommand, as in `man plugin add`.
        #[arg(value_name = "SUBCOMMAND")]
        of: Vec<String>,
    },
}

impl Cli {
    /// What the arguments of the process say.
    fn of_process() -> Result<Self, clap::Error> {
        match Direct::try_parse() {
            Ok(Direct { start }) if !start.command.is_empty() => Ok(Self { start, task: None }),
            // What is wrong is said by the parser that knows everything.
            _ => Self::try_parse(),
        }
    }
}

/// Parses the command line and does what it says. Returns only if no command was started.
pub fn run(judge: Judge, hardened: Hardened) -> ExitCode {
    let Cli { start, task } = match Cli::of_process() {
        Ok(cli) => cli,
        Err(error) => return usage(&mistake::explained(error, std::env::args_os())),
    };
    let Start { how, command } = start;
    let options = &how.options;
    let mut consequence = render::NOT_STARTED;
    let done = match task {
        None if command.is_empty() => {
            let missing = clap::error::ErrorKind::MissingRequiredArgument;
            return usage(&Cli::command().error(missing, texts::NO_COMMAND));
        }
        Some(_) if how.watch => {
            let conflict = clap::error::ErrorKind::ArgumentConflict;
            return usage(&Cli::command().error(conflict, texts::WATCHED_SUBCOMMAND));
        }
        None if how.watch => watch::supervise(options, command, judge, hardened, how.redact),
        None => run::run(options, command, judge, hardened),
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
        Some(Task::Man { of }) => {
            consequence = render::NOT_DONE;
            print::manual(Cli::command(), &of)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser without subcommands reads is what the one with them would have read.
    #[test]
    fn both_parsers_agree() {
        let lines = [
            "-- app",
            "--file s.toml --env production -- app --watch check",
            "-fs.toml -e=staging -b vault --allow-compile --error-format json -- app",
            "--watch --redact -- app -- more",
            "--env check -- app",
            "--file -- -- app",
            "-- ",
        ];
        for line in lines {
            let arguments = || std::iter::once("secret-run").chain(line.split(' '));
            let all = Cli::try_parse_from(arguments()).map(|cli| cli.start);
            let direct = Direct::try_parse_from(arguments()).map(|direct| direct.start);
            match (all, direct) {
                (Ok(all), Ok(direct)) => assert_eq!(all, direct, "{line}"),
                (Err(all), Err(direct)) => assert_eq!(all.kind(), direct.kind(), "{line}"),
                (all, direct) => panic!("{line}: {all:?} and {direct:?}"),
            }
        }
    }

    /// What has another meaning with subcommands is left to the parser that knows them.
    #[test]
    fn the_main_form_alone_is_read_directly() {
        let others = [
            "",
            "--help",
            "-h",
            "--version",
            "-V",
            "check",
            "check -- app",
            "plan --env production",
            "--env production check",
            "--redact -- app",
            "--wat -- app",
            "app",
        ];
        for line in others {
            let arguments = ["secret-run"].into_iter().chain(line.split_whitespace());
            let direct = Direct::try_parse_from(arguments);
            assert!(
                direct.is_err_and(|error| error.use_stderr()) || line.is_empty(),
                "{line}"
            );
        }
    }
}
