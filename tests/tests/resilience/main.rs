//! Backends that are slow, away, or out of their minds: no run hangs, none takes an outage for
//! something that is not there, and what may pass is tried again, as often as is said and no more.

mod answers;
mod breaker;
mod faults;

use std::path::Path;
use std::time::Duration;

use secret_run_tests::{LinkedProject, LinkedStore, Outcome};

/// Longer than anything here may take, and shorter than what hangs.
const GENEROUS: Duration = Duration::from_secs(30);

fn plugins() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// A run that gets the value.
#[track_caller]
fn comes(project: &LinkedProject) {
    let outcome = project.launcher().command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [LinkedStore::VALUE]);
}

/// The kind and the message of the one problem of a run that starts nothing.
#[track_caller]
fn fails(project: &LinkedProject) -> (String, String) {
    let outcome: Outcome = project.launcher().command(project.marker()).run();
    outcome.exits_with(125).shows_no(LinkedStore::VALUE);
    assert!(!project.started(), "{outcome:?}");
    let problems = outcome.problems();
    assert_eq!(problems.len(), 1, "{outcome:?}");
    let text = |key: &str| problems[0][key].as_str().unwrap_or_default().to_owned();
    (text("kind"), text("message"))
}
