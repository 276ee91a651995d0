//! The main form: `secret-run [OPTIONS] -- COMMAND`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::manifest::{Deliver, Entry, Inherit};
use secret_runtime::plan::Plan;
use secret_runtime::resolver::ResolvedEntry;
use secret_runtime::secret::SecretValue;
use tracing::debug;

use super::Options;
use crate::deliver::{DeliveredFiles, FileRequest, Placement};
use crate::environment::{self, ChildEnvironment, Recipe};
use crate::harden::Hardened;
use crate::{exec, lookup, pipeline, render};

/// Resolves everything and becomes the command. Returns only if that failed.
pub(super) fn run(
    options: &Options,
    command: Vec<OsString>,
    mut judge: Judge,
    hardened: Hardened,
) -> Result<ExitCode, Problems> {
    let plan = pipeline::plan(options)?;
    let plan = pipeline::authorize(plan, options, &mut judge)?;
    let resolved = pipeline::resolve(plan, &mut judge)?;
    // The kernel drops its memory with all the rest when the command is executed; to unmap each
    // instance first would do the same work twice.
    std::mem::forget(judge);
    render::problems(
        resolved.warnings(),
        options.error_format,
        render::NOT_STARTED,
    );
    let manifest = resolved.plan().manifest();
    let directory = manifest.source().directory().to_owned();
    let scrub = scrubbed_names(resolved.plan());
    let inherit = resolved.inherit().clone();
    let entries = resolved.into_entries();
    let (variables, files) = deliver(&entries, &directory)?;
    let additions = additions(entries, variables);
    let environment = child_environment(&inherit, &scrub, &additions, &command)?;
    drop(additions);
    let launcher_path = std::env::var_os("PATH");
    let path = lookup::search_path(&environment, launcher_path.as_deref());
    let program = match lookup::find(&command[0], path) {
        Ok(program) => program,
        Err(error) => return Ok(failed(&error, error.exit_code(), options)),
    };
    debug!(
        program = %program.display(),
        variables = environment.names().count(),
        "executing"
    );
    let error = exec::replace(&program, command, &environment, files, hardened);
    Ok(failed(&error, error.exit_code(), options))
}

fn failed(error: &impl Explain, code: u8, options: &Options) -> ExitCode {
    render::problems(
        &[Problem::error(error, None)],
        options.error_format,
        render::NOT_STARTED,
    );
    ExitCode::from(code)
}

/// Makes the files of entries that are delivered as files.
fn deliver(
    entries: &[ResolvedEntry],
    directory: &Path,
) -> Result<(Vec<(String, SecretValue)>, DeliveredFiles), Problems> {
    let placements: Vec<(&ResolvedEntry, Placement)> = entries
        .iter()
        .filter_map(|entry| Some((entry, placement(&entry.deliver, directory)?)))
        .collect();
    let requests: Vec<FileRequest<'_>> = placements
        .iter()
        .map(|(entry, placement)| FileRequest {
            name: &entry.name,
            value: &entry.value,
            placement,
        })
        .collect();
    DeliveredFiles::prepare(&requests).map_err(|errors| all(&errors))
}

fn placement(deliver: &Deliver, directory: &Path) -> Option<Placement> {
    match deliver {
        Deliver::Environment => None,
        Deliver::Memory => Some(Placement::Memory),
        Deliver::File { path, mode } => Some(Placement::Path {
            path: directory.join(path),
            mode: *mode,
        }),
    }
}

/// What the manifest declares comes from where the manifest says, or not at all: a variable
/// of the parent must not stand in for a secret that is absent or delivered as a file. What
/// the credentials of plugins are made of is the launcher's own; so is what AWS was asked with,
/// where its backend says so.
fn scrubbed_names(plan: &Plan) -> Vec<String> {
    let manifest = plan.manifest();
    let mut names: Vec<String> = manifest
        .entries
        .iter()
        .flat_map(Entry::variables)
        .map(|(name, _)| name)
        .chain(manifest.credential_variables().map(str::to_owned))
        .collect();
    if plan.scrubs_aws() {
        let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        names.extend(variables.filter(|name| name.starts_with("AWS_")));
    }
    names
}

fn additions(
    entries: Vec<ResolvedEntry>,
    files: Vec<(String, SecretValue)>,
) -> Vec<(String, SecretValue)> {
    entries
        .into_iter()
        .filter(|entry| entry.deliver == Deliver::Environment)
        .map(|entry| (entry.name, entry.value))
        .chain(files)
        .collect()
}

fn child_environment(
    inherit: &Inherit,
    scrub: &[String],
    additions: &[(String, SecretValue)],
    command: &[OsString],
) -> Result<ChildEnvironment, Problems> {
    let parent: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let recipe = Recipe {
        parent: &parent,
        inherit,
        scrub,
        additions,
    };
    recipe
        .build(environment::argument_size(command), &exec::limits())
        .map_err(|errors| all(&errors))
}

fn all<E: Explain>(errors: &[E]) -> Problems {
    errors
        .iter()
        .map(|error| Problem::error(error, None))
        .collect()
}
