//! The numbers, and how they are added up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::histogram::Histogram;
use super::label::clean;
use crate::manifest::Class;
use crate::plan::Plan;
use crate::resilience::{BreakerState, Breakers};
use crate::resolver::{Access, AccessOutcome, Fetched};

/// What one run has seen, or many together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    pub(super) project: Option<String>,
    /// By backend and outcome.
    pub(super) accesses: BTreeMap<(String, String), u64>,
    /// By result.
    pub(super) cache: BTreeMap<String, u64>,
    /// By backend.
    pub(super) fetches: BTreeMap<String, Histogram>,
    /// When versions of secrets were made, in seconds since 1970.
    pub(super) created: BTreeMap<String, u64>,
    /// By backend.
    pub(super) breakers: BTreeMap<String, BreakerState>,
    /// By outcome.
    pub(super) resolutions: BTreeMap<String, u64>,
    /// In seconds since 1970.
    pub(super) last_success: Option<u64>,
    /// Of a command that is supervised.
    pub(super) restarts: Option<u64>,
    /// Secrets of which the backend answered and said no age.
    pub(super) ageless: Vec<String>,
}

/// What came of a resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Every secret is there and valid.
    Ok,
    /// It is, and some of it stands in for what its backend could not give.
    Stale,
    /// Nothing was read: the plan, or something that a run must have, was refused.
    Refused,
    /// Something is missing, invalid, or nobody knows it.
    Failed,
}

impl Resolution {
    pub(super) const ALL: [Self; 4] = [Self::Ok, Self::Stale, Self::Refused, Self::Failed];

    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Whether an entry was in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheResult {
    /// It was, and is good.
    Hit,
    /// It was not, or no longer good, and its backend was asked.
    Miss,
    /// It was no longer good, and stands in for what its backend could not give.
    Stale,
}

impl CacheResult {
    pub(super) const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Stale];

    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
        }
    }
}

impl Metrics {
    /// Nothing yet, of the runs of a plan. What can be counted stands at zero, so that the first of
    /// each is seen as an increase.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let mut metrics = Self {
            project: plan.manifest().project.as_deref().map(clean),
            ..Self::default()
        };
        for backend in &plan.backends {
            if backend.requests.is_empty() {
                continue;
            }
            let is_remote = backend.settings.is_remote();
            let remembered = AccessOutcome::REMEMBERED.into_iter();
            let remembered = remembered.filter(|_| is_remote);
            for outcome in AccessOutcome::WORDS.into_iter().chain(remembered) {
                let of = (clean(&backend.name), outcome.to_owned());
                metrics.accesses.insert(of, 0);
            }
        }
        for resolution in Resolution::ALL {
            metrics.resolutions.insert(resolution.word().to_owned(), 0);
        }
        metrics
    }

    /// Counts what was asked of backends.
    pub fn accesses(&mut self, fetched: &Fetched) {
        for access in fetched.accesses() {
            self.access(&access);
        }
        for (backend, took) in fetched.fetches() {
            self.fetch(backend, took);
        }
    }

    fn access(&mut self, access: &Access) {
        let outcome = access.outcome();
        let of = (clean(access.backend()), outcome.word().to_owned());
        increase(self.accesses.entry(of).or_default(), 1);
        if let Some(result) = access.cache() {
            self.cache(result);
        }
        if access.class() != Class::Secret {
            return;
        }
        let name = clean(access.name());
        let seconds = access.created().and_then(seconds);
        if let Some(seconds) = seconds {
            self.created.insert(name, seconds);
        } else if outcome.error().is_none() {
            self.ageless.push(name);
        }
    }

    pub(super) fn fetch(&mut self, backend: &str, took: Duration) {
        self.fetches
            .entry(clean(backend))
            .or_default()
            .observe(took);
    }

    /// Counts an entry that was looked for in the cache.
    pub fn cache(&mut self, result: CacheResult) {
        for known in CacheResult::ALL {
            self.cache.entry(known.word().to_owned()).or_default();
        }
        increase(self.cache.entry(result.word().to_owned()).or_default(), 1);
    }

    /// Counts a resolution that ends at this time.
    pub fn resolution(&mut self, resolution: Resolution, at: SystemTime) {
        let of = resolution.word().to_owned();
        increase(self.resolutions.entry(of).or_default(), 1);
        if resolution == Resolution::Ok {
            self.last_success = seconds(at).or(self.last_success);
        }
    }

    /// Says how the circuit breakers are now. One that nothing is known of is closed.
    pub fn breakers(&mut self, breakers: &Breakers, now: Instant) {
        for state in self.breakers.values_mut() {
            *state = BreakerState::Closed;
        }
        for (backend, breaker) in breakers.iter() {
            self.breaker(backend, breaker.state(now));
        }
    }

    pub(super) fn breaker(&mut self, backend: &str, state: BreakerState) {
        self.breakers.insert(clean(backend), state);
    }

    /// Says that there is a command which is supervised: it may be restarted, and what is known of
    /// backends that fail lasts longer than one resolution.
    pub fn is_supervised(&mut self, plan: &Plan) {
        self.restarts.get_or_insert(0);
        let backends = plan.backends.iter();
        for backend in backends.filter(|backend| backend.settings.is_remote()) {
            self.breaker(&backend.name, BreakerState::Closed);
        }
    }

    /// Counts a restart of the command.
    pub fn restart(&mut self) {
        increase(self.restarts.get_or_insert(0), 1);
    }

    /// Secrets of which the backend answered and said no age. They are not in the text: what was
    /// known of them before is forgotten.
    #[must_use]
    pub fn ageless(&self) -> &[String] {
        &self.ageless
    }

    /// Says that the backend answered for this secret, and said no age.
    pub fn is_ageless(&mut self, secret: &str) {
        self.ageless.push(clean(secret));
    }

    /// Adds what another run has seen, which ended later: counts are added, and what it knows of the
    /// present counts.
    pub fn add(&mut self, later: &Self) {
        add(&mut self.accesses, &later.accesses);
        add(&mut self.cache, &later.cache);
        add(&mut self.resolutions, &later.resolutions);
        for (backend, histogram) in &later.fetches {
            let own = self.fetches.entry(backend.clone()).or_default();
            own.add(histogram);
        }
        for name in &later.ageless {
            self.created.remove(name);
        }
        let created = later.created.iter();
        self.created
            .extend(created.map(|(name, at)| (name.clone(), *at)));
        let breakers = later.breakers.iter();
        self.breakers
            .extend(breakers.map(|(name, state)| (name.clone(), *state)));
        self.last_success = self.last_success.max(later.last_success);
        if let Some(restarts) = later.restarts {
            increase(self.restarts.get_or_insert(0), restarts);
        }
    }

    /// Forgets the ages of all secrets but these: one that a manifest declares no longer grows no
    /// older.
    pub(super) fn keep_ages_of(&mut self, declared: &[String]) {
        self.created.retain(|name, _| declared.contains(name));
    }
}

fn add<K: Ord + Clone>(counts: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        increase(counts.entry(key.clone()).or_default(), *count);
    }
}

fn increase(count: &mut u64, by: u64) {
    *count = count.saturating_add(by);
}

/// Since 1970.
pub(super) fn seconds(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}
