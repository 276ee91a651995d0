//! What is remembered of the documents of a plan: before backends are asked, and after.
//!
//! A document that is good is not asked for, and a backend of which all are good is not even
//! opened. What was asked for and could not be had, because its backend is out, may be stale: that
//! is said. What its backend denies or does not have is never taken from here, and is forgotten.
//!
//! A version and the one before it are used together or not at all: of two different times they
//! could leave out the one in between.

mod stale;

use std::time::Duration;

pub use stale::STALE;
use tracing::debug;

use super::ask::Asked;
use super::spare::Spared;
use crate::backend::{Answers, Document, FetchError, ProcessVariable, Version};
use crate::cache::{
    Asking, CacheError, Identity, Kept, Key, Known, Moment, Place, Terms, Variable, names,
};
use crate::error::{Explain, Nature, Problem};
use crate::memory::Memory;
use crate::plan::{DocumentId, Plan, PlannedBackend};
use crate::plugin::Plugins;

/// That a value was not read just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// How long ago it was.
    pub age: Duration,
    /// The kind of the error that kept its backend from giving another, if it was asked.
    pub instead_of: Option<&'static str>,
    /// For how long it is still good without asking.
    pub good_for: Duration,
}

impl Remembered {
    /// Whether it stands in for what its backend could not give.
    #[must_use]
    pub fn is_stale(self) -> bool {
        self.instead_of.is_some()
    }

    /// That of something that is made of two: stale if one is, as old as the older, and good for as
    /// long as both are.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            age: self.age.max(other.age),
            instead_of: self.instead_of.or(other.instead_of),
            good_for: self.good_for.min(other.good_for),
        }
    }
}

/// What is remembered for a run, by backend and request.
pub(super) struct Recall {
    now: Moment,
    backends: Vec<Option<Recalled>>,
    /// Whether backends are asked for everything, whatever is remembered.
    asks_all: bool,
}

/// The same of a backend. All of these have one for each request.
struct Recalled {
    keys: Vec<Key>,
    terms: Vec<Terms>,
    /// What may be used, at least if the backend is out.
    known: Vec<Option<Known>>,
    /// Whether it is used without asking.
    good: Vec<bool>,
    /// Whether somebody has it, so that it is not asked for and nothing stands in for it.
    held: Vec<bool>,
}

impl Recall {
    /// Looks for what is remembered. Nothing is looked at where nothing could be: without a
    /// backend over a network, or in a process that resolves once, if the manifest keeps nothing.
    pub(super) fn of(
        plan: &Plan,
        plugins: &Plugins,
        process: ProcessVariable<'_>,
        memory: &mut Memory,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let remote = plan.backends.iter();
        let mut remote =
            remote.filter(|backend| backend.settings.is_remote() && !backend.requests.is_empty());
        let across = plan.manifest().cache.across_starts.is_some();
        let nothing = |now| Self {
            now,
            backends: plan.backends.iter().map(|_| None).collect(),
            asks_all: false,
        };
        let now = Moment::now();
        if remote.next().is_none() || (memory.cache.once && !across) {
            return nothing(now);
        }
        let variable = plan.ttl;
        if variable == Variable::Off {
            return nothing(now);
        }
        let mut warn = |error: &CacheError| problems.push(Problem::warning(error, None));
        let place = Place::of(plan, process).unwrap_or_else(|error| {
            warn(&error);
            None
        });
        let backends: Vec<_> = (0..plan.backends.len())
            .map(|index| Identity::of(plan, &plan.backends[index], plugins, process))
            .collect();
        if let Some(error) = memory.cache.begin(place, &backends) {
            warn(&error);
        }
        if memory.cache.once && !memory.cache.lasts() {
            return nothing(now);
        }
        let asks_all = memory.cache.asking == Asking::All;
        let backends = backends.into_iter().enumerate().map(|(index, identity)| {
            Some(Recalled::of(
                plan,
                index,
                identity?,
                variable,
                (memory, now),
            ))
        });
        Self {
            now,
            backends: backends.collect(),
            asks_all,
        }
    }

    /// Which documents of a backend were looked for, by the position of the request: none that is
    /// never kept, and none by who asks for all, where what is remembered only stands in.
    pub(super) fn looked_for(&self, plan: &Plan, backend: usize) -> Vec<bool> {
        match &self.backends[backend] {
            Some(recalled) if !self.asks_all => {
                let terms = recalled.terms.iter();
                terms.map(|terms| !terms.ttl.is_zero()).collect()
            }
            _ => vec![false; plan.backends[backend].requests.len()],
        }
    }

    /// What need not be asked of a backend, by the position of the request.
    pub(super) fn known(&self, backend: usize) -> Option<Spared> {
        Some(self.backends[backend].as_ref()?.spared())
    }

