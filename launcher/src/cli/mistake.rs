//! A word where only a subcommand can stand, and that is none: most often the command itself,
//! without `--` before it.
//!
//! Where a command may stand behind `--`, clap calls any other word an argument that it did not
//! expect, and looks for no subcommand that could be meant. So what it refused is read once more,
//! by a parser that knows of no command.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, Error, Subcommand};

use super::{How, Task, texts};

/// The same error, or a better one of the same arguments.
pub(super) fn explained(error: Error, arguments: impl Iterator<Item = OsString>) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let parser = Command::new("secret-run").override_usage(texts::USAGE);
    let parser = Task::augment_subcommands(How::augment_args(parser));
    let parser = parser.disable_help_subcommand(true);
    match parser.try_get_matches_from(arguments) {
        Err(better) if better.kind() == ErrorKind::InvalidSubcommand => with_tips(better),
        _ => error,
    }
}

fn with_tips(mut error: Error) -> Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let mut tips = vec![StyledStr::from(format!(
        "a command to start stands behind `--`: secret-run -- {word}"
    ))];
    if word == "help" {
        tips.insert(0, StyledStr::from(texts::HELP));
    }
    let _ = error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    error
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;
    use super::*;

    fn said(line: &str) -> String {
        let arguments = || ["secret-run"].into_iter().chain(line.split_whitespace());
        let error = Cli::try_parse_from(arguments()).map(|_| ()).err();
        let Some(error) = error else {
            panic!("{line} is no mistake");
        };
        explained(error, arguments().map(OsString::from)).to_string()
    }

    #[test]
    fn a_command_without_two_dashes_is_told_where_it_stands() {
        for line in ["./app", "--watch ./app --port 80", "-e production ./app"] {
            let said = said(line);
            assert!(said.contains("unrecognized subcommand './app'"), "{said}");
            assert!(said.contains("secret-run -- ./app\n"), "{said}");
            assert!(!said.contains("similar"), "{said}");
            assert!(said.contains(texts::USAGE), "{said}");
        }
    }

    #[test]
    fn a_slip_of_a_subcommand_finds_it_and_help_is_told_how_it_is_asked_for() {
        for (line, subcommand) in [
            ("chek", "check"),
            ("-f s.toml pln", "plan"),
            ("plugins add x", "plugin"),
        ] {
            let said = said(line);
            let tips = said
                .lines()
                .filter(|line| line.contains("similar subcommand"));
            let tips: String = tips.collect();
            assert!(tips.contains(&format!("'{subcommand}'")), "{said}");
        }
        assert!(said("help").contains("secret-run --help"));
    }

    #[test]
    fn every_other_mistake_is_told_as_it_was() {
        for line in [
            "--wat -- app",
            "check x",
            "plan --wat",
            "plugin ad",
            "man --x",
        ] {
            let arguments = || ["secret-run"].into_iter().chain(line.split_whitespace());
            let error = Cli::try_parse_from(arguments()).map(|_| ()).err();
            let error = error.map(|error| error.to_string());
            assert_eq!(Some(said(line)), error, "{line}");
        }
    }
}
