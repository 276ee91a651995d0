//! From an authorized plan to values that may be handed out.
//!
//! Four steps, each with a type that only the step before it makes:
//! [`fetch`] → [`Fetched::extract`] → [`Extracted::compose`] → [`Composed::validate`].
//! A step that meets a problem notes it and goes on, so that a user learns of everything
//! in one run; the last step yields a [`Resolved`] only when nothing was noted.

mod access;
mod ask;
mod compose;
mod error;
mod extract;
mod fetch;
mod freshness;
mod open;
mod recall;
mod resolved;
pub(crate) mod rotation;
mod spare;
mod tend;
mod validate;

pub use access::{Access, AccessOutcome};
pub use compose::Composed;
pub use error::ResolveError;
pub use extract::Extracted;
pub use fetch::{Fetched, fetch};
pub use freshness::Freshness;
pub use recall::{Remembered, STALE};
pub use resolved::{Reread, Resolved, ResolvedEntry};
pub use tend::{Duty, tend};

use crate::error::Problem;
use crate::lease::Lease;
use crate::plan::{DocumentId, Plan, Route};
use crate::secret::SecretValue;

/// The plan that is carried out, and what went wrong so far.
#[derive(Debug)]
struct Run {
    plan: Plan,
    problems: Vec<Problem>,
    /// What could help who looks for a document that is nowhere.
    clues: Vec<(DocumentId, String)>,
    /// How long values are good that are given for a time, by route.
    leases: Vec<Option<Lease>>,
    /// The same of the versions before.
    previous_leases: Vec<Option<Lease>>,
    /// Of which values it is known that they were not read just now, by route.
    remembered: Vec<Option<Remembered>>,
    /// The same of the versions before.
    previous_remembered: Vec<Option<Remembered>>,
}

impl Run {
    fn new(plan: Plan) -> Self {
        let none = vec![None; plan.routes.len()];
        let remembered = vec![None; plan.routes.len()];
        Self {
            plan,
            problems: Vec::new(),
            clues: Vec::new(),
            leases: none.clone(),
            previous_leases: none,
            previous_remembered: remembered.clone(),
            remembered,
        }
    }

    fn refuse(&mut self, route: usize, error: &impl crate::error::Explain) {
        let problem = self.problem(&self.plan.routes[route], error);
        self.problems.push(problem);
    }

    fn problem(&self, route: &Route, error: &impl crate::error::Explain) -> Problem {
        let place = self.plan.manifest().source().place(&route.span);
        Problem::error(error, Some(place)).of(&self.plan.entry(route).name)
    }
}

/// What is known of a value.
#[derive(Debug)]
enum Value {
    /// Here it is.
    Present(SecretValue),
    /// There is none: it was looked for and not found.
    Absent,
    /// Nobody knows, and why not is among the problems.
    Failed,
    /// Somebody has it, or a part of it, already: it was not asked for.
    Held,
}

impl Value {
    fn present(&self) -> Option<&SecretValue> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Failed | Self::Held => None,
        }
    }
}