    /// Puts what is remembered to what was answered, and has what was answered remembered.
    pub(super) fn complete(
        self,
        plan: &Plan,
        asked: &mut [Asked],
        memory: &mut Memory,
        problems: &mut Vec<Problem>,
    ) -> Vec<Vec<Option<Remembered>>> {
        let backends = self.backends.into_iter().zip(asked).enumerate();
        let completed = backends.map(|(index, (recalled, asked))| {
            let none = || vec![None; plan.backends[index].requests.len()];
            let Some(recalled) = recalled else {
                return none();
            };
            let completed = recalled.complete(&mut asked.answers);
            let entries = |request| {
                let backend = index;
                names(plan, DocumentId { backend, request })
            };
            if let Some(cause) = completed.cause {
                problems.push(stale::warning(plan, index, cause, &completed.remembered));
            }
            let name = &plan.backends[index].name;
            let requests = completed.fates.into_iter().enumerate();
            for (request, (fate, key)) in requests
                .zip(recalled.keys)
                .map(|((request, fate), key)| (request, (fate, key)))
            {
                let document = DocumentId {
                    backend: index,
                    request,
                };
                // What stands in the place of what is held says nothing.
                if memory.leases.held.contains(&document) {
                    continue;
                }
                match fate {
                    Fate::Served => memory.cache.served(key),
                    Fate::Forgotten => memory.cache.forget(&key),
                    Fate::Read(document) => {
                        let terms = recalled.terms[request];
                        if terms.ttl.is_zero() {
                            continue;
                        }
                        let (name, entries) = (name.clone(), entries(request));
                        let kept = Kept::new(document, self.now, terms, name, entries);
                        memory.cache.read(key, kept);
                    }
                    Fate::Unknown => {}
                }
            }
            completed.remembered
        });
        completed.collect()
    }
}

/// What becomes of a document in memory.
#[derive(Debug)]
enum Fate {
    /// It was used.
    Served,
    /// It is of no use any more.
    Forgotten,
    /// It was read.
    Read(Option<Document>),
    /// Nobody knows.
    Unknown,
}

/// What came of the requests of a backend.
struct Completed {
    remembered: Vec<Option<Remembered>>,
    fates: Vec<Fate>,
    /// What stale values stand in for.
    cause: Option<FetchError>,
}

impl Recalled {
    fn of(
        plan: &Plan,
        index: usize,
        identity: Identity,
        variable: Variable,
        (memory, now): (&Memory, Moment),
    ) -> Self {
        let PlannedBackend { requests, name, .. } = &plan.backends[index];
        let keys: Vec<Key> = requests
            .iter()
            .map(|request| Key {
                identity,
                request: request.clone(),
            })
            .collect();
        let backend = index;
        let terms: Vec<Terms> = (0..requests.len())
            .map(|request| Terms::of(plan, DocumentId { backend, request }, variable))
            .collect();
        let known: Vec<Option<Known>> = keys
            .iter()
            .zip(&terms)
            .map(|(key, terms)| memory.cache.known(key, *terms, now))
            .collect();
        let is_good = |known: &Option<Known>| {
            let known = known.as_ref();
            known.is_some_and(|known| memory.cache.answers(known.age))
        };
        let held = (0..requests.len()).map(|request| DocumentId { backend, request });
        let mut recalled = Self {
            good: known.iter().map(is_good).collect(),
            held: held.map(|id| memory.leases.held.contains(&id)).collect(),
            keys,
            terms,
            known,
        };
        for (one, other) in recalled.pairs() {
            let both = recalled.good[one] && recalled.good[other];
            (recalled.good[one], recalled.good[other]) = (both, both);
        }
        let good = recalled.good.iter().filter(|good| **good).count();
        debug!(
            backend = name,
            documents = requests.len(),
            good,
            "remembered"
        );
        recalled
    }

