//! Reading the documents: each backend once, with everything that is asked of it.

#[cfg(feature = "aws")]
use std::cell::OnceCell;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tracing::debug;

use super::Run;
#[cfg(feature = "aws")]
use crate::backend::aws::{AwsSession, ParameterStore, SecretsManager};
use crate::backend::env::EnvBackend;
use crate::backend::file::{FileBackend, Strictness};
#[cfg(feature = "vault")]
use crate::backend::vault::Vault;
use crate::backend::{Answers, Backend, Document, FetchError, ProcessVariable};
use crate::error::Problem;
use crate::event_loop;
#[cfg(feature = "aws")]
use crate::manifest::AwsStore;
use crate::manifest::{BackendSettings, Required};
use crate::plan::{DocumentId, Plan, PlannedBackend, Route, RouteOrigin};
use crate::plugin::Plugins;
use crate::policy::AuthorizedPlan;
use crate::secret::SecretValue;

/// What is known of a document.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Document),
    Absent,
    /// By an error of this kind.
    Failed(&'static str),
}

/// All documents of a plan.
#[derive(Debug)]
#[must_use = "documents are not values yet"]
pub struct Fetched {
    pub(super) run: Run,
    pub(super) documents: Vec<Vec<Outcome>>,
    /// How long each backend took.
    pub(super) took: Vec<Duration>,
    /// Values of `RouteOrigin::Process`, by route.
    pub(super) process: Vec<Option<OsString>>,
}

/// Asks every backend of the plan for all that the plan needs of it, all of them at once.
pub fn fetch(plan: AuthorizedPlan, process: ProcessVariable<'_>) -> Fetched {
    let (plan, plugins) = plan.into_parts();
    let mut run = Run::new(plan);
    let shared = Shared {
        plugins: &plugins,
        process,
        #[cfg(feature = "aws")]
        aws: OnceCell::new(),
    };
    let backends: Vec<_> = run
        .plan
        .backends
        .iter()
        .map(|backend| open(&run.plan, &shared, backend))
        .collect();
    let asked = ask(&run.plan, &backends);
    drop(backends);
    let (mut answers, mut took) = (Vec::new(), Vec::new());
    for (backend, asked) in asked.into_iter().enumerate() {
        answers.push(asked.answers);
        took.push(asked.took);
        let clues = asked.clues.into_iter();
        let clues = clues.map(|(request, clue)| (DocumentId { backend, request }, clue));
        run.clues.extend(clues);
    }
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
        took,
        process,
    }
}

/// A backend that is ready to be asked; `None` where nothing is asked of it.
type Opened<'a> = Result<Option<Box<dyn Backend + 'a>>, FetchError>;

/// What backends of one run share.
struct Shared<'a> {
    plugins: &'a Plugins,
    process: ProcessVariable<'a>,
    /// Made for the first backend of AWS.
    #[cfg(feature = "aws")]
    aws: OnceCell<AwsSession>,
}

/// What came of asking a backend.
struct Asked {
    answers: Result<Answers, FetchError>,
    /// What could help who looks for what it does not have, by the position of the request.
    clues: Vec<(usize, String)>,
    took: Duration,
}

impl Asked {
    /// Of one that was not asked.
    fn nothing(answers: Result<Answers, FetchError>) -> Self {
        Self {
            answers,
            clues: Vec::new(),
            took: Duration::ZERO,
        }
    }
}

