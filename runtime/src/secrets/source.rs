//! Where values come from, each time that they are read.
//!
//! The manifest and the choice of its environment are those of the first time. `secrets.lock`,
//! files and stores are read anew, as for a run of its own: the same plan, the same policy, the
//! same validators, the same account in the audit log.

use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::audit::{Account, Stage, Task};
use crate::error::{Explain, Problem, Problems};
use crate::judge::Judge;
use crate::manifest::Manifest;
use crate::manifest_file;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::plugin::{self, PluginOptions, Plugins, Store};
use crate::policy;
use crate::resolver::{self, Resolved, ResolvedEntry};
use crate::selection::{Selection, Wanted};

/// How long values are taken for good at most, in whole seconds.
pub const TTL_VARIABLE: &str = "SECRETS_CACHE_TTL_SECONDS";

/// Reads a variable of the process.
pub(super) type Variables = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// What is asked for, before anything was read.
pub(super) struct Asked {
    pub(super) manifest: Option<PathBuf>,
    pub(super) environment: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) variables: Arc<Variables>,
    pub(super) refresh_every: Option<Duration>,
}

/// A manifest, and how it is read.
pub(super) struct Source {
    manifest: Arc<Manifest>,
    wanted: Wanted,
    variables: Arc<Variables>,
    /// How long values are taken for good.
    pub(super) interval: Duration,
}

/// What a reading brought.
pub(super) struct Reading {
    pub(super) entries: Arc<[Arc<ResolvedEntry>]>,
    pub(super) selection: Selection,
    pub(super) warnings: Vec<Problem>,
    /// Before anything was asked: leases are no longer than from there.
    pub(super) since: Instant,
}

/// The variable says no time.
#[derive(Debug, Error)]
#[error("{TTL_VARIABLE} is no number of whole seconds")]
struct BadTtl;

impl Explain for BadTtl {
    fn kind(&self) -> &'static str {
        "bad-cache-ttl"
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "an hour is {TTL_VARIABLE}=3600; 0 leaves the time to the manifest"
        ))
    }
}

impl Source {
    pub(super) fn find(asked: Asked) -> Result<Self, Problems> {
        let variables = asked.variables;
        let variable = |name: &str| variables(name);
        let file = manifest_file::read(asked.manifest, variable)?;
        // A program may change its working directory, and still reads the same files.
        let path = absolute(&file.path).unwrap_or(file.path);
        let manifest = Manifest::parse(&path, &file.text, plugin::standard_catalog())?;
        let interval = match asked.refresh_every {
            Some(interval) => interval,
            None => shortened(manifest.watch.interval, variable)?,
        };
        let mut wanted = Wanted::new(asked.environment, asked.backend, variable);
        wanted.by_program = true;
        Ok(Self {
            manifest: Arc::new(manifest),
            wanted,
            variables,
            interval,
        })
    }

    pub(super) fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// Reads all values, and has it written down.
    pub(super) fn read(&self, memory: &mut Memory) -> Result<Reading, Problems> {
        let since = Instant::now();
        let plan = Plan::new(Arc::clone(&self.manifest), &self.wanted)?;
        let selection = plan.selection.clone();
        let mut account = Account::begin(&plan, Task::Load)?;
        let resolved = match self.resolve(plan, &mut account, memory) {
            Ok(resolved) => resolved,
            Err(problems) => {
                let problems = account.ends_with(problems);
                let odd = account.take_warnings().into_iter();
                return Err(odd.chain(problems.into_vec()).collect());
            }
        };
        account.write()?;
        let mut warnings = account.take_warnings();
        warnings.extend_from_slice(resolved.warnings());
        let entries = resolved.into_entries().into_iter().map(Arc::new).collect();
        Ok(Reading {
            entries,
            selection,
            warnings,
            since,
        })
    }

    /// The way of a launcher, from the plan to values.
    fn resolve(
        &self,
        plan: Plan,
        account: &mut Account,
        memory: &mut Memory,
    ) -> Result<Resolved, Problems> {
        let process = |name: &str| (self.variables)(name);
        let options = PluginOptions {
            store: Store::of_environment(process),
            allow_compile: false,
            // Signals belong to the program.
            alarm: None,
        };
        // A new one: that a validator was given up in one reading is no matter of the next.
        let mut judge = Judge::standard();
        let plugins = Plugins::of_plan(&plan, options)?;
        let plan = policy::authorize(plan, plugins, &mut judge)?;
        account.reached(Stage::Values);
        let fetched = resolver::fetch(plan, &process, memory);
        account.accesses(&fetched);
        let resolved = fetched.extract().compose().validate(&mut judge)?;
        account.reached(Stage::Start);
        Ok(resolved)
    }

    pub(super) fn path(&self) -> &Path {
        self.manifest.source().path()
    }
}

/// The manifest's time, or that of the variable if it is shorter.
fn shortened(
    interval: Duration,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Duration, Problems> {
    let said = variable(TTL_VARIABLE).filter(|said| !said.is_empty());
    let Some(said) = said else {
        return Ok(interval);
    };
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = said.to_str().map(str::trim).filter(digits);
    let seconds = seconds.and_then(|text| text.parse::<u64>().ok());
    match seconds {
        Some(0) => Ok(interval),
        Some(seconds) => Ok(interval.min(Duration::from_secs(seconds))),
        None => Err(Problem::error(&BadTtl, None).into()),
    }
}
