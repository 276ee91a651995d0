//! What a run is given for a time. A command that starts keeps it. Where none does, nobody uses it,
//! so it is given back; under `--watch` by the parent.

use secret_runtime::error::Problem;
use secret_runtime::grant::Grant;
use secret_runtime::plan::Plan;
use secret_runtime::resolver::{self, Duty};

/// What a run is given for a time.
#[derive(Default)]
pub(crate) struct Loan {
    /// Who gives it, if anybody lends.
    lenders: Option<Plan>,
    grants: Vec<Grant>,
}

impl Loan {
    /// Nothing yet, of the backends of this plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            lenders: plan.of_lenders(),
            grants: Vec::new(),
        }
    }

    /// This was given.
    pub(crate) fn holds(&mut self, grants: Vec<Grant>) {
        self.grants = grants;
    }

    /// Gives it back: no command uses it. Answers what could not be.
    #[must_use = "what stays good is said"]
    pub(crate) fn give_back(self) -> Vec<Problem> {
        let Self { lenders, grants } = self;
        let Some(plan) = lenders.filter(|_| !grants.is_empty()) else {
            return Vec::new();
        };
        let duties: Vec<Duty<'_>> = grants.iter().map(Duty::Release).collect();
        let done = resolver::tend(&plan, &|name| std::env::var_os(name), &duties);
        let failed = done.into_iter().filter_map(Result::err);
        failed.map(|error| error.warning()).collect()
    }
}
