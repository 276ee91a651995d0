//! What goes to standard output.

use std::io::Write;

use secret_runtime::error::{Explain, Problem, Problems};
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
    write(&format!("{}\n", crate::render::escape(&document)));
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
#[error("the manual page cannot be made: {0}")]
struct NoManual(std::io::Error);

impl Explain for NoManual {
    fn kind(&self) -> &'static str {
        "no-manual"
    }
}

pub(super) fn manual(command: clap::Command) -> Result<ExitCode, Problems> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Problem::error(&NoManual(error), None))?;
    text(&String::from_utf8_lossy(&page));
    Ok(ExitCode::SUCCESS)
}
