//! The main form: `secret-run [OPTIONS] -- COMMAND`.

use std::ffi::OsString;

use secret_runtime::audit::Task;
use secret_runtime::cache::Asking;
use secret_runtime::error::Problems;
use secret_runtime::judge::Judge;

use super::Options;
use crate::exit::ExitCode;
use crate::harden::Hardened;
use crate::launch::{Launch, NotStarted};
use crate::loan::Loan;
use crate::metrics::Meter;
use crate::{pipeline, render, trace};

/// Resolves everything and becomes the command. Returns only if that failed.
pub(super) fn run(
    options: &Options,
    command: Vec<OsString>,
    judge: Judge,
    hardened: Hardened,
) -> Result<ExitCode, Problems> {
    trace::begin(options.error_format);
    let done = become_command(options, command, judge, hardened);
    trace::send(done.as_ref().err(), options.error_format);
    done
}

fn become_command(
    options: &Options,
    command: Vec<OsString>,
    mut judge: Judge,
    hardened: Hardened,
) -> Result<ExitCode, Problems> {
    let plan = pipeline::plan(options)?;
    let mut meter = Meter::of_run(&plan, options);
    let task = (Task::Run, Asking::Expired);
    let mut loan = Loan::default();
    let read = pipeline::read(plan, task, options, &mut judge, (&mut meter, &mut loan));
    // Before the command, and also when there will be none.
    let _ = meter.end();
    let (resolved, mut audit) = match read {
        Ok(read) => read,
        Err(problems) => return Err(problems.with(loan.give_back())),
    };
    // The kernel drops its memory with all the rest when the command is executed; to unmap each
    // instance first would do the same work twice.
    std::mem::forget(judge);
    render::problems(
        resolved.warnings(),
        options.error_format,
        render::NOT_STARTED,
    );
    let prepare = || Launch::prepare(resolved, command, None);
    let NotStarted { problems, code } = match trace::pure("prepare", prepare) {
        Ok(launch) => {
            trace::send(None, options.error_format);
            launch.start(hardened, &mut audit)
        }
        Err(not_started) => not_started,
    };
    trace::send(Some(&problems), options.error_format);
    let problems = audit.ends_with(problems).with(loan.give_back());
    render::problems(
        problems.as_slice(),
        options.error_format,
        render::NOT_STARTED,
    );
    Ok(ExitCode::from(code))
}
