//! What goes to standard output.

use std::io::Write;

use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::line::escape_json;
use secret_runtime::manifest::schema;
use serde::Serialize;

use crate::exit::ExitCode;

/// `--format` of subcommands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Writes text.
pub(super) fn text(text: &str) {
    write(&crate::render::clean(text));
}

/// A reader that went away (`secret-run rules | head`) is no failure.
fn write(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Writes a JSON document. Fields of types stand in their order, those of values by name.
pub(super) fn json(value: &impl Serialize) {
    let document = serde_json::to_string_pretty(value);
    let document = document.expect("what is printed has texts for keys");
    json_lines(&format!("{document}\n"));
}

/// Writes lines of JSON, without a loss.
pub(super) fn json_lines(lines: &str) {
    write(&escape_json(lines));
}

pub(super) fn schema() -> Result<ExitCode, Problems> {
    json(&schema::json_schema());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn completions(
    shell: clap_complete::Shell,
    command: &mut clap::Command,
) -> Result<ExitCode, Problems> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "secret-run", &mut script);
    text(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, thiserror::Error)]
enum NoManual {
    #[error("there is no subcommand `{0}`")]
    NoSubcommand(String),
    #[error("the manual page cannot be made: {0}")]
    Unmade(std::io::Error),
}

impl Explain for NoManual {
    fn kind(&self) -> &'static str {
        "no-manual"
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSubcommand(_) => {
                Some("`secret-run man` names all, and `secret-run man plugin` those of it".into())
            }
            Self::Unmade(_) => None,
        }
    }
}

/// The manual page of the subcommand that these words name, or the one of all.
pub(super) fn manual(command: clap::Command, of: &[String]) -> Result<ExitCode, Problems> {
    let page = page(command, of).map_err(|error| Problem::error(&error, None))?;
    text(&page);
    Ok(ExitCode::SUCCESS)
}

fn page(mut command: clap::Command, of: &[String]) -> Result<String, NoManual> {
    // Gives subcommands their whole names, and the options that all have.
    command.build();
    let source = format!("secret-run {}", env!("CARGO_PKG_VERSION"));
    let named = |command: clap::Command, word: &String| command.find_subcommand(word).cloned();
    let found = of.iter().try_fold(command, named);
    let found = found.ok_or_else(|| NoManual::NoSubcommand(of.join(" ")))?;
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(found).source(source);
    manual.render(&mut page).map_err(NoManual::Unmade)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    /// Checks the page of a subcommand and of those below it, and counts them.
    fn check(command: &clap::Command, path: &[String]) -> usize {
        let page = page(Cli::command(), path).unwrap().replace("\\-", "-");
        let title = [&["secret-run".to_owned()], path].concat().join("-");
        assert!(page.contains(&format!(".TH {title} 1")), "{page}");
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(
                page.contains(&format!("--{option}\\fR")),
                "{path:?} --{option}"
            );
        }
        let below = command.get_subcommands().map(|below| {
            let name = below.get_name().to_owned();
            assert!(page.contains(&format!("{title}-{name}(1)")), "{page}");
            check(below, &[path, &[name]].concat())
        });
        1 + below.sum::<usize>()
    }

    #[test]
    fn every_page_that_a_page_names_is_there_with_all_options() {
        assert!(check(&Cli::command(), &[]) > 20);
        let nowhere = ["plugin".to_owned(), "ad".to_owned()];
        let error = page(Cli::command(), &nowhere).unwrap_err();
        assert!(error.to_string().contains("`plugin ad`"), "{error}");
    }
}
