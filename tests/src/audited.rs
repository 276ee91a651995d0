//! A project with an audit log, and what is in it.

use std::fs;

use serde_json::Value;

use crate::{Outcome, Project};

/// The value of its secret.
pub const TOKEN: &str = "dummy-token-of-the-audit-5d1f";

/// Its manifest: production reads files, and development variables.
pub const MANIFEST: &str = "version = 1
[project]
name = \"shop\"
[audit]
destination = \"audit.jsonl\"
[environments.production]
backend = \"mounts\"
[backends.mounts]
kind = \"file\"
directory = \"mounts\"
[secrets.TOKEN]
[secrets.SPARE]
required = false
[config.LEVEL]
default = \"low\"
";

/// A project with [`MANIFEST`].
#[must_use]
pub fn project() -> Project {
    with(MANIFEST)
}

/// A project with a manifest of its own.
#[must_use]
pub fn with(manifest: &str) -> Project {
    let project = Project::with(manifest, &format!("TOKEN={TOKEN}\n"));
    project.write("mounts/TOKEN", TOKEN);
    project
}

/// The lines of the log with that name.
///
/// # Panics
/// When it is not there, or no log.
#[must_use]
pub fn lines(project: &Project, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(project.path(name)).expect("the log is there");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

/// Those of its lines that are of one event.
#[must_use]
pub fn events<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

/// What `secret-run audit` says.
#[must_use]
pub fn audit(project: &Project, words: &[&str]) -> Outcome {
    project.launcher().args(["audit"]).args(words).run()
}

/// What `secret-run audit verify` finds.
///
/// # Panics
/// When its exit code says something else.
#[must_use]
pub fn verify(project: &Project) -> Value {
    let outcome = audit(project, &["verify", "--format", "json"]);
    let report = outcome.stdout_json();
    let code = if report["ok"] == true { 0 } else { 1 };
    outcome.exits_with(code);
    report
}

/// Findings as `kind:line`.
///
/// # Panics
/// When there are none to be had.
#[must_use]
pub fn found(project: &Project) -> Vec<String> {
    let report = verify(project);
    let findings = report["findings"].as_array().expect("a list");
    let found = findings.iter().map(|finding| {
        let kind = finding["kind"].as_str().expect("a kind");
        match finding["line"].as_u64() {
            Some(line) => format!("{kind}:{line}"),
            None => kind.to_owned(),
        }
    });
    found.collect()
}
