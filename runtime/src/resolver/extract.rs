//! Taking values out of documents. The documents are wiped when all values are out.

use std::os::unix::ffi::OsStringExt;

use tracing::debug;

use super::fetch::{Fetched, Outcome};
use super::{Run, Value};
use crate::extract;
use crate::plan::{DocumentId, RouteOrigin};
use crate::secret::SecretValue;

/// All values that come from somewhere, by route.
#[derive(Debug)]
#[must_use = "values are not composed yet"]
pub struct Extracted {
    pub(super) run: Run,
    pub(super) values: Vec<Value>,
    /// The versions before, by route.
    pub(super) previous: Vec<Value>,
}

impl Fetched {
    /// Takes the fields out of the documents and falls back to defaults.
    pub fn extract(mut self) -> Extracted {
        let routes = self.run.plan.routes.len();
        let mut values = Vec::with_capacity(routes);
        let mut previous = Vec::with_capacity(routes);
        for route in 0..routes {
            let value = self.value(route);
            values.push(value);
            previous.push(self.previous(route));
        }
        Extracted {
            run: self.run,
            values,
            previous,
        }
    }

    fn value(&mut self, index: usize) -> Value {
        let route = &self.run.plan.routes[index];
        let found = match &route.origin {
            RouteOrigin::Composed(_) => return Value::Absent,
            RouteOrigin::Process => match self.process[index].take() {
                Some(value) => not_empty(SecretValue::new(value.into_vec())),
                None => Value::Absent,
            },
            RouteOrigin::Document { document, field } => match (self.outcome(*document), field) {
                (Outcome::Failed, _) => Value::Failed,
                (Outcome::Absent, _) => Value::Absent,
                (Outcome::Found(found), None) => not_empty(found.bytes.clone()),
                (Outcome::Found(found), Some(field)) => {
                    match extract::extract(found.bytes.expose(), field) {
                        Ok(value) => not_empty(value),
                        Err(error) => {
                            self.run.refuse(index, &error);
                            Value::Failed
                        }
                    }
                }
            },
        };
        let route = &self.run.plan.routes[index];
        match (found, &route.default) {
            (Value::Absent, Some(default)) => {
                debug!(entry = self.run.plan.entry(route).name, "takes its default");
                Value::Present(SecretValue::copy_of(default.as_bytes()))
            }
            (found, _) => found,
        }
    }

    fn previous(&mut self, index: usize) -> Value {
        match self.run.plan.routes[index].previous {
            None => Value::Absent,
            Some(document) => match self.outcome(document) {
                Outcome::Found(found) => not_empty(found.bytes.clone()),
                Outcome::Absent => Value::Absent,
                Outcome::Failed => Value::Failed,
            },
        }
    }

    fn outcome(&self, document: DocumentId) -> &Outcome {
        &self.documents[document.backend][document.request]
    }
}

/// An empty value serves no app; it is what an unfilled form looks like.
fn not_empty(value: SecretValue) -> Value {
    if value.expose().is_empty() {
        Value::Absent
    } else {
        Value::Present(value)
    }
}
