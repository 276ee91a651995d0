//! The trace of a run, if the variables of OpenTelemetry say where to. It is sent before the command
//! starts; whatever goes wrong with it keeps none from starting, and holds none up for longer than
//! [`PATIENCE`].
//!
//! There is one in a process, as there is one run. Without the feature `otlp`, the functions of
//! these names in `off.rs` do nothing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use secret_runtime::error::{Problem, Problems, Severity};
use secret_runtime::plan::Plan;
use secret_runtime::resolver::Fetched;
use secret_runtime::trace::{Endpoint, Trace, TraceError};

use crate::render::{self, Format};

/// How long a start may wait for the receiver.
const PATIENCE: Duration = Duration::from_secs(1);

static RUN: Mutex<Option<Traced>> = Mutex::new(None);

/// A run that is traced.
struct Traced {
    trace: Trace,
    endpoint: Endpoint,
}

/// A run begins.
pub(crate) fn begin(format: Format) {
    match Endpoint::of_environment(&|name| std::env::var_os(name)) {
        Ok(endpoint) => set(endpoint.map(|endpoint| Traced {
            trace: Trace::begin(SystemTime::now()),
            endpoint,
        })),
        Err(error) => warn(&error, format),
    }
}

/// Says of which plan it is.
pub(crate) fn of_plan(plan: &Plan) {
    with(|trace| trace.of_plan(plan));
}

/// Does a step.
pub(crate) fn step<T>(
    name: &'static str,
    work: impl FnOnce() -> Result<T, Problems>,
) -> Result<T, Problems> {
    let begun = SystemTime::now();
    let done = work();
    let error = done.as_ref().err().and_then(kind);
    with(|trace| trace.step(name, begun, SystemTime::now(), error));
    done
}

/// Does a step that cannot fail, or notes for a later one that it has.
pub(crate) fn pure<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    let begun = SystemTime::now();
    let done = work();
    with(|trace| trace.step(name, begun, SystemTime::now(), None));
    done
}

/// Backends were asked in the step before.
pub(crate) fn fetches(fetched: &Fetched) {
    with(|trace| trace.fetches(fetched));
}

/// Sends it, once: the command is executed next, or there is none for these problems.
pub(crate) fn send(problems: Option<&Problems>, format: Format) {
    let run = RUN.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Traced { trace, endpoint }) = run else {
        return;
    };
    let error = problems.and_then(kind);
    if let Err(error) = trace.send(&endpoint, SystemTime::now(), error, PATIENCE) {
        warn(&error, format);
    }
}

/// That of the first error.
fn kind(problems: &Problems) -> Option<&'static str> {
    let mut problems = problems.as_slice().iter();
    let error = problems.find(|problem| problem.severity == Severity::Error);
    error.map(|problem| problem.kind)
}

fn set(run: Option<Traced>) {
    *RUN.lock().unwrap_or_else(PoisonError::into_inner) = run;
}

fn with(what: impl FnOnce(&mut Trace)) {
    let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Traced { trace, .. }) = run.as_mut() {
        what(trace);
    }
}

fn warn(error: &TraceError, format: Format) {
    render::problems(&[Problem::warning(error, None)], format, "");
}
