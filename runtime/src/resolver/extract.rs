//! Taking values out of documents. The documents are wiped when all values are out.

use std::os::unix::ffi::OsStringExt;
use std::time::SystemTime;

use tracing::debug;

use super::fetch::{Fetched, Outcome};
use super::{Run, Value, rotation};
use crate::extract::{self, ExtractError};
use crate::lease::Lease;
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
        rotation::note(&mut self.run, &self.documents, SystemTime::now());
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
                (Outcome::Failed(..), _) => Value::Failed,
                (Outcome::Held, _) => Value::Held,
                (Outcome::Absent, _) => Value::Absent,
                (Outcome::Found(found), None) => not_empty(found.bytes.clone()),
                (Outcome::Found(found), Some(field)) => {
                    let fields = found.fields.as_ref().unwrap_or(&found.bytes);
                    match extract::extract(fields.expose(), field) {
                        Ok(value) => not_empty(value),
                        // An entry's own name is a field of what is at the backend's own path, so
                        // it is not there as a path is not there.
                        Err(ExtractError::Missing { .. }) if self.is_own_path(*document) => {
                            Value::Absent
                        }
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
            (found, _) => {
                self.run.leases[index] = match &route.origin {
                    RouteOrigin::Document { document, .. } => self.lease(*document),
                    RouteOrigin::Process | RouteOrigin::Composed(_) => None,
                };
                self.run.remembered[index] = match &route.origin {
                    RouteOrigin::Document { document, .. } => {
                        self.remembered[document.backend][document.request]
                    }
                    RouteOrigin::Process | RouteOrigin::Composed(_) => None,
                };
                found
            }
        }
    }

    /// The version before. A backend that knows versions has it under the same name, with the
    /// same fields, and for as long as the manifest honours it; one that does not has what its
    /// user put there.
    fn previous(&mut self, index: usize) -> Value {
        let route = &self.run.plan.routes[index];
        let Some(document) = route.previous else {
            return Value::Absent;
        };
        self.run.previous_leases[index] = self.lease(document);
        self.run.previous_remembered[index] = self.remembered[document.backend][document.request];
        let route = &self.run.plan.routes[index];
        let found = match self.outcome(document) {
            Outcome::Found(found) => found,
            Outcome::Absent => return Value::Absent,
            Outcome::Failed(..) => return Value::Failed,
            Outcome::Held => return Value::Held,
        };
        let request = &self.run.plan.backends[document.backend].requests[document.request];
        if request.version.is_none() {
            return not_empty(found.bytes.clone());
        }
        if !self.is_honoured(index) {
            debug!(
                entry = self.run.plan.entry(route).name,
                "the version before is out of its grace time"
            );
            return Value::Absent;
        }
        match &route.origin {
            RouteOrigin::Document {
                field: Some(field), ..
            } => {
                // It may have had another form: that is no reason not to start.
                let fields = found.fields.as_ref().unwrap_or(&found.bytes);
                let value = extract::extract(fields.expose(), field);
                value.map_or(Value::Absent, not_empty)
            }
            _ => not_empty(found.bytes.clone()),
        }
    }

    /// Whether the current version is so young that the one before is still honoured. Where
    /// nobody knows its age, it is not.
    fn is_honoured(&self, index: usize) -> bool {
        let route = &self.run.plan.routes[index];
        let RouteOrigin::Document { document, .. } = &route.origin else {
            return false;
        };
        let Outcome::Found(current) = self.outcome(*document) else {
            return false;
        };
        let previous = self.run.plan.entry(route).previous.as_ref();
        let end = previous
            .zip(current.created)
            .and_then(|(previous, created)| created.checked_add(previous.grace));
        end.is_some_and(|end| SystemTime::now() < end)
    }

    fn lease(&self, document: DocumentId) -> Option<Lease> {
        match self.outcome(document) {
            Outcome::Found(found) => found.lease,
            Outcome::Absent | Outcome::Failed(..) | Outcome::Held => None,
        }
    }

    /// Whether a document is at the path of a backend itself, as only entries' own names ask.
    fn is_own_path(&self, document: DocumentId) -> bool {
        let requests = &self.run.plan.backends[document.backend].requests;
        requests[document.request].path.is_empty()
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
