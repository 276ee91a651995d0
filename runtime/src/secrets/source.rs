//! Where values come from, each time that they are read.
//!
//! The manifest and the choice of its environment are those of the first time. `secrets.lock`,
//! files and stores are read anew, as for a run of its own: the same plan, the same policy, the
//! same validators, the same account in the audit log.

use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::audit::{Account, Stage, Task};
use crate::cache::Asking;
use crate::error::{Problem, Problems};
use crate::judge::Judge;
use crate::manifest::Manifest;
use crate::manifest_file;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::plugin::{self, PluginOptions, Plugins, Store};
use crate::policy;
use crate::refresh::{interval, now};
use crate::resolver::{self, Freshness, Resolved, ResolvedEntry, STALE};
use crate::selection::{Selection, Wanted};

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
    /// That some of it is what was known before, since a backend is out, and why.
    pub(super) stale: Option<Problems>,
    /// How old the oldest of that is.
    pub(super) age: Duration,
    /// Before anything was asked: leases are no longer than from there.
    pub(super) since: Instant,
}

impl Source {
    pub(super) fn find(asked: Asked) -> Result<Self, Problems> {
        let variables = asked.variables;
        let variable = |name: &str| variables(name);
        let file = manifest_file::read(asked.manifest, variable)?;
        // A program may change its working directory, and still reads the same files.
        let path = absolute(&file.path).unwrap_or(file.path);
        let manifest = Manifest::parse(&path, &file.text, plugin::standard_catalog())?;
        let mut wanted = Wanted::new(asked.environment, asked.backend, variable);
        wanted.by_program = true;
        let interval = match asked.refresh_every {
            Some(interval) => interval,
            None => interval(&manifest, &wanted).map_err(|error| Problem::error(&error, None))?,
        };
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
        let since = now();
        // Whoever reads again wants to know what is there, and not what was.
        memory.ask(Asking::All);
        let plan = Plan::new(Arc::clone(&self.manifest), &self.wanted)?;
        let selection = plan.selection.clone();
        let mut account = Account::begin(&plan, Task::Load)?;
        let resolved = self.resolve(plan, &mut account, memory);
        let resolved = match resolved.map_err(|problems| account.ends_with(problems)) {
            Ok(resolved) => account.write().map(|()| resolved),
            Err(problems) => Err(problems),
        };
        let mut warnings = account.take_warnings();
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(problems) => {
                warnings.extend(memory.reject(&problems));
                return Err(warnings.into_iter().chain(problems.into_vec()).collect());
            }
        };
        warnings.extend(memory.keep());
        warnings.extend_from_slice(resolved.warnings());
        let oldest = Freshness::of(resolved.entries()).stale;
        let why = resolved.warnings().iter();
        let why = why.filter(|warning| warning.kind == STALE).cloned();
        let stale = oldest.map(|_| why.collect());
        let entries = resolved.into_entries().into_iter().map(Arc::new).collect();
        Ok(Reading {
            entries,
            selection,
            warnings,
            stale,
            age: oldest.unwrap_or_default(),
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
        // Nobody here renews or revokes what is leased: what could is not kept.
        memory.leases.grants.clear();
        account.accesses(&fetched);
        let resolved = fetched.extract().compose().validate(&mut judge)?;
        account.reached(Stage::Start);
        Ok(resolved)
    }

    pub(super) fn path(&self) -> &Path {
        self.manifest.source().path()
    }
}
