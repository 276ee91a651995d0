//! Reading the documents: each backend once, with everything that is asked of it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tracing::debug;

use super::Run;
#[cfg(feature = "aws")]
use crate::backend::aws::SecretsManager;
use crate::backend::env::EnvBackend;
use crate::backend::file::{FileBackend, Strictness};
use crate::backend::{Answers, Backend, Document, FetchError, ProcessVariable};
use crate::error::Problem;
use crate::event_loop;
use crate::manifest::BackendSettings;
use crate::plan::{DocumentId, Plan, PlannedBackend, Route, RouteOrigin};
use crate::plugin::Plugins;
use crate::policy::AuthorizedPlan;
use crate::secret::SecretValue;

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

/// Asks every backend of the plan for all that the plan needs of it, all of them at once.
pub fn fetch(plan: AuthorizedPlan, process: ProcessVariable<'_>) -> Fetched {
    let (plan, plugins) = plan.into_parts();
    let mut run = Run {
        plan,
        problems: Vec::new(),
    };
    let backends: Vec<_> = run
        .plan
        .backends
        .iter()
        .map(|backend| open(&run.plan, &plugins, backend, process))
        .collect();
    let answers = ask(&run.plan, &backends);
    drop(backends);
    let documents = answers
        .into_iter()
        .enumerate()
        .map(|(index, answers)| outcomes(&mut run, index, answers))
        .collect();
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

/// A backend that is ready to be asked; `None` where nothing is asked of it.
type Opened<'a> = Result<Option<Box<dyn Backend + 'a>>, FetchError>;

/// Asks those that answer at once on the spot, and waits for the others together.
fn ask(plan: &Plan, backends: &[Opened<'_>]) -> Vec<Result<Answers, FetchError>> {
    let waits = |backend: &Opened<'_>| matches!(backend, Ok(Some(backend)) if backend.waits());
    let all = join_all(
        plan.backends
            .iter()
            .zip(backends)
            .map(|(planned, opened)| ask_one(planned, opened)),
    );
    if backends.iter().any(waits) {
        event_loop::block_on(all).unwrap_or_else(|error| {
            let failed = || Err(FetchError::new(error.clone()));
            backends.iter().map(|_| failed()).collect()
        })
    } else {
        let answers = all.now_or_never();
        answers.expect("backends that do not wait have their answers at once")
    }
}

async fn ask_one(planned: &PlannedBackend, opened: &Opened<'_>) -> Result<Answers, FetchError> {
    let backend = match opened {
        Ok(Some(backend)) => backend,
        Ok(None) => return Ok(Answers::default()),
        Err(error) => return Err(error.clone()),
    };
    let started = Instant::now();
    let answers = backend.fetch(&planned.requests).await;
    debug!(
        backend = planned.name,
        kind = planned.settings.kind(),
        chosen_by = planned.chosen_by,
        documents = planned.requests.len(),
        microseconds = started.elapsed().as_micros(),
        "fetched"
    );
    answers
}

fn open<'a>(
    plan: &Plan,
    plugins: &Plugins,
    backend: &PlannedBackend,
    process: ProcessVariable<'a>,
) -> Opened<'a> {
    if backend.requests.is_empty() {
        return Ok(None);
    }
    let directory = plan.manifest().source().directory();
    let production = plan.selection.production.is_some();
    Ok(Some(match &backend.settings {
        BackendSettings::Env { files } => {
            let files = files.iter().map(|file| directory.join(file)).collect();
            Box::new(EnvBackend::new(files, move |name: &str| {
                process(name).map(|value| SecretValue::new(value.into_vec()))
            }))
        }
        BackendSettings::File {
            directory: folder, ..
        } => Box::new(FileBackend::new(
            directory.join(folder),
            Strictness::of(production),
        )),
        BackendSettings::Plugin { plugin, .. } => {
            let opened = plugins.backend(plugin, process);
            Box::new(opened.map_err(FetchError::new)?)
        }
        #[cfg(feature = "aws")]
        BackendSettings::AwsSecretsManager(settings) => {
            Box::new(SecretsManager::new(settings, production, process))
        }
        #[cfg(not(feature = "aws"))]
        BackendSettings::AwsSecretsManager(_) => {
            unreachable!("policy refuses plans with kinds that are not built in")
        }
        BackendSettings::AwsParameterStore | BackendSettings::Vault => {
            unreachable!("policy refuses plans with kinds that are not built in")
        }
    }))
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
