//! The audit of a run, with what is said of it to the user.

use std::path::Path;

use secret_runtime::audit::{Account, Stage, Task};
use secret_runtime::error::Problems;
use secret_runtime::lease::Lease;
use secret_runtime::plan::Plan;
use secret_runtime::resolver::Fetched;

use crate::cli::Options;
use crate::exec;
use crate::render::{self, Format};

/// The account of a run, whose warnings are said when they come up.
#[derive(Debug)]
#[must_use = "what is not written down did not happen"]
pub(crate) struct Audit {
    account: Account,
    format: Format,
}

impl Audit {
    /// Makes sure that it can be written down what happens from here on.
    ///
    /// # Errors
    /// When it can't, and the manifest or production wants it.
    pub(crate) fn begin(plan: &Plan, task: Task, options: &Options) -> Result<Self, Problems> {
        let account = match exec::is_without_stderr() {
            true => Account::begin_without_stderr(plan, task),
            false => Account::begin(plan, task),
        };
        let mut audit = Self {
            account: account?,
            format: options.error_format,
        };
        audit.say();
        Ok(audit)
    }

    /// Says how far the run came, so that what goes wrong next is understood.
    pub(crate) fn reached(&mut self, stage: Stage) {
        self.account.reached(stage);
    }

    /// Notes what was asked of backends.
    pub(crate) fn accesses(&mut self, fetched: &Fetched) {
        self.account.accesses(fetched);
    }

    /// Writes that the command is executed next; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it can't be written, and the command must not start without it.
    pub(crate) fn launch(
        &mut self,
        program: &Path,
        secrets: usize,
        leases: &[(String, Lease)],
    ) -> Result<(), Problems> {
        let written = self.account.launch(program, secrets, leases);
        self.say();
        written
    }

    /// Writes what was noted.
    ///
    /// # Errors
    /// When it can't be written, and must be.
    pub(crate) fn write(&mut self) -> Result<(), Problems> {
        let written = self.account.write();
        self.say();
        written
    }

    /// What the run ends with, after it is written down. If that fails, it is said besides.
    pub(crate) fn ends_with(&mut self, problems: Problems) -> Problems {
        let problems = self.account.ends_with(problems);
        self.say();
        problems
    }

    fn say(&mut self) {
        let warnings = self.account.take_warnings();
        render::problems(&warnings, self.format, render::NOT_STARTED);
    }
}
