//! Building values out of other values, in the order of the plan.

use super::extract::Extracted;
use super::{Remembered, ResolveError, Run, Value};
use crate::lease::Lease;
use crate::plan::{Plan, RouteOrigin};
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
                values[index] = render(&mut run, &values, index, &template);
                run.leases[index] = shortest(&run, &template);
                run.remembered[index] = oldest(&run, &template);
            }
        }
        Composed {
            run,
            values,
            previous,
        }
    }
}

fn render(run: &mut Run, values: &[Value], index: usize, template: &Template) -> Value {
    match gap(&run.plan, values, template) {
        Some(Gap::Failed) => return Value::Failed,
        Some(Gap::Held) => return Value::Held,
        Some(Gap::Absent(part)) => {
            let route = &run.plan.routes[index];
            if !super::validate::is_required(&run.plan, values, route) {
                return Value::Absent;
            }
            // A part that is required itself is reported as missing, and once is enough.
            if !is_required_itself(&run.plan, values, &part) {
                let name = run.plan.entry(route).name.clone();
                run.refuse(index, &ResolveError::MissingPart { name, part });
            }
            return Value::Failed;
        }
        None => {}
    }
    let lookup = |name: &str| position(&run.plan, name).and_then(|part| values[part].present());
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
    let leases = parts.filter_map(|part| run.leases[position(&run.plan, part)?]);
    leases.reduce(Lease::and)
}

/// Whether a part of it was not read just now, and which is the oldest.
fn oldest(run: &Run, template: &Template) -> Option<Remembered> {
    let parts = template.names().into_iter();
    let remembered = parts.filter_map(|part| run.remembered[position(&run.plan, part)?]);
    remembered.reduce(Remembered::and)
}

fn gap(plan: &Plan, values: &[Value], template: &Template) -> Option<Gap> {
    let parts: Vec<_> = template
        .names()
        .into_iter()
        .filter_map(|name| Some((name, &values[position(plan, name)?])))
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
    position(plan, name)
        .is_some_and(|part| super::validate::is_required(plan, values, &plan.routes[part]))
}

fn position(plan: &Plan, name: &str) -> Option<usize> {
    plan.routes
        .iter()
        .position(|route| plan.entry(route).name == name)
}
