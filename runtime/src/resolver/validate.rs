//! The last step: everything required is there, and everything there is what it should be.

use std::time::Instant;

use tracing::debug;

use super::compose::Composed;
use super::resolved::{Reread, Resolved, ResolvedEntry};
use super::{ResolveError, Run, Value};
use crate::error::{Problem, Problems};
use crate::judge::Judge;
use crate::manifest::{Class, Deliver, Required};
use crate::plan::{Plan, Route, RouteOrigin};
use crate::policy::refuses_placeholders;
use crate::rule::Check;
use crate::secret::SecretValue;
use crate::selection::{ECOSYSTEM_VARIABLES, ENVIRONMENT_VARIABLE, means_production};

/// The rule that every secret of production is held to.
const NOT_PLACEHOLDER: &str = "not-placeholder";

impl Composed {
    /// Judges every value that is there and misses every value that is not.
    ///
    /// # Errors
    /// Everything that went wrong in this step and those before it: all or nothing.
    pub fn validate(mut self, judge: &mut Judge) -> Result<Resolved, Problems> {
        for index in 0..self.values.len() {
            let is_held = |value: &Value| matches!(value, Value::Held);
            if is_held(&self.values[index]) || is_held(&self.previous[index]) {
                refuse_held(&mut self.run, index);
            }
        }
        let reread = self.validate_but_held(judge)?;
        Ok(Resolved::new(reread.plan, reread.entries, reread.warnings))
    }

    /// The same for who has the values that were [held](crate::grant::Leases::held), and wants to
    /// know of the others.
    ///
    /// # Errors
    /// Everything that went wrong in this step and those before it.
    pub fn validate_but_held(self, judge: &mut Judge) -> Result<Reread, Problems> {
        let Self {
            mut run,
            values,
            previous,
        } = self;
        let started = Instant::now();
        let mut judged = 0;
        for index in 0..values.len() {
            match &values[index] {
                Value::Absent => missing(&mut run, &values, index),
                Value::Failed | Value::Held => {}
                Value::Present(value) => {
                    judged += judge_value(&mut run, index, None, value, judge);
                    late_production(&mut run, index, value);
                }
            }
            if let Value::Present(value) = &previous[index] {
                let route = &run.plan.routes[index];
                let before = run.plan.entry(route).previous.as_ref();
                let name = before.map(|before| before.name.get_ref().clone());
                judged += judge_value(&mut run, index, name, value, judge);
            }
        }
        let microseconds = started.elapsed().as_micros();
        debug!(judged, microseconds, "validated");
        let ((), warnings) = Problems::unless((), std::mem::take(&mut run.problems))?;
        let held = held(&run, &values, &previous);
        let entries = entries(&run, values, previous);
        Ok(Reread {
            plan: run.plan,
            entries,
            held,
            warnings,
        })
    }
}

/// The variables that somebody has.
fn held(run: &Run, values: &[Value], previous: &[Value]) -> Vec<String> {
    let routes = run.plan.routes.iter().zip(values.iter().zip(previous));
    let held = routes.flat_map(|(route, (value, previous))| {
        let entry = run.plan.entry(route);
        let own = matches!(value, Value::Held).then(|| entry.name.clone());
        let before = entry.previous.as_ref();
        let before = before.filter(|_| matches!(previous, Value::Held));
        own.into_iter()
            .chain(before.map(|before| before.name.get_ref().clone()))
    });
    held.collect()
}

fn entries(run: &Run, values: Vec<Value>, previous: Vec<Value>) -> Vec<ResolvedEntry> {
    let plan = &run.plan;
    let mut entries = Vec::with_capacity(values.len());
    let routes = plan.routes.iter().enumerate();
    for (((index, route), value), previous) in routes.zip(values).zip(previous) {
        let entry = plan.entry(route);
        if let Value::Present(value) = value {
            entries.push(ResolvedEntry {
                name: entry.name.clone(),
                class: entry.class,
                value,
                deliver: entry.deliver.clone(),
                lease: run.leases[index],
                remembered: run.remembered[index],
            });
        }
        if let (Value::Present(value), Some(before)) = (previous, &entry.previous) {
            entries.push(ResolvedEntry {
                name: before.name.get_ref().clone(),
                class: entry.class,
                value,
                deliver: match &entry.deliver {
                    // One file cannot hold both; the version before is delivered in memory.
                    Deliver::File { .. } => Deliver::Memory,
                    other => other.clone(),
                },
                lease: run.previous_leases[index],
                remembered: run.previous_remembered[index],
            });
        }
    }
    entries
}

