//! From values to the command: its files, its environment, its program, and the start.
//!
//! A [`Launch`] is made while nothing has changed yet: what could keep the command from
//! starting is found before a file is replaced or a process stopped for it.

mod addressee;
mod event;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{Pid, getpid};
use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::manifest::{Deliver, Entry, Inherit};
use secret_runtime::plan::Plan;
use secret_runtime::resolver::{Resolved, ResolvedEntry};
use secret_runtime::secret::SecretValue;
use tracing::debug;

use self::event::Event;
use crate::audit::Audit;
use crate::deliver::{DeliveredFiles, FileRequest, Placement};
use crate::environment::{self, ChildEnvironment, Recipe};
use crate::exit::FAILED;
use crate::harden::Hardened;
use crate::{exec, lookup};

/// A command with all that it gets.
#[must_use = "a command is prepared to be started"]
pub(crate) struct Launch {
    program: PathBuf,
    command: Vec<OsString>,
    environment: ChildEnvironment,
    files: DeliveredFiles,
    event: Event,
}

/// Why a command was not started, and the exit code that says so.
pub(crate) struct NotStarted {
    pub(crate) problems: Problems,
    pub(crate) code: u8,
}

impl NotStarted {
    fn of(error: &impl Explain, code: u8) -> Self {
        let problems = Problem::error(error, None).into();
        Self { problems, code }
    }
}

impl From<Problems> for NotStarted {
    fn from(problems: Problems) -> Self {
        Self {
            problems,
            code: FAILED,
        }
    }
}

impl Launch {
    /// Everything but the start. Files with a path are written, and not in their place yet.
    /// `before` is the process that the command was meant to become, if it is another one.
    pub(crate) fn prepare(
        resolved: Resolved,
        command: Vec<OsString>,
        before: Option<Pid>,
    ) -> Result<Self, NotStarted> {
        let manifest = resolved.plan().manifest();
        let directory = manifest.source().directory().to_owned();
        let scrub = scrubbed_names(resolved.plan());
        let inherit = resolved.inherit().clone();
        let event = Event::of(&resolved);
        let entries = resolved.into_entries();
        let (variables, files) = deliver(&entries, &directory)?;
        let additions = additions(entries, variables);
        let environment = child_environment(&inherit, &scrub, &additions, &command, before)?;
        drop(additions);
        let launcher_path = std::env::var_os("PATH");
        let path = lookup::search_path(&environment, launcher_path.as_deref());
        let program = lookup::find(&command[0], path)
            .map_err(|error| NotStarted::of(&error, error.exit_code()))?;
        Ok(Self {
            program,
            command,
            environment,
            files,
            event,
        })
    }

    /// Becomes the command, once it is written down. Returns only if that failed.
    pub(crate) fn start(mut self, hardened: Hardened, audit: &mut Audit) -> NotStarted {
        // First: no file is replaced for a start that can't be accounted for.
        if let Err(problems) = audit.launch(&self.program, self.event.secrets, &self.event.leases) {
            return problems.into();
        }
        if let Err(error) = self.files.put_in_place() {
            return NotStarted::of(&error, FAILED);
        }
        debug!(
            program = %self.program.display(),
            variables = self.environment.names().count(),
            "executing"
        );
        self.event.tell(&self.program);
        let error = exec::replace(
            &self.program,
            self.command,
            &self.environment,
            self.files,
            hardened,
        );
        NotStarted::of(&error, error.exit_code())
    }
}

/// Writes the files with a path again, for a command that runs. Files in memory are sealed, and
/// stay what they are.
pub(crate) fn rewrite(entries: &[ResolvedEntry], plan: &Plan) -> Result<(), Problems> {
    let directory = plan.manifest().source().directory();
    let at_paths = entries
        .iter()
        .filter(|entry| matches!(entry.deliver, Deliver::File { .. }));
    let (_, mut files) = deliver(at_paths, directory)?;
    let done = files.put_in_place();
    // The command uses those that are in their place, whatever became of the others.
    files.leave();
    done.map_err(|error| Problem::error(&error, None).into())
}

/// Makes the files of entries that are delivered as files.
fn deliver<'a>(
    entries: impl IntoIterator<Item = &'a ResolvedEntry>,
    directory: &Path,
) -> Result<(Vec<(String, SecretValue)>, DeliveredFiles), Problems> {
    let placements: Vec<(&ResolvedEntry, Placement)> = entries
        .into_iter()
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
    before: Option<Pid>,
) -> Result<ChildEnvironment, Problems> {
    let mut parent: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if let Some(before) = before {
        addressee::readdress(&mut parent, before, getpid());
    }
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
