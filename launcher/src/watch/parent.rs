//! The parent of a command: what it begins with, and its loop.

use std::ffi::OsString;

use secret_runtime::error::{Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::manifest::{Deliver, OnChange};
use secret_runtime::plan::Plan;
use secret_runtime::refresh::interval;

use super::candidate::{self, Orders};
use super::error::WatchError;
use super::leases::keeper;
use super::mark::Marker;
use super::metrics::Exporter;
use super::signals::Signals;
use super::supervisor::{Supervisor, Turn};
use crate::cli::Options;
use crate::exit::ExitCode;
use crate::harden::Hardened;
use crate::{exec, pipeline};

/// Starts the command and stays for as long as it runs, in this process; in each process that
/// could become the command, goes the way to it. Returns the exit code of either.
pub(crate) fn supervise(
    options: &Options,
    command: Vec<OsString>,
    judge: Judge,
    hardened: Hardened,
    redact: bool,
) -> Result<ExitCode, Problems> {
    let plan = pipeline::plan(options)?;
    can_be_told(&plan)?;
    let mut settings = plan.manifest().watch.clone();
    let interval = interval(plan.manifest(), &options.wanted());
    let interval = interval.map_err(|error| Problem::error(&error, None))?;
    // Each reading is a process: what is good for a moment only is read as often as a change may be.
    settings.interval = interval.max(settings.min_interval).min(settings.interval);
    let marker = Marker::new().map_err(WatchError::step("get random bytes"))?;
    let signals = Signals::hold().map_err(WatchError::step("hold signals back"))?;
    exec::keep_ended_children();
    let format = options.error_format;
    let (exporter, notice) = Exporter::of_plan(&plan);
    let mut supervisor = Supervisor::new(settings, signals, exporter, redact, format);
    if let Some(notice) = notice {
        supervisor.say(&notice);
    }
    let orders = Orders {
        options,
        plan,
        judge,
        command,
        hardened,
    };
    loop {
        match supervisor.turn()? {
            Turn::Again => {}
            Turn::Candidate(seat) => return Ok(candidate::run(orders, seat, &marker)),
            Turn::Keeper(post) => {
                return Ok(keeper::run(&orders.plan, post, options.error_format));
            }
            Turn::End(end) => {
                // It may end by a signal, which drops nothing.
                drop(supervisor);
                return Ok(end.mirror());
            }
        }
    }
}

/// What the manifest wants written at a change has to be somewhere.
fn can_be_told(plan: &Plan) -> Result<(), Problems> {
    let manifest = plan.manifest();
    let watch = &manifest.watch;
    let at_path = |deliver: &Deliver| matches!(deliver, Deliver::File { .. });
    let nothing = !manifest.entries.iter().any(|entry| at_path(&entry.deliver));
    if watch.on_change == OnChange::Rewrite && nothing {
        let span = watch.on_change_span.as_ref();
        let place = span.map(|span| manifest.source().place(span));
        return Err(Problem::error(&WatchError::NothingToRewrite, place).into());
    }
    Ok(())
}
