//! Asks a backend on its terms: within the deadline, and again what failed by an outage. A version and
//! the one before it are asked again together: what is rotated in a pause would tear them apart.

use std::borrow::Cow;
use std::future::Future;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout_at};
use tracing::debug;

use super::{Pauses, Terms};
use crate::backend::{Answers, Backend, Document, FetchError, Notice, Request};
use crate::error::{Explain, Nature};

/// How long after the deadline a backend that keeps trying may take to end what it began, as a login
/// that has to be undone.
pub(crate) const FAREWELL: Duration = Duration::from_secs(5);

/// Asks a backend for a batch. What it says of single requests stays, and only those of them that
/// failed by an outage are asked again.
pub(crate) async fn ask(
    backend: &dyn Backend,
    requests: &[Request],
    terms: &Terms,
) -> Result<Answers, FetchError> {
    if !backend.waits() {
        return in_time(backend.fetch(requests).await, terms, None);
    }
    if backend.keeps_trying() {
        let end = terms.deadline.at() + FAREWELL;
        let answers = timeout_at(end.into(), backend.fetch(requests)).await;
        return answers.unwrap_or_else(|_| Err(FetchError::new(terms.late(None))));
    }
    let mut pauses = Pauses::new(terms.attempts);
    let mut told = Told::nothing(requests.len());
    loop {
        let wanted = told.next(requests);
        let asked = part(requests, &wanted);
        let answers = timeout_at(terms.deadline.at().into(), backend.fetch(&asked)).await;
        let attempt = pauses.attempt();
        let answers = match answers {
            Ok(answers) => in_time(
                answers.map_err(|error| after(error, attempt)),
                terms,
                told.failure(),
            ),
            Err(_) => Err(FetchError::new(terms.late(told.failure()))),
        };
        told.hear(answers, &wanted, attempt);
        let left = terms.deadline.left(Instant::now());
        let again = told.outage();
        let Some(pause) = again.and_then(|retry_after| pauses.next(retry_after, left)) else {
            return told.end();
        };
        debug!(
            backend = terms.backend,
            attempt,
            reason = told.failure().map(|error| error.kind()),
            milliseconds = pause.as_millis(),
            "asked again after a pause"
        );
        sleep(pause).await;
    }
}

/// What is nice to have, if there is time for it.
pub(crate) async fn best_effort<T: Default>(
    waits: bool,
    wish: impl Future<Output = T>,
    terms: &Terms,
) -> T {
    if !waits {
        return wish.await;
    }
    let granted = timeout_at(terms.deadline.at().into(), wish).await;
    granted.unwrap_or_default()
}

/// What ended because the time was over says so, whatever it took that for.
fn in_time(
    answers: Result<Answers, FetchError>,
    terms: &Terms,
    before: Option<FetchError>,
) -> Result<Answers, FetchError> {
    answers.map_err(|error| {
        let is_late = || terms.deadline.has_passed(Instant::now());
        if retry_after(&error).is_some() && !error.is_late() && is_late() {
            FetchError::new(terms.late(before))
        } else {
            error
        }
    })
}

/// When to ask again at the earliest, if they said so; `None` if that is of no use.
fn retry_after(error: &FetchError) -> Option<Option<Duration>> {
    match error.nature() {
        Nature::Outage { retry_after } => Some(retry_after),
        Nature::Fault | Nature::Denied => None,
    }
}

/// An outage that has lasted for so many attempts.
fn after(error: FetchError, attempts: u32) -> FetchError {
    match retry_after(&error) {
        Some(_) => error.after(attempts),
        None => error,
    }
}

/// The requests at these positions; all of them as they are.
fn part<'a>(requests: &'a [Request], wanted: &[usize]) -> Cow<'a, [Request]> {
    if wanted.len() == requests.len() {
        return Cow::Borrowed(requests);
    }
    let wanted = wanted.iter().map(|&index| requests[index].clone());
    Cow::Owned(wanted.collect())
}

/// What a backend has said so far.
struct Told {
    /// One per request; `None` where it has said nothing of that.
    documents: Vec<Option<Result<Option<Document>, FetchError>>>,
    notices: Vec<Notice>,
    /// Why the last attempt came to nothing.
    whole: Option<FetchError>,
}

impl Told {
    fn nothing(requests: usize) -> Self {
        Self {
            documents: std::iter::repeat_with(|| None).take(requests).collect(),
            notices: Vec::new(),
            whole: None,
        }
    }

    /// The positions that are to be asked: of those that are known, none is asked twice.
    fn open(&self) -> Vec<usize> {
        let documents = self.documents.iter().enumerate();
        let open = documents.filter(|(_, known)| match known {
            None => true,
            Some(Ok(_)) => false,
            Some(Err(error)) => retry_after(error).is_some(),
        });
        open.map(|(index, _)| index).collect()
    }

    /// The positions that are asked next: those that are open, and what was answered of other versions
    /// of the same, which belong together. What was leased would be leased once more.
    fn next(&self, requests: &[Request]) -> Vec<usize> {
        let open = self.open();
        let belongs = |index: usize| {
            let answered = matches!(&self.documents[index], Some(Ok(document))
                if document.as_ref().is_none_or(|document| document.lease.is_none()));
            let mut open = open.iter();
            answered && open.any(|&other| requests[other].path == requests[index].path)
        };
        let all = 0..requests.len();
        all.filter(|&index| open.contains(&index) || belongs(index))
            .collect()
    }

    /// Takes what an attempt came to, which asked for these positions.
    fn hear(&mut self, answers: Result<Answers, FetchError>, wanted: &[usize], attempt: u32) {
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                self.whole = Some(error);
                return;
            }
        };
        self.whole = None;
        let is_other = |notice: &Notice| notice.request.is_none_or(|at| !wanted.contains(&at));
        self.notices.retain(is_other);
        for (&index, answer) in wanted.iter().zip(answers.documents) {
            self.documents[index] = Some(answer.map_err(|error| after(error, attempt)));
        }
        let notices = answers.notices.into_iter().map(|notice| Notice {
            request: notice.request.map(|request| wanted[request]),
            ..notice
        });
        self.notices.extend(notices);
    }

    /// The longest that anybody wants us to wait; `None` if nothing failed by an outage.
    fn outage(&self) -> Option<Option<Duration>> {
        match &self.whole {
            Some(error) => retry_after(error),
            None => self.failures().filter_map(retry_after).max(),
        }
    }

    /// Why there was nothing, or not all.
    fn failure(&self) -> Option<FetchError> {
        let failed = self.failures().find(|error| retry_after(error).is_some());
        self.whole.as_ref().or(failed).cloned()
    }

    fn failures(&self) -> impl Iterator<Item = &FetchError> {
        let known = self.documents.iter().flatten();
        known.filter_map(|answer| answer.as_ref().err())
    }

    /// All of it. Where nothing is known of any request, that is said once.
    fn end(self) -> Result<Answers, FetchError> {
        let open = self.open();
        let mut documents = self.documents;
        if let Some(whole) = self.whole {
            if open.len() == documents.len() {
                return Err(whole);
            }
            for index in open {
                documents[index] = Some(Err(whole.clone()));
            }
        }
        let documents = documents.into_iter();
        let documents =
            documents.map(|known| known.expect("a backend answers each request of a batch"));
        Ok(Answers {
            documents: documents.collect(),
            notices: self.notices,
        })
    }
}

#[cfg(test)]
mod tests;
