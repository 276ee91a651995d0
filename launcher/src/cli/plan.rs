//! `secret-run plan`: what would come from where. Reads the manifest and nothing else.

use clap::Args;
use secret_runtime::error::Problems;
use secret_runtime::line::one_line;
use secret_runtime::report::Report;

use super::Options;
use super::print::{self, Output};
use crate::exit::ExitCode;
use crate::pipeline;
use crate::table::Table;

/// Show what would come from where, without reading any value.
#[derive(Debug, Args)]
pub(super) struct Plan {
    /// How the plan is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

impl Plan {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let report = Report::of_plan(&pipeline::plan(options)?);
        match self.format {
            Output::Json => print::json(&serde_json::json!(report)),
            Output::Text => print::text(&text(&report)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(report: &Report) -> String {
    let mut table = Table::new(&[
        "NAME",
        "CLASS",
        "FROM",
        "REQUIRED",
        "VALIDATED BY",
        "DELIVERED",
    ]);
    for entry in &report.entries {
        table.row([
            entry.name.clone(),
            entry.class.into(),
            entry.from.clone(),
            entry.required.clone(),
            entry.validate.join(", "),
            entry.deliver.clone(),
        ]);
    }
    let chosen = report
        .chosen_by
        .as_deref()
        .unwrap_or("nothing says otherwise");
    let production = match &report.production {
        Some(by) => format!("production: yes, {by}"),
        None => "production: no".into(),
    };
    format!(
        "manifest:    {}\nenvironment: {} ({})\n{}\n\n{table}{}",
        one_line(&report.manifest),
        one_line(&report.environment),
        one_line(chosen),
        one_line(&production),
        backends(report)
    )
}

/// Whom the manifest has asked, and what it has them shown.
fn backends(report: &Report) -> String {
    let mut text = String::new();
    for backend in &report.backends {
        text.push_str(&format!(
            "\n{} ({})\n",
            one_line(&backend.name),
            backend.kind
        ));
        for (key, says) in &backend.says {
            text.push_str(&format!("  {key}: {}\n", one_line(says)));
        }
        if backend.says.is_empty() {
            text.push_str("  says nothing: variables and files of your own decide\n");
        }
    }
    text
}
