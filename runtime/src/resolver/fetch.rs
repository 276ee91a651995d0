//! Reading the documents: each backend once, with everything that is asked of it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Instant;

use tracing::debug;

use super::Run;
use crate::backend::env::EnvBackend;
use crate::backend::file::{FileBackend, Strictness};
use crate::backend::{Answers, Backend, Document, FetchError};
use crate::error::Problem;
use crate::manifest::BackendSettings;
use crate::plan::{DocumentId, Plan, PlannedBackend, Route, RouteOrigin};
use crate::policy::AuthorizedPlan;
use crate::secret::SecretValue;

/// Reads a variable of the launcher's own environment.
type ProcessVariable<'a> = &'a (dyn Fn(&str) -> Option<OsString> + Send + Sync);

/// What is known of a document.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Document),
    Absent,
    Failed,
}

/// All documents of a plan.
#[derive(Debug)]
#[must_use = "documents are not values yet"]
pub struct Fetched {
    pub(super) run: Run,
    pub(super) documents: Vec<Vec<Outcome>>,
    /// Values of `RouteOrigin::Process`, by route.
    pub(super) process: Vec<Option<OsString>>,
}

/// Asks every backend of the plan for all that the plan needs of it.
pub fn fetch(
    plan: AuthorizedPlan,
    process: &(dyn Fn(&str) -> Option<OsString> + Send + Sync),
) -> Fetched {
    let mut run = Run {
        plan: plan.into_plan(),
        problems: Vec::new(),
    };
    let mut documents = Vec::with_capacity(run.plan.backends.len());
    for index in 0..run.plan.backends.len() {
        let answers = ask(&run.plan, index, process);
        documents.push(outcomes(&mut run, index, answers));
    }
    let process = run
        .plan
        .routes
        .iter()
        .map(|route| match route.origin {
            RouteOrigin::Process => process(&run.plan.entry(route).name),
            _ => None,
        })
        .collect();
    Fetched {
        run,
        documents,
        process,
    }
}

fn ask(plan: &Plan, index: usize, process: ProcessVariable<'_>) -> Result<Answers, FetchError> {
    let backend = &plan.backends[index];
    if backend.requests.is_empty() {
        return Ok(Answers::default());
    }
    let started = Instant::now();
    let answers = open(plan, backend, process).fetch(&backend.requests);
    debug!(
        backend = backend.name,
        kind = backend.settings.kind(),
        chosen_by = backend.chosen_by,
        documents = backend.requests.len(),
        microseconds = started.elapsed().as_micros(),
        "fetched"
    );
    answers
}

fn open<'a>(
    plan: &Plan,
    backend: &PlannedBackend,
    process: ProcessVariable<'a>,
) -> Box<dyn Backend + 'a> {
    let directory = plan.manifest().source().directory();
    match &backend.settings {
        BackendSettings::Env { files } => {
            let files = files.iter().map(|file| directory.join(file)).collect();
            Box::new(EnvBackend::new(files, move |name: &str| {
                process(name).map(|value| SecretValue::new(value.into_vec()))
            }))
        }
        BackendSettings::File {
            directory: folder, ..
        } => {
            let strictness = if plan.selection.production.is_some() {
                Strictness::Refuse
            } else {
                Strictness::Warn
            };
            Box::new(FileBackend::new(directory.join(folder), strictness))
        }
        BackendSettings::AwsSecretsManager
        | BackendSettings::AwsParameterStore
        | BackendSettings::Vault
        | BackendSettings::Plugin { .. } => {
            unreachable!("policy refuses plans with kinds that are not built in")
        }
    }
}

/// Notes what went wrong, once each, and keeps what was answered.
fn outcomes(run: &mut Run, backend: usize, answers: Result<Answers, FetchError>) -> Vec<Outcome> {
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            let document = DocumentId {
                backend,
                request: 0,
            };
            let problem = about(run, document, error.problem());
            run.problems.push(Problem {
                secret: None,
                ..problem
            });
            let requests = run.plan.backends[backend].requests.len();
            return std::iter::repeat_with(|| Outcome::Failed)
                .take(requests)
                .collect();
        }
    };
    for notice in &answers.notices {
        let request = notice.request.unwrap_or_default();
        let problem = about(run, DocumentId { backend, request }, notice.problem());
        run.problems.push(problem);
    }
    let answers = answers.documents.into_iter().enumerate();
    answers
        .map(|(request, answer)| match answer {
            Ok(Some(document)) => Outcome::Found(document),
            Ok(None) => Outcome::Absent,
            Err(error) => {
                let problem = about(run, DocumentId { backend, request }, error.problem());
                run.problems.push(problem);
                Outcome::Failed
            }
        })
        .collect()
}

/// The problem of a document, said of the first entry that needs it and pointing there if
/// it has no place of its own.
fn about(run: &Run, wanted: DocumentId, problem: Problem) -> Problem {
    let needs = |route: &&Route| {
        let own = match &route.origin {
            RouteOrigin::Document { document, .. } => *document == wanted,
            RouteOrigin::Process | RouteOrigin::Composed(_) => false,
        };
        own || route.previous == Some(wanted)
    };
    let Some(route) = run.plan.routes.iter().find(needs) else {
        return problem;
    };
    let in_manifest = || run.plan.manifest().source().place(&route.span);
    Problem {
        place: Some(problem.place.unwrap_or_else(in_manifest)),
        secret: Some(run.plan.entry(route).name.clone()),
        ..problem
    }
}
