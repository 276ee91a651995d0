//! Asking the backends of a plan, all of them at once, each on its terms.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tracing::debug;

use super::open::{Opened, Shared, open};
use super::spare::Spared;
use crate::backend::{Answers, Backend, FetchError, Granted};
use crate::error::{Explain, Nature};
use crate::event_loop;
use crate::manifest::Required;
use crate::memory::Memory;
use crate::plan::{DocumentId, Plan, PlannedBackend, RouteOrigin};
use crate::resilience::{self, Admission, Terms};

/// What came of asking a backend.
pub(super) struct Asked {
    pub(super) answers: Result<Answers, FetchError>,
    /// What could help who looks for what it does not have, by the position of the request.
    pub(super) clues: Vec<(usize, String)>,
    pub(super) took: Duration,
    verdict: Option<Verdict>,
}

impl Asked {
    /// Of one that was not asked.
    fn nothing(answers: Result<Answers, FetchError>) -> Self {
        Self {
            answers,
            clues: Vec::new(),
            took: Duration::ZERO,
            verdict: None,
        }
    }
}

/// A backend that is about to be asked, and on which terms.
pub(super) struct Asking<'a> {
    opened: Opened<'a>,
    terms: Terms,
    spared: Spared,
}

impl<'a> Asking<'a> {
    /// One as it is at `now`. Who is left alone, and who need not be asked for anything, is not
    /// opened either.
    pub(super) fn of(
        plan: &Plan,
        backend: &'a PlannedBackend,
        spared: Spared,
        (shared, memory, now): (&'a Shared<'a>, &Memory, Instant),
    ) -> Self {
        let mut terms = Terms::of(plan.manifest(), &backend.name, now);
        if spared.is_all() {
            let opened = Ok(None);
            return Self {
                opened,
                terms,
                spared,
            };
        }
        let opened = match memory.breakers.admit(&backend.name, now) {
            Err(open) => Err(FetchError::new(open)),
            Ok(admission) => {
                if admission == Admission::Probe {
                    terms.attempts = 1;
                }
                open(plan, shared, backend)
            }
        };
        Self {
            opened,
            terms,
            spared,
        }
    }

    /// What it gave for a time, once.
    pub(super) fn granted(&self) -> Option<Granted> {
        self.opened.as_ref().ok()?.as_ref()?.granted()
    }

    /// Its time runs from now on: before, it was opened, which may have had to compile it.
    fn begin(&mut self, now: Instant) {
        self.terms.deadline = self.terms.deadline.clone().counted_from(now);
        if let Ok(Some(backend)) = &mut self.opened {
            backend.on(&self.terms);
        }
    }

    /// The backend, if it waits for something.
    fn waiting(&self) -> Option<&dyn Backend> {
        let opened = self.opened.as_ref().ok()?.as_deref()?;
        Some(opened).filter(|backend| backend.waits())
    }
}

/// Asks those that answer at once on the spot, and waits for the others together.
pub(super) fn ask(plan: &Plan, backends: &mut [Asking<'_>], memory: &mut Memory) -> Vec<Asked> {
    let now = Instant::now();
    backends.iter_mut().for_each(|asking| asking.begin(now));
    let backends = &*backends;
    let all = join_all(
        backends
            .iter()
            .enumerate()
            .map(|(index, asking)| ask_one(plan, index, asking)),
    );
    if backends.iter().all(|asking| asking.waiting().is_none()) {
        let answers = all.now_or_never();
        return answers.expect("backends that do not wait have their answers at once");
    }
    let asked = match event_loop::block_on(all) {
        Ok(asked) => asked,
        Err(error) => {
            let failed = || Asked::nothing(Err(FetchError::new(error.clone())));
            return backends.iter().map(|_| failed()).collect();
        }
    };
    let pause = plan.manifest().resilience.breaker_pause;
    for (asking, asked) in backends.iter().zip(&asked) {
        let name = &asking.terms.backend;
        match asking.waiting().and(asked.verdict) {
            Some(Verdict::Answered) => memory.breakers.answered(name),
            Some(Verdict::Away) => memory.breakers.failed(name, Instant::now(), pause),
            None => {}
        }
    }
    asked
}

/// What answers say of who gave them, if anything.
#[derive(Clone, Copy)]
enum Verdict {
    Answered,
    Away,
}

/// One that answers something is there, also if it fails over the rest.
fn verdict(answers: &Result<Answers, FetchError>) -> Option<Verdict> {
    let of_error = |error: &FetchError| match error.nature() {
        Nature::Denied => Some(Verdict::Answered),
        Nature::Outage { .. } => Some(Verdict::Away),
        Nature::Fault => None,
    };
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => return of_error(error),
    };
    let verdicts = answers.documents.iter().map(|answer| match answer {
        Ok(_) => Some(Verdict::Answered),
        Err(error) => of_error(error),
    });
    verdicts.flatten().reduce(|one, other| match (one, other) {
        (Verdict::Away, Verdict::Away) => Verdict::Away,
        _ => Verdict::Answered,
    })
}

async fn ask_one(plan: &Plan, index: usize, asking: &Asking<'_>) -> Asked {
    let planned = &plan.backends[index];
    let backend = match &asking.opened {
        Ok(Some(backend)) => backend,
        Ok(None) => return Asked::nothing(Ok(asking.spared.complete(Answers::default()))),
        Err(error) => return Asked::nothing(Err(error.clone())),
    };
    let started = Instant::now();
    let wanted = asking.spared.rest(&planned.requests);
    let answers = resilience::ask(backend.as_ref(), &wanted, &asking.terms).await;
    let took = started.elapsed();
    let verdict = verdict(&answers);
    let answers = answers.map(|answers| asking.spared.complete(answers));
    debug!(
        backend = planned.name,
        kind = planned.settings.kind(),
        chosen_by = planned.chosen_by,
        documents = wanted.len(),
        microseconds = took.as_micros(),
        "fetched"
    );
    let clues = match &answers {
        Ok(answers) => {
            let clues = clues(plan, index, (backend.as_ref(), &asking.spared), answers);
            resilience::best_effort(backend.waits(), clues, &asking.terms).await
        }
        Err(_) => Vec::new(),
    };
    Asked {
        answers,
        clues,
        took,
        verdict,
    }
}

/// What could help who looks for documents that are required and nowhere: the run fails for
/// them, so that it may take a moment longer.
async fn clues(
    plan: &Plan,
    index: usize,
    (backend, spared): (&dyn Backend, &Spared),
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
        .filter(|request| !spared.has(*request) && is_required(*request))
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
