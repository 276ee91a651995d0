//! `secret-run cache`: what is kept across starts.

use std::time::Duration;

use clap::{Args, Subcommand};
use secret_runtime::cache::{self, CacheError, CacheStatus, StatusEntry};
use secret_runtime::error::{Problem, Problems};
use secret_runtime::plugin::Plugins;

use super::Options;
use super::print::{self, Output};
use crate::exit::ExitCode;
use crate::pipeline;
use crate::table::Table;

/// Show and clear what is kept across starts.
#[derive(Debug, Args)]
pub(super) struct Cache {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show what is kept for this manifest and environment, without any value.
    Status(Format),
    /// Remove all that is kept for this user, for other manifests, too.
    Clear(Format),
}

#[derive(Debug, Args)]
struct Format {
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

impl Cache {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        match &self.task {
            Task::Status(format) => status(options, format.format)?,
            Task::Clear(format) => clear(format.format)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn status(options: &Options, format: Output) -> Result<(), Problems> {
    let plan = pipeline::plan(options)?;
    let plugins = Plugins::of_plan(&plan, pipeline::plugin_options(options))?;
    let process = |name: &str| std::env::var_os(name);
    let status = cache::status(&plan, &plugins, &process).map_err(failed)?;
    match (format, status) {
        (Output::Json, status) => {
            let path = status
                .as_ref()
                .map(|status| status.path.display().to_string());
            let elsewhere = status.iter().flat_map(|status| &status.elsewhere);
            let elsewhere: Vec<_> = elsewhere.map(|path| path.display().to_string()).collect();
            let entries = status.iter().flat_map(|status| &status.entries);
            let entries: Vec<_> = entries.map(as_json).collect();
            print::json(&serde_json::json!({
                "across_starts": path.is_some(),
                "path": path,
                "elsewhere": elsewhere,
                "entries": entries,
            }));
        }
        (Output::Text, None) => {
            print::text("nothing is kept: the manifest does not say `across-starts` in [cache]\n");
        }
        (Output::Text, Some(status)) => print::text(&text(&status)),
    }
    Ok(())
}

fn clear(format: Output) -> Result<(), Problems> {
    let cleared = cache::clear(&|name| std::env::var_os(name)).map_err(failed)?;
    let removed = cleared.removed;
    let folders = cleared.folders.iter();
    let folders: Vec<_> = folders.map(|path| path.display().to_string()).collect();
    match format {
        Output::Json => {
            print::json(&serde_json::json!({ "removed": removed, "folders": folders }));
        }
        Output::Text => {
            let caches = if removed == 1 { "cache" } else { "caches" };
            let folders = folders.join(", ");
            print::text(&format!(
                "{removed} {caches} removed; looked in {folders}\n"
            ));
        }
    }
    Ok(())
}

fn failed(error: CacheError) -> Problems {
    Problem::error(&error, None).into()
}

fn as_json(entry: &StatusEntry) -> serde_json::Value {
    serde_json::json!({
        "name": entry.name,
        "backend": entry.backend,
        "state": entry.state.word(),
        "age_seconds": entry.age.map(|age| age.as_secs()),
        "ttl_seconds": entry.ttl.as_secs(),
    })
}

fn text(status: &CacheStatus) -> String {
    let path = status.path.display();
    let others = status.elsewhere.iter().map(|path| {
        let path = path.display();
        format!("{path}: kept by starts in another environment; `cache clear` removes it, too\n")
    });
    let others: String = others.collect();
    if status.entries.is_empty() {
        return format!("{path}: nothing is kept\n{others}");
    }
    let mut table = Table::new(&["NAME", "FROM", "READ", "GOOD FOR", ""]);
    for entry in &status.entries {
        let read = entry.age.map_or_else(
            || "in the future".to_owned(),
            |age| format!("{} ago", words(age)),
        );
        let state = entry.state.word().to_owned();
        let (name, backend) = (entry.name.clone(), entry.backend.clone());
        table.row([name, backend, read, words(entry.ttl), state]);
    }
    format!("{table}\n{path}\n{others}")
}

/// In whole seconds.
fn words(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}
