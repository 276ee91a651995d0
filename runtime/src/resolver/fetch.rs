//! Reading the documents: each backend once, with everything that is asked of it.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::Run;
use super::ask::{Asking, ask};
use super::open::Shared;
use super::recall::{Recall, Remembered};
use super::spare::Spared;
use crate::backend::{Answers, Document, FetchError, Granted, ProcessVariable};
use crate::error::{Explain, Nature, Problem};
use crate::grant::Grant;
use crate::lease::Lease;
use crate::memory::Memory;
use crate::plan::{DocumentId, Route, RouteOrigin};
use crate::policy::AuthorizedPlan;

/// What is known of a document.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Document),
    Absent,
    /// By an error of this kind and nature.
    Failed(&'static str, Nature),
    /// Somebody has it: it was not asked for.
    Held,
}

/// All documents of a plan.
#[derive(Debug)]
#[must_use = "documents are not values yet"]
pub struct Fetched {
    pub(super) run: Run,
    pub(super) documents: Vec<Vec<Outcome>>,
    /// Which of them were not read just now.
    pub(super) remembered: Vec<Vec<Option<Remembered>>>,
    /// Whether it was looked for among what is remembered.
    pub(super) looked_for: Vec<Vec<bool>>,
    /// How long each backend took.
    pub(super) took: Vec<Duration>,
    /// Values of `RouteOrigin::Process`, by route.
    pub(super) process: Vec<Option<OsString>>,
}

/// Asks every backend of the plan for all that the plan needs of it, all of them at once.
pub fn fetch(plan: AuthorizedPlan, process: ProcessVariable<'_>, memory: &mut Memory) -> Fetched {
    let (plan, plugins) = plan.into_parts();
    let mut run = Run::new(plan);
    let shared = Shared::new(&plugins, process);
    let now = Instant::now();
    let mut problems = Vec::new();
    let recall = Recall::of(&run.plan, &plugins, process, memory, &mut problems);
    let looked_for = (0..run.plan.backends.len()).map(|index| recall.looked_for(&run.plan, index));
    let looked_for = looked_for.collect();
    let backends = run.plan.backends.iter().enumerate();
    let mut backends: Vec<_> = backends
        .map(|(index, backend)| {
            let known = recall.known(index);
            let mut known = known.unwrap_or_else(|| Spared::nothing(backend.requests.len()));
            let held = memory.leases.held.iter();
            let held = held.filter(|held| held.backend == index);
            held.for_each(|held| known.leave_out(held.request));
            Asking::of(&run.plan, backend, known, (&shared, memory, now))
        })
        .collect();
    let mut asked = ask(&run.plan, &mut backends, memory);
    memory.leases.grants = grants(&backends);
    drop(backends);
    let remembered = recall.complete(&run.plan, &mut asked, memory, &mut problems);
    run.problems.append(&mut problems);
    let (mut answers, mut took) = (Vec::new(), Vec::new());
    for (backend, asked) in asked.into_iter().enumerate() {
        answers.push(asked.answers);
        took.push(asked.took);
        let clues = asked.clues.into_iter();
        let clues = clues.map(|(request, clue)| (DocumentId { backend, request }, clue));
        run.clues.extend(clues);
    }
    let mut documents: Vec<_> = answers
        .into_iter()
        .enumerate()
        .map(|(index, answers)| outcomes(&mut run, index, answers))
        .collect();
    for held in &memory.leases.held {
        documents[held.backend][held.request] = Outcome::Held;
    }
    memory.leases.documents = leased(&documents);
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
        remembered,
        looked_for,
        took,
        process,
    }
}

/// What backends gave for a time.
fn grants(backends: &[Asking<'_>]) -> Vec<Grant> {
    let backends = backends.iter().enumerate();
    let grants = backends.filter_map(|(backend, asking)| {
        let Granted { lease, handle } = asking.granted()?;
        Some(Grant {
            backend,
            lease,
            handle,
        })
    });
    grants.collect()
}

/// Which documents are good for a time.
fn leased(documents: &[Vec<Outcome>]) -> Vec<(DocumentId, Lease)> {
    let documents = documents.iter().enumerate();
    let leased = documents.flat_map(|(backend, outcomes)| {
        let outcomes = outcomes.iter().enumerate();
        outcomes.filter_map(move |(request, outcome)| match outcome {
            Outcome::Found(found) => Some((DocumentId { backend, request }, found.lease?)),
            _ => None,
        })
    });
    leased.collect()
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
            for notice in error.notices() {
                run.problems.push(about(run, document, notice.problem()));
            }
            let problem = about(run, document, error.problem());
            let (kind, nature) = (problem.kind, error.nature());
            run.problems.push(Problem {
                secret: None,
                ..problem
            });
            let requests = run.plan.backends[backend].requests.len();
            return std::iter::repeat_with(|| Outcome::Failed(kind, nature))
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
                Outcome::Failed(kind, error.nature())
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
