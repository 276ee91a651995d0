//! The steps that `run` and `check` share, from the file to what may be handed out.

use std::sync::Arc;

use secret_runtime::audit::{Stage, Task};
use secret_runtime::cache::Asking;
use secret_runtime::error::{Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::manifest::Manifest;
use secret_runtime::memory::Memory;
use secret_runtime::plan::Plan;
use secret_runtime::plugin::{self, PluginOptions, Plugins, Store};
use secret_runtime::policy::{self, AuthorizedPlan};
use secret_runtime::resolver::{self, Composed, Freshness, Resolved, ResolvedEntry};
use tracing::debug;

use crate::alarm;
use crate::audit::Audit;
use crate::cli::Options;
use crate::loan::Loan;
use crate::metrics::Meter;
use crate::trace;

/// The manifest and the plan for it.
pub(crate) fn plan(options: &Options) -> Result<Plan, Problems> {
    let file = trace::step("find", || options.manifest())?;
    let parse = || Manifest::parse(&file.path, &file.text, plugin::standard_catalog());
    let manifest = trace::step("parse", parse)?;
    let plan = || Plan::new(Arc::new(manifest), &options.wanted());
    let plan = trace::step("plan", plan)?;
    trace::of_plan(&plan);
    debug!(
        manifest = %file.path.display(),
        environment = plan.selection.environment,
        chosen_by = plan.selection.chosen_by,
        production = plan.selection.production,
        entries = plan.routes.len(),
        "planned"
    );
    Ok(plan)
}

/// What may be done at all.
pub(crate) fn authorize(
    plan: Plan,
    options: &Options,
    judge: &mut Judge,
) -> Result<AuthorizedPlan, Problems> {
    let lock = || Plugins::of_plan(&plan, plugin_options(options));
    let plugins = trace::step("lock", lock)?;
    trace::step("policy", || policy::authorize(plan, plugins, judge))
}

/// Where compiled plugins are, and what ends those that run too long.
pub(crate) fn plugin_options(options: &Options) -> PluginOptions {
    PluginOptions {
        store: Store::of_environment(|name| std::env::var_os(name)),
        allow_compile: options.allow_compile,
        alarm: Some(alarm::timer),
    }
}

/// The values of a plan, and the audit of how they came about: what reads is written down, and so
/// is what keeps it from reading. `asking` says what is asked for although it is remembered. What is
/// given for a time is in `loan` then, also if reading failed.
pub(crate) fn read(
    plan: Plan,
    (task, asking): (Task, Asking),
    options: &Options,
    judge: &mut Judge,
    (meter, loan): (&mut Meter, &mut Loan),
) -> Result<(Resolved, Audit), Problems> {
    let mut memory = Memory::of_one_run();
    memory.ask(asking);
    *loan = Loan::of(&plan);
    let read = read_with(
        plan,
        task,
        options,
        judge,
        (&mut memory, meter),
        Composed::validate,
    );
    loan.holds(memory.leases.grants);
    read
}

/// What was read, to which what the user should know can be added.
pub(crate) trait Noted {
    fn note(&mut self, warnings: Vec<Problem>);
    fn entries(&self) -> &[ResolvedEntry];
}

impl Noted for Resolved {
    fn note(&mut self, warnings: Vec<Problem>) {
        Self::note(self, warnings);
    }

    fn entries(&self) -> &[ResolvedEntry] {
        Self::entries(self)
    }
}

/// The same, with what is known of earlier readings. `validate` says which values have to be there.
pub(crate) fn read_with<T: Noted>(
    plan: Plan,
    task: Task,
    options: &Options,
    judge: &mut Judge,
    (memory, meter): (&mut Memory, &mut Meter),
    validate: impl FnOnce(Composed, &mut Judge) -> Result<T, Problems>,
) -> Result<(T, Audit), Problems> {
    let mut audit = trace::step("audit", || Audit::begin(&plan, task, options))?;
    let resolved = authorize(plan, options, judge)
        .and_then(|plan| resolve(plan, judge, &mut audit, (memory, meter), validate))
        .map_err(|problems| audit.ends_with(problems))?;
    Ok((resolved, audit))
}

/// Everything that reads, and the judgement of what was read.
fn resolve<T: Noted>(
    plan: AuthorizedPlan,
    judge: &mut Judge,
    audit: &mut Audit,
    (memory, meter): (&mut Memory, &mut Meter),
    validate: impl FnOnce(Composed, &mut Judge) -> Result<T, Problems>,
) -> Result<T, Problems> {
    audit.reached(Stage::Values);
    let variable = |name: &str| std::env::var_os(name);
    let fetch = || resolver::fetch(plan, &variable, memory);
    let fetched = trace::pure("fetch", fetch);
    trace::fetches(&fetched);
    audit.accesses(&fetched);
    meter.accesses(&fetched);
    let extracted = trace::pure("extract", || fetched.extract());
    let composed = trace::pure("compose", || extracted.compose());
    let mut resolved = match trace::step("validate", || validate(composed, judge)) {
        Ok(resolved) => resolved,
        Err(problems) => {
            let more = memory.reject(&problems);
            return Err(problems.with(more));
        }
    };
    resolved.note(memory.keep());
    audit.reached(Stage::Start);
    meter.resolved(Freshness::of(resolved.entries()));
    Ok(resolved)
}
