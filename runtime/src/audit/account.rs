//! The audit of a run from its beginning to its end, and what becomes of the run when nothing can
//! be written.
//!
//! [`Account::begin`] is the step between planning and everything that reads. Without `[audit]` in
//! the manifest all of this does nothing. It says nothing itself: what somebody should be told is
//! kept until it is asked for.

use std::io::ErrorKind;
use std::path::Path;

use thiserror::Error;

use super::error::AuditError;
use super::event::{Event, Notice, Stage, Task};
use super::recorder::Recorder;
use crate::error::{Explain, Problem, Problems, Severity};
use crate::lease::Lease;
use crate::manifest::AuditDestination;
use crate::plan::Plan;
use crate::resolver::Fetched;

/// What happens in a run, to be written down.
#[derive(Debug)]
#[must_use = "what is not written down did not happen"]
pub struct Account {
    recorder: Option<Recorder>,
    required: bool,
    stage: Stage,
    warnings: Vec<Problem>,
}

/// Something odd about the log, said to the user.
#[derive(Debug, Error)]
#[error("{message}")]
struct Odd {
    message: &'static str,
    kind: &'static str,
}

impl Explain for Odd {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn hint(&self) -> Option<String> {
        Some("`secret-run audit verify` tells more; it was written into the log, too".to_owned())
    }
}

impl Account {
    /// Makes sure that it can be written down what happens from here on.
    ///
    /// # Errors
    /// When it can't, and the manifest or production wants it.
    pub fn begin(plan: &Plan, task: Task) -> Result<Self, Problems> {
        Self::of(plan, Recorder::begin(plan, task))
    }

    /// The same for a process without standard error: what is written there is gone, and nothing
    /// says so.
    ///
    /// # Errors
    /// When the manifest or production wants it to be written there.
    pub fn begin_without_stderr(plan: &Plan, task: Task) -> Result<Self, Problems> {
        let audit = plan.manifest().audit.as_ref();
        let is_lost =
            audit.is_some_and(|audit| audit.destination == AuditDestination::StandardError);
        if is_lost {
            let closed = AuditError::StandardError(ErrorKind::NotConnected);
            return Self::of(plan, Err(closed));
        }
        Self::begin(plan, task)
    }

    fn of(plan: &Plan, recorder: Result<Option<Recorder>, AuditError>) -> Result<Self, Problems> {
        let said = plan.manifest().audit.as_ref();
        let said = said.and_then(|audit| audit.required);
        let mut account = Self {
            recorder: None,
            required: said.unwrap_or(plan.selection.production.is_some()),
            stage: Stage::Policy,
            warnings: Vec::new(),
        };
        match recorder {
            Ok(recorder) => account.recorder = recorder,
            Err(error) => account.failed(&error)?,
        }
        Ok(account)
    }

    /// Says how far the run came, so that what goes wrong next is understood.
    pub fn reached(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// Notes what was asked of backends.
    pub fn accesses(&mut self, fetched: &Fetched) {
        if let Some(recorder) = &mut self.recorder {
            for access in fetched.accesses() {
                recorder.note(Event::access(access));
            }
        }
    }

    /// Notes what the run ends with.
    fn refused(&mut self, problems: &[Problem]) {
        let stage = self.stage;
        if let Some(recorder) = &mut self.recorder {
            let errors = problems.iter();
            let errors = errors.filter(|problem| problem.severity == Severity::Error);
            for problem in errors {
                recorder.note(Event::refused(stage, problem));
            }
        }
    }

    /// Writes that the command is executed next; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it can't be written, and the command must not start without it.
    pub fn launch(
        &mut self,
        program: &Path,
        secrets: usize,
        leases: &[(String, Lease)],
    ) -> Result<(), Problems> {
        if let Some(recorder) = &mut self.recorder {
            recorder.note(Event::launch(program, secrets, leases));
        }
        self.write()
    }

    /// Writes what was noted.
    ///
    /// # Errors
    /// When it can't be written, and must be.
    pub fn write(&mut self) -> Result<(), Problems> {
        let Some(recorder) = &mut self.recorder else {
            return Ok(());
        };
        match recorder.write() {
            Ok(notices) => {
                self.warnings.extend(notices.iter().map(warning));
                Ok(())
            }
            Err(error) => self.failed(&error),
        }
    }

    /// What the run ends with, after it is written down. If that fails, it is said besides.
    #[must_use]
    pub fn ends_with(&mut self, problems: Problems) -> Problems {
        self.refused(problems.as_slice());
        match self.write() {
            Ok(()) => problems,
            Err(unwritten) => problems
                .into_vec()
                .into_iter()
                .chain(unwritten.into_vec())
                .collect(),
        }
    }

    /// What somebody should be told of the log, once.
    #[must_use]
    pub fn take_warnings(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.warnings)
    }

    /// Once is enough: it is not tried again.
    fn failed(&mut self, error: &AuditError) -> Result<(), Problems> {
        self.recorder = None;
        if self.required {
            return Err(Problem::error(error, None).into());
        }
        self.warnings.push(Problem::warning(error, None));
        Ok(())
    }
}

fn warning(notice: &Notice) -> Problem {
    let (message, kind) = match notice {
        Notice::PartialLine { .. } => (
            "the last line of the audit log has no end: the machine stopped while it was written",
            "audit-partial-line",
        ),
        Notice::LinesMissing => (
            "lines are gone from the end of the audit log",
            "audit-lines-missing",
        ),
        Notice::ForeignLines => (
            "somebody else wrote lines to the audit log",
            "audit-foreign-lines",
        ),
        Notice::BehindHead => (
            "the audit log goes on behind the end that is known: the machine stopped before that was \
             noted, or somebody else wrote these lines",
            "audit-behind-head",
        ),
        Notice::HeadLost => (
            "the file beside the audit log that knows its end is missing",
            "audit-head-lost",
        ),
    };
    Problem::warning(&Odd { message, kind }, None)
}
