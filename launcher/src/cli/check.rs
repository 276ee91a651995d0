//! `secret-run check`: everything but the start.

use std::time::Duration;

use clap::Args;
use secret_runtime::audit::Task;
use secret_runtime::cache::Asking;
use secret_runtime::error::{Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::line::one_line;
use secret_runtime::plan::Plan;
use secret_runtime::report::Report;
use secret_runtime::resolver::Resolved;

use super::Options;
use super::print::{self, Output};
use crate::exit::{ExitCode, FAILED};
use crate::loan::Loan;
use crate::metrics::Meter;
use crate::table::Table;
use crate::{pipeline, render};

/// Resolve and validate everything, start nothing.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Judge the manifest alone: read no file of secrets, ask no backend.
    #[arg(long)]
    offline: bool,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

/// What was found: the report if it got so far, and all problems and warnings.
struct Findings {
    report: Option<Report>,
    problems: Vec<Problem>,
    ok: bool,
}

impl Check {
    pub(super) fn run(&self, options: &Options, mut judge: Judge) -> ExitCode {
        let findings = match pipeline::plan(options) {
            Ok(plan) => self.findings(plan, options, &mut judge),
            Err(problems) => Findings::failed(None, problems),
        };
        match self.format {
            Output::Json => print::json(&serde_json::json!({
                "ok": findings.ok,
                "offline": self.offline,
                "report": findings.report,
                "problems": render::as_json(&findings.problems),
            })),
            Output::Text => {
                render::problems(
                    &findings.problems,
                    options.error_format,
                    render::CHECK_FAILED,
                );
                if findings.ok {
                    print::text(&summary(findings.report.as_ref(), self.offline));
                }
            }
        }
        if findings.ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(FAILED)
        }
    }

    fn findings(&self, plan: Plan, options: &Options, judge: &mut Judge) -> Findings {
        let report = Some(Report::of_plan(&plan));
        if self.offline {
            return match pipeline::authorize(plan, options, judge) {
                Ok(_) => Findings {
                    report,
                    problems: Vec::new(),
                    ok: true,
                },
                Err(problems) => Findings::failed(report, problems),
            };
        }
        match resolve(plan, options, judge) {
            Ok(resolved) => Findings {
                report: Some(Report::of_run(&resolved)),
                problems: resolved.warnings().to_vec(),
                ok: true,
            },
            Err(problems) => Findings::failed(report, problems),
        }
    }
}

/// What was read is written down also where nothing is started, and what was leased is given back.
/// A check is there to find out what is so now: a cache only stands in for a backend that is out,
/// and is said.
fn resolve(plan: Plan, options: &Options, judge: &mut Judge) -> Result<Resolved, Problems> {
    let mut meter = Meter::off(options);
    let task = (Task::Check, Asking::All);
    let mut loan = Loan::default();
    let read = pipeline::read(plan, task, options, judge, (&mut meter, &mut loan));
    let left = loan.give_back();
    let (mut resolved, mut audit) = match read {
        Ok(read) => read,
        Err(problems) => return Err(problems.with(left)),
    };
    match audit.write() {
        Ok(()) => {
            resolved.note(left);
            Ok(resolved)
        }
        // What stays leased is said all the same.
        Err(problems) => Err(problems.with(left)),
    }
}

impl Findings {
    fn failed(report: Option<Report>, problems: Problems) -> Self {
        Self {
            report,
            problems: problems.into_vec(),
            ok: false,
        }
    }
}

fn summary(report: Option<&Report>, offline: bool) -> String {
    let Some(report) = report else {
        return String::new();
    };
    let checked = if offline {
        "the manifest is right; nothing was read"
    } else {
        "everything is there and valid"
    };
    let mut table = Table::new(&["NAME", "FROM", "VALIDATED BY", ""]);
    for entry in &report.entries {
        let state = match entry.present {
            Some(true) => match (&entry.cache, entry.lease) {
                (Some(cache), _) => {
                    let age = Duration::from_secs(cache.age_seconds);
                    let age = humantime::format_duration(age);
                    format!("{}, read {age} ago", cache.outcome)
                }
                (None, Some(lease)) => format!("ok, leased for {lease}"),
                (None, None) => "ok".into(),
            },
            Some(false) => "absent (optional)".into(),
            None => String::new(),
        };
        table.row([
            entry.name.clone(),
            entry.from.clone(),
            entry.validate.join(", "),
            state,
        ]);
    }
    format!("{table}\n{}: {checked}\n", one_line(&report.environment))
}