/// Applies all rules of an entry and answers how many there were. `name` is what to call
/// the value if it is not that of the entry itself.
fn judge_value(
    run: &mut Run,
    index: usize,
    name: Option<String>,
    value: &SecretValue,
    judge: &mut Judge,
) -> usize {
    let route = &run.plan.routes[index];
    let entry = run.plan.entry(route);
    let declared = entry
        .checks
        .iter()
        .map(|check| (check.get_ref(), check.span()));
    let placeholder = Check {
        plugin: None,
        rule: NOT_PLACEHOLDER.into(),
        parameters: Vec::new(),
    };
    let implied = refuses_placeholders(&run.plan, entry.class)
        && !declared
            .clone()
            .any(|(check, _)| check.plugin.is_none() && check.rule == NOT_PLACEHOLDER);
    let implied = implied.then(|| (&placeholder, entry.span.clone()));
    let mut judged = 0;
    let mut found = Vec::new();
    for (check, span) in declared.chain(implied) {
        judged += 1;
        if let Err(verdict) = judge.validate(check, value) {
            let name = name.clone().unwrap_or_else(|| entry.name.clone());
            let place = run.plan.manifest().source().place(&span);
            let error = ResolveError::Rejected { name, verdict };
            found.push(Problem::error(&error, Some(place)).of(&entry.name));
        }
    }
    run.problems.append(&mut found);
    judged
}

fn missing(run: &mut Run, values: &[Value], index: usize) {
    let route = &run.plan.routes[index];
    if !is_required(&run.plan, values, route) {
        return;
    }
    let entry = run.plan.entry(route);
    let error = ResolveError::Missing {
        name: entry.name.clone(),
        looked: looked(run, route),
        owner: entry.about.owner.clone(),
    };
    run.refuse(index, &error);
}

/// For who wants all values, one that somebody else has is missing.
fn refuse_held(run: &mut Run, index: usize) {
    let entry = run.plan.entry(&run.plan.routes[index]);
    let error = ResolveError::Missing {
        name: entry.name.clone(),
        looked: "what is held, and was not asked for".into(),
        owner: None,
    };
    run.refuse(index, &error);
}

fn looked(run: &Run, route: &Route) -> String {
    let plan = &run.plan;
    match &route.origin {
        RouteOrigin::Document { document, .. } => {
            let backend = &plan.backends[document.backend];
            let looked = backend.describe(
                &backend.requests[document.request].path,
                plan.manifest().source().directory(),
            );
            let mut clues = run.clues.iter();
            match clues.find(|(clued, _)| clued == document) {
                Some((_, clue)) => format!("{looked}, {clue}"),
                None => looked,
            }
        }
        RouteOrigin::Process => "the environment of secret-run".into(),
        RouteOrigin::Composed(_) => "what it is composed of".into(),
    }
}

/// Whether the command may not start without this entry, given the configuration.
pub(super) fn is_required(plan: &Plan, values: &[Value], route: &Route) -> bool {
    match &route.required {
        Required::Always => true,
        Required::Never => false,
        Required::When(conditions) => conditions.iter().all(|condition| {
            let config = plan.position(condition.name.get_ref());
            config
                .and_then(|index| values[index].present())
                .is_some_and(|value| {
                    condition
                        .values
                        .iter()
                        .any(|wanted| wanted.as_bytes() == value.expose())
                })
        }),
    }
}

/// A `.env` file may say `NODE_ENV=production` to the app when nobody said it to us.
fn late_production(run: &mut Run, index: usize, value: &SecretValue) {
    let entry = run.plan.entry(&run.plan.routes[index]);
    let signal =
        ECOSYSTEM_VARIABLES.contains(&entry.name.as_str()) || entry.name == ENVIRONMENT_VARIABLE;
    let says = || std::str::from_utf8(value.expose()).is_ok_and(means_production);
    if run.plan.selection.production.is_none() && entry.class == Class::Config && signal && says() {
        let error = ResolveError::LateProduction {
            name: entry.name.clone(),
            environment: run.plan.selection.environment.clone(),
        };
        run.refuse(index, &error);
    }
}
