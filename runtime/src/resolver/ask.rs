//! Asking the backends of a plan, all of them at once.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tracing::debug;

use super::open::Opened;
use crate::backend::{Answers, Backend, FetchError};
use crate::event_loop;
use crate::manifest::Required;
use crate::memory::Memory;
use crate::plan::{DocumentId, Plan, RouteOrigin};

/// What came of asking a backend.
pub(super) struct Asked {
    pub(super) answers: Result<Answers, FetchError>,
    /// What could help who looks for what it does not have, by the position of the request.
    pub(super) clues: Vec<(usize, String)>,
    pub(super) took: Duration,
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
pub(super) fn ask(plan: &Plan, backends: &[Opened<'_>], _memory: &mut Memory) -> Vec<Asked> {
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
