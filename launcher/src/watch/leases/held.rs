//! What the command has for a time, and when something is to be done about it. It is told the time.

use std::time::{Duration, Instant};

use secret_runtime::grant::Grant;
use secret_runtime::lease::Lease;
use secret_runtime::plan::DocumentId;

use super::Given;

/// The pauses between attempts to renew something.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// What the command has for a time.
#[derive(Debug, Default)]
pub(super) struct Held {
    documents: Vec<(DocumentId, Instant)>,
    pub(super) tenures: Vec<Tenure>,
}

/// A grant, and when something is to be done about it.
#[derive(Debug)]
pub(super) struct Tenure {
    /// Tells it from others.
    pub(super) id: u64,
    pub(super) grant: Grant,
    /// How long it was good at first.
    whole: Duration,
    pub(super) ends_at: Instant,
    /// When it is to be renewed, if it can be.
    pub(super) renew_at: Option<Instant>,
    /// When another one is to be there.
    replace_at: Instant,
    failures: u32,
}

impl Tenure {
    pub(super) fn new(id: u64, grant: Grant, since: Instant) -> Self {
        let whole = grant.lease.duration;
        let mut tenure = Self {
            id,
            grant,
            whole,
            ends_at: since,
            renew_at: None,
            replace_at: since,
            failures: 0,
        };
        tenure.lasts(tenure.grant.lease, since);
        tenure
    }

    /// It is good for so long from `now` on.
    pub(super) fn lasts(&mut self, lease: Lease, now: Instant) {
        let Lease {
            duration,
            renewable,
        } = lease;
        self.failures = 0;
        self.ends_at = now + duration;
        // Vault counts in whole seconds.
        let slack = Duration::from_secs(1).max(self.whole / 20);
        if renewable && duration + slack >= self.whole {
            // What is good for no time would be renewed without a pause.
            self.renew_at = Some(now + SHORTEST_PAUSE.max(duration / 2));
            self.replace_at = self.ends_at - duration / 10;
        } else {
            // It will not last any longer than that.
            self.renew_at = None;
            self.replace_at = now + usable(duration);
        }
    }

    /// It could not be renewed now. Says how long until the next attempt, if there is one.
    pub(super) fn try_again(&mut self, now: Instant) -> Option<Duration> {
        let doubled = FIRST_PAUSE * 2_u32.pow(self.failures.min(6));
        self.failures += 1;
        let rest = self.ends_at.saturating_duration_since(now);
        let pause = doubled.min(LONGEST_PAUSE).min(rest / 4).max(SHORTEST_PAUSE);
        self.renew_at = (pause < rest).then(|| now + pause);
        self.renew_at.map(|_| pause)
    }

    /// It can't be renewed.
    pub(super) fn ends(&mut self, now: Instant) {
        let rest = self.ends_at.saturating_duration_since(now);
        self.renew_at = None;
        self.replace_at = self.replace_at.min(now + rest / 3);
    }

    /// It may be over already.
    pub(super) fn is_doubtful(&mut self, now: Instant) {
        self.renew_at = None;
        self.replace_at = now;
    }
}

impl Held {
    /// The command has this besides, or instead of what it had of the same documents. `next` is the
    /// id of the first grant.
    pub(super) fn add(&mut self, given: Given, since: Instant, next: u64) {
        let has = |document: &DocumentId| given.documents.iter().any(|(new, _)| new == document);
        self.documents.retain(|(document, _)| !has(document));
        let documents = given.documents.into_iter();
        self.documents
            .extend(documents.map(|(document, lease)| (document, since + usable(lease))));
        let grants = given.grants.into_iter().zip(next..);
        self.tenures
            .extend(grants.map(|(grant, id)| Tenure::new(id, grant, since)));
    }

    pub(super) fn documents(&self) -> Vec<DocumentId> {
        self.documents
            .iter()
            .map(|(document, _)| *document)
            .collect()
    }

    /// When the first of it has to be replaced.
    pub(super) fn replace_at(&self) -> Option<Instant> {
        let documents = self.documents.iter();
        documents
            .map(|known| self.document_replaced_at(known))
            .min()
    }

    /// Whether all of these are there, and good. Of none of them, that is not so.
    pub(super) fn are_good(&self, documents: &[DocumentId], now: Instant) -> bool {
        let is_good = |wanted: &DocumentId| {
            let mut known = self.documents.iter();
            let known = known.find(|(document, _)| document == wanted);
            known.is_some_and(|known| now < self.document_replaced_at(known))
        };
        !documents.is_empty() && documents.iter().all(is_good)
    }

