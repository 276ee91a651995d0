//! `secret-run audit show`: the lines that one looks for.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use secret_runtime::audit::{Record, records};
use secret_runtime::error::Problems;

use super::super::Options;
use super::super::print::{self, Output};
use crate::exit::ExitCode;
use crate::table::Table;

/// Show what was written down.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Files of the log, the oldest first [default: all of the manifest's].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only what concerns this entry.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Only accesses with this outcome.
    #[arg(long, value_enum)]
    outcome: Option<Outcome>,
    /// Only what happened since: a time as in 2026-01-31T12:00:00Z, or how long ago, as in 24h.
    #[arg(long, value_name = "TIME|AGO", value_parser = since)]
    since: Option<SystemTime>,
    /// Only what happened in this environment.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only what one run did: its id, or the beginning of it.
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// How what is found is written to standard output: in JSON, the lines as they are.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
    /// The same as `--format json`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    Ok,
    Cached,
    Stale,
    Absent,
    Denied,
    Failed,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cached => "cached",
            Self::Stale => "stale",
            Self::Absent => "absent",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

fn since(text: &str) -> Result<SystemTime, String> {
    if let Ok(time) = humantime::parse_rfc3339_weak(text) {
        return Ok(time);
    }
    let ago: Option<Duration> = humantime::parse_duration(text).ok();
    ago.and_then(|ago| SystemTime::now().checked_sub(ago))
        .ok_or_else(|| "write a time as in 2026-01-31T12:00:00Z, or how long ago, as in 24h".into())
}

impl Show {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let files = super::chosen(&self.files, options)?;
        let heading = [
            "TIME",
            "RUN",
            "ENVIRONMENT",
            "USER",
            "EVENT",
            "WHAT",
            "FROM",
            "OUTCOME",
        ];
        let is_json = self.is_json();
        let mut table = Table::new(&heading);
        let mut lines = String::new();
        let strangers = records(&files, |record, line| {
            if !self.wants(record) {
                return;
            }
            if is_json {
                lines.push_str(line);
                lines.push('\n');
            } else {
                table.row(row(record));
            }
        });
        let strangers = strangers.map_err(super::unreadable)?;
        if is_json {
            print::json_lines(&lines);
            return Ok(ExitCode::SUCCESS);
        }
        let mut text = table.to_string();
        if strangers > 0 {
            text.push_str(&format!(
                "\n{strangers} lines are none of an audit log; `secret-run audit verify` says which\n"
            ));
        }
        print::text(&text);
        Ok(ExitCode::SUCCESS)
    }

    fn is_json(&self) -> bool {
        self.json || self.format == Output::Json
    }

    fn wants(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let time = || humantime::parse_rfc3339(&record.time).ok();
        let outcome = self.outcome.map(Outcome::word);
        // The heading of a file is of no run in particular.
        (self.is_json() || record.event != "file")
            && is(&self.secret, record.secret.as_deref())
            && is(&self.environment, Some(&record.environment))
            && outcome.is_none_or(|wanted| record.outcome.as_deref() == Some(wanted))
            && self
                .since
                .is_none_or(|since| time().is_some_and(|time| time >= since))
            && self
                .run
                .as_ref()
                .is_none_or(|id| record.run.starts_with(id))
    }
}

fn row(record: &Record) -> [String; 8] {
    /// So much of an id tells runs apart; `--run` takes it.
    const SHORT: usize = 8;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let version = record.version.as_ref();
    let version = version.map_or_else(String::new, |version| format!("?version={version}"));
    let uid = || record.uid.map(|uid| uid.to_string()).unwrap_or_default();
    let outcome = [&record.outcome, &record.stage, &record.error];
    let outcome: Vec<&str> = outcome.into_iter().flatten().map(String::as_str).collect();
    let what = match (&record.program, record.secrets) {
        (Some(program), Some(1)) => format!("{program} (1 secret)"),
        (Some(program), Some(secrets)) => format!("{program} ({secrets} secrets)"),
        _ => text(&record.secret),
    };
    [
        record.time.clone(),
        record.run.chars().take(SHORT).collect(),
        record.environment.clone(),
        record.user.clone().unwrap_or_else(uid),
        record.event.clone(),
        what,
        text(&record.backend) + &version,
        outcome.join(" "),
    ]
}