    /// The positions of each version before and its current one.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let requests = self.keys.iter().map(|key| &key.request).enumerate();
        let before = requests.filter(|(_, asked)| asked.version == Some(Version::Previous));
        let current = |path: &str| {
            let mut keys = self.keys.iter();
            keys.position(|key| key.request.version.is_none() && key.request.path == path)
        };
        before
            .filter_map(|(index, asked)| Some((index, current(&asked.path)?)))
            .collect()
    }

    fn spared(&self) -> Spared {
        let all = self.known.iter().zip(&self.good);
        Spared::new(all.map(|(known, good)| {
            let known = known.as_ref().filter(|_| *good)?;
            Some(known.document.clone())
        }))
    }

    fn complete(&self, answers: &mut Result<Answers, FetchError>) -> Completed {
        let whole = match answers {
            Err(error) => match self.of_failed(error) {
                Some(cause) => Some(cause),
                None => return self.lost(error),
            },
            Ok(_) => None,
        };
        let mut causes = vec![None; self.keys.len()];
        if let Some(cause) = whole {
            let asked = self.good.iter().zip(&self.held);
            let stale = asked.map(|(good, held)| (!good && !held).then(|| cause.clone()));
            causes = stale.collect();
            *answers = Ok(Answers {
                notices: cause.notices().collect(),
                ..Answers::default()
            });
        }
        let Ok(answers) = answers else {
            unreachable!("what failed as a whole was left or replaced");
        };
        if answers.documents.is_empty() {
            // Nothing was asked, or nothing came of it: all of this is known, or held.
            let known = self.known.iter().map(Option::as_ref);
            let known = known.map(|known| Ok(known.and_then(|known| known.document.clone())));
            answers.documents = known.collect();
        } else {
            self.stand_in(&answers.documents, &mut causes);
        }
        let mut completed = Completed {
            remembered: vec![None; self.keys.len()],
            fates: Vec::with_capacity(self.keys.len()),
            cause: causes.iter().flatten().next().cloned(),
        };
        for (index, cause) in causes.into_iter().enumerate() {
            let known = self.known[index].as_ref();
            let known = known.filter(|_| cause.is_some() || self.good[index]);
            completed.fates.push(match known {
                Some(known) => {
                    answers.documents[index] = Ok(known.document.clone());
                    completed.remembered[index] = Some(Remembered {
                        age: known.since,
                        instead_of: cause.map(|cause| cause.kind()),
                        good_for: known.left,
                    });
                    Fate::Served
                }
                None => self.fate(index, &answers.documents[index]),
            });
        }
        completed
    }

    /// Why all that is not good is stale, if that may be.
    fn of_failed(&self, error: &FetchError) -> Option<FetchError> {
        let mut all = self.known.iter().zip(&self.held);
        let is_here = all.all(|(known, held)| known.is_some() || *held);
        (is_outage(error) && is_here).then(|| error.clone())
    }

    /// Nothing can be had. Who is not let in any more gets nothing from here, either.
    fn lost(&self, error: &FetchError) -> Completed {
        let fate = || match error.nature() {
            Nature::Denied => Fate::Forgotten,
            Nature::Fault | Nature::Outage { .. } => Fate::Unknown,
        };
        Completed {
            remembered: vec![None; self.keys.len()],
            fates: self.keys.iter().map(|_| fate()).collect(),
            cause: None,
        }
    }

    /// Notes why documents are stale that could not be had.
    fn stand_in(
        &self,
        answers: &[Result<Option<Document>, FetchError>],
        causes: &mut [Option<FetchError>],
    ) {
        let asked = |index: &usize| !self.good[*index];
        // What a backend leased beside a failure, it may have taken back already.
        let is_leased = |index: usize| matches!(&answers[index], Ok(Some(document)) if document.lease.is_some());
        let mut all = (0..answers.len()).filter(asked);
        if all.any(is_leased) {
            return;
        }
        let pairs = self.pairs();
        for index in (0..answers.len()).filter(asked) {
            let Err(error) = &answers[index] else {
                continue;
            };
            let of_pair = |(one, other): &&(usize, usize)| *one == index || *other == index;
            let paired = pairs.iter().filter(of_pair);
            let together: Vec<usize> = paired
                .flat_map(|(one, other)| [*one, *other])
                .chain([index])
                .collect();
            // What a backend says that it does not have is not brought back by the other of a pair.
            let may_stand_in = |index: &usize| match (&answers[*index], &self.known[*index]) {
                (_, None) => false,
                (Ok(Some(_)), _) => true,
                (Ok(None), Some(known)) => known.document.is_none(),
                (Err(error), _) => is_outage(error),
            };
            if is_outage(error) && together.iter().all(may_stand_in) {
                for index in together {
                    causes[index] = Some(error.clone());
                }
            }
        }
    }

    fn fate(&self, index: usize, answer: &Result<Option<Document>, FetchError>) -> Fate {
        let is_previous = self.keys[index].request.version == Some(Version::Previous);
        match answer {
            Ok(Some(document)) => Fate::Read(Some(document.clone())),
            // That there was none before is known as long as the current one is.
            Ok(None) if is_previous => Fate::Read(None),
            Ok(None) => Fate::Forgotten,
            Err(error) if error.nature() == Nature::Denied => Fate::Forgotten,
            Err(_) => Fate::Unknown,
        }
    }
}

fn is_outage(error: &FetchError) -> bool {
    matches!(error.nature(), Nature::Outage { .. })
}

#[cfg(test)]
mod tests;