    /// A grant knows it better than what was said at first.
    fn document_replaced_at(&self, (document, at): &(DocumentId, Instant)) -> Instant {
        let tenures = self.tenures.iter();
        let tenures = tenures.filter(|tenure| tenure.grant.backend == document.backend);
        tenures.map(|tenure| tenure.replace_at).min().unwrap_or(*at)
    }
}

/// The part of a lease after which the next one is asked for: there is time for some attempts.
fn usable(lease: Duration) -> Duration {
    lease / 3 * 2
}

#[cfg(test)]
mod tests {
    use secret_runtime::secret::SecretValue;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn document(backend: usize) -> DocumentId {
        DocumentId {
            backend,
            request: 0,
        }
    }

    fn lease(duration: Duration, renewable: bool) -> Lease {
        Lease {
            duration,
            renewable,
        }
    }

    /// A document of backend 0 without a grant, and one of backend 1 with one.
    fn held(renewable: bool, now: Instant) -> Held {
        let given = Given {
            documents: vec![(document(0), 90 * MINUTE), (document(1), 60 * MINUTE)],
            grants: vec![Grant {
                backend: 1,
                lease: lease(60 * MINUTE, renewable),
                handle: SecretValue::copy_of(b"dummy"),
            }],
        };
        let mut held = Held::default();
        held.add(given, now, 1);
        held
    }

    #[test]
    fn what_cannot_be_renewed_is_replaced_when_two_thirds_are_over() {
        let now = Instant::now();
        let held = held(false, now);
        assert_eq!(held.tenures[0].renew_at, None);
        assert_eq!(held.replace_at(), Some(now + 40 * MINUTE));
        assert!(held.are_good(&[document(0), document(1)], now + 39 * MINUTE));
        assert!(!held.are_good(&[document(0), document(1)], now + 40 * MINUTE));
        assert!(held.are_good(&[document(0)], now + 59 * MINUTE));
        assert!(!held.are_good(&[document(0)], now + 60 * MINUTE));
        assert!(!held.are_good(&[document(2)], now) && !held.are_good(&[], now));
    }

    #[test]
    fn what_is_renewed_at_its_half_is_not_replaced_until_its_end_nears() {
        let now = Instant::now();
        let mut held = held(true, now);
        assert_eq!(held.tenures[0].renew_at, Some(now + 30 * MINUTE));
        let later = now + 30 * MINUTE;
        held.tenures[0].lasts(lease(60 * MINUTE, true), later);
        assert_eq!(held.tenures[0].renew_at, Some(now + 60 * MINUTE));
        assert!(held.are_good(&[document(1)], now + 83 * MINUTE));
        assert!(!held.are_good(&[document(1)], now + 84 * MINUTE));
        // It can't last any longer.
        let later = now + 60 * MINUTE;
        held.tenures[0].lasts(lease(30 * MINUTE, true), later);
        assert_eq!(held.tenures[0].renew_at, None);
        assert!(!held.are_good(&[document(1)], later + 20 * MINUTE));
        // It is over.
        held.tenures[0].lasts(lease(Duration::ZERO, false), later);
        assert!(!held.are_good(&[document(1)], later));
    }

    #[test]
    fn an_outage_is_waited_for_until_the_end_and_refusal_is_not() {
        let now = Instant::now();
        let mut held = held(true, now);
        let tenure = &mut held.tenures[0];
        let mut later = now + 30 * MINUTE;
        let mut pauses = Vec::new();
        while let Some(pause) = tenure.try_again(later) {
            pauses.push(pause.as_millis());
            later += pause;
        }
        assert_eq!(
            pauses[..7],
            [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000]
        );
        assert!(later <= now + 60 * MINUTE && later > now + 59 * MINUTE);
        assert!(pauses.last().is_some_and(|pause| *pause == 200));
        tenure.lasts(lease(60 * MINUTE, true), now);
        tenure.ends(now + 30 * MINUTE);
        assert_eq!(tenure.renew_at, None);
        assert_eq!(held.tenures[0].replace_at, now + 40 * MINUTE);
        held.tenures[0].is_doubtful(now + 31 * MINUTE);
        assert!(!held.are_good(&[document(1)], now + 31 * MINUTE));
    }
}
