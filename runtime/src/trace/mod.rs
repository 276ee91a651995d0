//! When a run did what, for those who trace: spans, sent by OTLP over HTTP.
//!
//! A [`Trace`] collects spans of the steps of a run, and of each backend that was asked. They have
//! names, kinds and outcomes; none has a field that a value fits into. It is sent once, in JSON, as
//! the specification of OTLP has every receiver take it. The crates of OpenTelemetry would bring a
//! second way to say the same, with queues and threads for programs that go on.
//!
//! This module must not decide what becomes of a run that cannot be traced: its caller does.

mod endpoint;
mod error;
mod json;
mod send;

use std::time::{Duration, SystemTime};

pub use endpoint::Endpoint;
pub use error::TraceError;

use crate::audit::random;
use crate::plan::Plan;
use crate::resolver::Fetched;

/// When a run did what.
#[derive(Debug)]
pub struct Trace {
    id: String,
    root: String,
    begun: SystemTime,
    spans: Vec<Span>,
    /// What is known of the run.
    about: Vec<(&'static str, String)>,
}

/// Something that took time.
#[derive(Debug)]
struct Span {
    id: String,
    parent: String,
    name: &'static str,
    begun: SystemTime,
    ended: SystemTime,
    attributes: Vec<(&'static str, String)>,
    /// The kind of the error that it ended with.
    error: Option<&'static str>,
}

impl Trace {
    /// A run begins.
    #[must_use]
    pub fn begin(now: SystemTime) -> Self {
        Self {
            id: random(),
            root: span_id(),
            begun: now,
            spans: Vec::new(),
            about: Vec::new(),
        }
    }

    /// Says of which plan it is.
    pub fn of_plan(&mut self, plan: &Plan) {
        let selection = &plan.selection;
        let project = plan.manifest().project.clone();
        self.about = vec![("secret_run.environment", selection.environment.clone())];
        self.about
            .extend(project.map(|project| ("secret_run.project", project)));
        let production = selection.production.is_some();
        self.about
            .push(("secret_run.production", production.to_string()));
    }

    /// A step was done, and ended with an error of this kind, if with any.
    pub fn step(
        &mut self,
        name: &'static str,
        begun: SystemTime,
        ended: SystemTime,
        error: Option<&'static str>,
    ) {
        let span = Span {
            id: span_id(),
            parent: self.root.clone(),
            name,
            begun,
            ended,
            attributes: Vec::new(),
            error,
        };
        self.spans.push(span);
    }

    /// Backends were asked in the step that was done last: all at once, when it began.
    pub fn fetches(&mut self, fetched: &Fetched) {
        let Some(step) = self.spans.last() else {
            return;
        };
        let (parent, begun) = (step.id.clone(), step.begun);
        let accesses = fetched.accesses();
        for (backend, took) in fetched.fetches() {
            let of_it = accesses.iter().filter(|access| access.backend() == backend);
            let mut attributes = vec![("secret_run.backend", backend.to_owned())];
            let mut error = None;
            for access in of_it.clone() {
                error = error.or(access.outcome().error());
            }
            if let Some(access) = of_it.clone().next() {
                attributes.push(("secret_run.backend.kind", access.kind().to_owned()));
            }
            attributes.push(("secret_run.entries", of_it.count().to_string()));
            self.spans.push(Span {
                id: span_id(),
                parent: parent.clone(),
                name: "fetch from a backend",
                begun,
                ended: begun + took,
                attributes,
                error,
            });
        }
    }

    /// Sends what there is until now, as the run ends with an error of this kind, if with any.
    ///
    /// # Errors
    /// When the receiver has not taken it within `patience`.
    pub fn send(
        &self,
        endpoint: &Endpoint,
        now: SystemTime,
        error: Option<&'static str>,
        patience: Duration,
    ) -> Result<(), TraceError> {
        send::send(endpoint, self.json(now, error), patience)
    }
}

/// Half of an id of a trace.
fn span_id() -> String {
    let mut id = random();
    id.truncate(16);
    id
}
