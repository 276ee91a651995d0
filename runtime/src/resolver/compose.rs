//! Building values out of other values, in the order of the plan.

use tracing::debug;

use super::extract::Extracted;
use super::{Remembered, ResolveError, Run, Value};
use crate::lease::Lease;
use crate::plan::{Plan, RouteOrigin};
use crate::secret::SecretValue;
use crate::template::Template;

/// All values, by route.
#[derive(Debug)]
#[must_use = "values are not validated yet"]
pub struct Composed {
    pub(super) run: Run,
    pub(super) values: Vec<Value>,
    pub(super) previous: Vec<Value>,
}

/// What keeps a composed value from being built.
enum Gap {
    Absent(String),
    Failed,
    /// A part was not asked for, since somebody has it.
    Held,
}

impl Extracted {
    /// Renders every template.
    pub fn compose(self) -> Composed {
        let Self {
            mut run,
            mut values,
            previous,
        } = self;
        for index in run.plan.order.clone() {
            if let RouteOrigin::Composed(template) = &run.plan.routes[index].origin {
                let template = template.clone();
                let gap = gap(&run.plan, &values, &template);
                values[index] = match gap {
                    Some(gap) => instead(&mut run, &values, index, gap),
                    None => {
                        run.leases[index] = shortest(&run, &template);
                        run.remembered[index] = oldest(&run, &template);
                        render(&mut run, &values, index, &template)
                    }
                };
            }
        }
        Composed {
            run,
            values,
            previous,
        }
    }
}

/// What an entry is that cannot be built.
fn instead(run: &mut Run, values: &[Value], index: usize, gap: Gap) -> Value {
    match gap {
        Gap::Failed => Value::Failed,
        Gap::Held => Value::Held,
        Gap::Absent(part) => {
            let route = &run.plan.routes[index];
            if let Some(default) = &route.default {
                debug!(entry = run.plan.entry(route).name, "takes its default");
                return Value::Present(SecretValue::copy_of(default.as_bytes()));
            }
            if !super::validate::is_required(&run.plan, values, route) {
                return Value::Absent;
            }
            // A part that is required itself is reported as missing, and once is enough.
            if !is_required_itself(&run.plan, values, &part) {
                let name = run.plan.entry(route).name.clone();
                run.refuse(index, &ResolveError::MissingPart { name, part });
            }
            Value::Failed
        }
    }
}

fn render(run: &mut Run, values: &[Value], index: usize, template: &Template) -> Value {
    let lookup = |name: &str| {
        run.plan
            .position(name)
            .and_then(|part| values[part].present())
    };
    match template.render(lookup) {
        Ok(value) => Value::Present(value),
        Err(error) => {
            run.refuse(index, &error);
            Value::Failed
        }
    }
}

/// How long a value is good that is composed of others: as long as each of them is.
fn shortest(run: &Run, template: &Template) -> Option<Lease> {
    let parts = template.names().into_iter();
    let leases = parts.filter_map(|part| run.leases[run.plan.position(part)?]);
    leases.reduce(Lease::and)
}

/// Whether a part of it was not read just now, and which is the oldest.
fn oldest(run: &Run, template: &Template) -> Option<Remembered> {
    let parts = template.names().into_iter();
    let remembered = parts.filter_map(|part| run.remembered[run.plan.position(part)?]);
    remembered.reduce(Remembered::and)
}

fn gap(plan: &Plan, values: &[Value], template: &Template) -> Option<Gap> {
    let parts: Vec<_> = template
        .names()
        .into_iter()
        .filter_map(|name| Some((name, &values[plan.position(name)?])))
        .collect();
    if parts
        .iter()
        .any(|(_, value)| matches!(value, Value::Failed))
    {
        return Some(Gap::Failed);
    }
    let absent = parts
        .iter()
        .find(|(_, value)| matches!(value, Value::Absent));
    let is_held = || parts.iter().any(|(_, value)| matches!(value, Value::Held));
    match absent {
        Some((name, _)) => Some(Gap::Absent((*name).to_owned())),
        None => is_held().then_some(Gap::Held),
    }
}

fn is_required_itself(plan: &Plan, values: &[Value], name: &str) -> bool {
    plan.position(name)
        .is_some_and(|part| super::validate::is_required(plan, values, &plan.routes[part]))
}