/// Asks those that answer at once on the spot, and waits for the others together.
fn ask(plan: &Plan, backends: &[Opened<'_>]) -> Vec<Asked> {
    let waits = |backend: &Opened<'_>| matches!(backend, Ok(Some(backend)) if backend.waits());
    let all = join_all(
        backends
            .iter()
            .enumerate()
            .map(|(index, opened)| ask_one(plan, index, opened)),
    );
    if backends.iter().any(waits) {
        event_loop::block_on(all).unwrap_or_else(|error| {
            let failed = || Asked::nothing(Err(FetchError::new(error.clone())));
            backends.iter().map(|_| failed()).collect()
        })
    } else {
        let answers = all.now_or_never();
        answers.expect("backends that do not wait have their answers at once")
    }
}

async fn ask_one(plan: &Plan, index: usize, opened: &Opened<'_>) -> Asked {
    let planned = &plan.backends[index];
    let backend = match opened {
        Ok(Some(backend)) => backend,
        Ok(None) => return Asked::nothing(Ok(Answers::default())),
        Err(error) => return Asked::nothing(Err(error.clone())),
    };
    let started = Instant::now();
    let answers = backend.fetch(&planned.requests).await;
    let took = started.elapsed();
    debug!(
        backend = planned.name,
        kind = planned.settings.kind(),
        chosen_by = planned.chosen_by,
        documents = planned.requests.len(),
        microseconds = took.as_micros(),
        "fetched"
    );
    let clues = match &answers {
        Ok(answers) => clues(plan, index, backend.as_ref(), answers).await,
        Err(_) => Vec::new(),
    };
    Asked {
        answers,
        clues,
        took,
    }
}

/// What could help who looks for documents that are required and nowhere: the run fails for
/// them, so that it may take a moment longer.
async fn clues(
    plan: &Plan,
    index: usize,
    backend: &dyn Backend,
    answers: &Answers,
) -> Vec<(usize, String)> {
    let is_required = |request: usize| {
        let wanted = DocumentId {
            backend: index,
            request,
        };
        plan.routes.iter().any(|route| {
            let must_be = matches!(route.required, Required::Always) && route.default.is_none();
            let document = match &route.origin {
                RouteOrigin::Document { document, .. } => Some(*document),
                RouteOrigin::Process | RouteOrigin::Composed(_) => None,
            };
            must_be && document == Some(wanted)
        })
    };
    let answers = answers.documents.iter().enumerate();
    let absent = answers.filter(|(_, answer)| matches!(answer, Ok(None)));
    let missing: Vec<usize> = absent
        .map(|(request, _)| request)
        .filter(|request| is_required(*request))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let requests = &plan.backends[index].requests;
    let asked: Vec<_> = missing
        .iter()
        .map(|&request| requests[request].clone())
        .collect();
    let clues = backend.clues(&asked).await;
    let clues = missing.into_iter().zip(clues);
    clues
        .filter_map(|(request, clue)| Some((request, clue?)))
        .collect()
}

fn open<'a>(plan: &Plan, shared: &'a Shared<'a>, backend: &'a PlannedBackend) -> Opened<'a> {
    if backend.requests.is_empty() {
        return Ok(None);
    }
    let directory = plan.manifest().source().directory();
    let production = plan.selection.production.is_some();
    let process = shared.process;
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
            let opened = shared.plugins.backend(plugin, process);
            Box::new(opened.map_err(FetchError::new)?)
        }
        #[cfg(feature = "aws")]
        BackendSettings::Aws(settings) => {
            let aws = || AwsSession::new(production, process);
            let (session, access) = (shared.aws.get_or_init(aws), &settings.access);
            match settings.store {
                AwsStore::SecretsManager => Box::new(SecretsManager::new(session, access)),
                AwsStore::ParameterStore => Box::new(ParameterStore::new(session, access)),
            }
        }
        #[cfg(feature = "vault")]
        BackendSettings::Vault(vault) => {
            Box::new(Vault::open(vault, directory, production, process)?)
        }
        #[cfg(not(feature = "aws"))]
        BackendSettings::Aws(_) => {
            unreachable!("policy refuses plans with kinds that are not built in")
        }
        #[cfg(not(feature = "vault"))]
        BackendSettings::Vault(_) => {
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
            let kind = problem.kind;
            run.problems.push(Problem {
                secret: None,
                ..problem
            });
            let requests = run.plan.backends[backend].requests.len();
            return std::iter::repeat_with(|| Outcome::Failed(kind))
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
                let kind = problem.kind;
                run.problems.push(problem);
                Outcome::Failed(kind)
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
