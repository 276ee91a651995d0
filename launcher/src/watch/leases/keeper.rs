//! A process that renews leases and gives them back: it asks backends, reports, and ends.

use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};
use secret_runtime::backend::FetchError;
use secret_runtime::error::{Explain, Nature, Problem};
use secret_runtime::grant::Grant;
use secret_runtime::lease::Lease;
use secret_runtime::plan::Plan;
use secret_runtime::resolver::{self, Duty};

use crate::exec;
use crate::exit::{ExitCode, FAILED};
use crate::render::Format;
use crate::watch::gate::{CandidateGate, ParentGate};
use crate::watch::outbox::Outbox;
use crate::watch::wire::{take, take_time, time};

/// How long a keeper may take at most. Backends have deadlines of their own, which are shorter.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a keeper is to do about a grant.
#[derive(Debug, Clone)]
pub(in crate::watch) enum Chore {
    Renew(Grant),
    Release(Grant),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::watch) enum Upkeep {
    /// It is given back.
    Done,
    /// It is good for so long.
    Lasts(Lease),
    /// Nobody could be asked.
    Outage,
    /// That is not possible.
    Refused,
    /// We may not, or it is over.
    Denied,
}

/// A keeper, as its parent sees it.
pub(super) struct Keeper {
    pub(super) process: Pid,
    pub(super) gate: ParentGate,
    pub(super) late: Instant,
    /// Which grants it looks after, in their order, and which of them it renews.
    pub(super) tasks: Vec<(u64, bool)>,
}

impl Keeper {
    pub(super) fn new(
        process: Pid,
        gate: ParentGate,
        tasks: Vec<(u64, bool)>,
        now: Instant,
    ) -> Self {
        Self {
            process,
            gate,
            late: now + PATIENCE,
            tasks,
        }
    }

    pub(super) fn renews(&self) -> bool {
        self.tasks.iter().any(|(_, renews)| *renews)
    }

    /// Ends it at once. What it had begun to ask may have been done.
    pub(super) fn kill(&self) {
        let _ = exec::send(self.process, libc::SIGKILL);
    }
}

/// Where a keeper stands among the processes.
pub(in crate::watch) struct Post {
    pub(in crate::watch) gate: CandidateGate,
    pub(in crate::watch) parent: Pid,
    pub(in crate::watch) chores: Vec<Chore>,
}

/// The way of a keeper, to its end. Signals stay blocked, as they are in the parent: what ends the
/// command is no reason not to give back what it had. It does not outlive its parent.
pub(in crate::watch) fn run(plan: &Plan, mut post: Post, format: Format) -> ExitCode {
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    if getppid() != post.parent {
        return ExitCode::from(FAILED);
    }
    let duties: Vec<Duty<'_>> = post
        .chores
        .iter()
        .map(|chore| match chore {
            Chore::Renew(grant) => Duty::Renew(grant),
            Chore::Release(grant) => Duty::Release(grant),
        })
        .collect();
    let done = resolver::tend(plan, &|name| std::env::var_os(name), &duties);
    let problems = done.iter().filter_map(|done| done.as_ref().err());
    let problems: Vec<Problem> = problems.map(FetchError::warning).collect();
    let upkeep: Vec<Upkeep> = done.iter().map(Upkeep::of).collect();
    // A parent that is gone needs no answer. It has its own before anybody has to read.
    let _ = post.gate.upkeep(&upkeep);
    Outbox::say_once(&problems, format, "");
    ExitCode::SUCCESS
}

impl Upkeep {
    fn of(done: &Result<Option<Lease>, FetchError>) -> Self {
        match done {
            Ok(None) => Self::Done,
            Ok(Some(lease)) => Self::Lasts(*lease),
            Err(error) => match error.nature() {
                Nature::Outage { .. } => Self::Outage,
                Nature::Denied => Self::Denied,
                Nature::Fault => Self::Refused,
            },
        }
    }

    /// Behind a first byte.
    pub(in crate::watch) fn encode(all: &[Self], kind: u8) -> Vec<u8> {
        let mut content = vec![kind];
        for upkeep in all {
            let (word, lease) = match upkeep {
                Self::Done => (b'd', None),
                Self::Lasts(lease) => (b'l', Some(lease)),
                Self::Outage => (b'o', None),
                Self::Refused => (b'r', None),
                Self::Denied => (b'n', None),
            };
            content.push(word);
            if let Some(lease) = lease {
                content.extend_from_slice(&time(lease.duration));
                content.push(u8::from(lease.renewable));
            }
        }
        content
    }

    /// What was encoded, without its first byte.
    pub(in crate::watch) fn decode(mut rest: &[u8]) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        while !rest.is_empty() {
            all.push(match take::<1>(&mut rest)? {
                [b'd'] => Self::Done,
                [b'l'] => Self::Lasts(Lease {
                    duration: take_time(&mut rest)?,
                    renewable: take::<1>(&mut rest)? == [1],
                }),
                [b'o'] => Self::Outage,
                [b'r'] => Self::Refused,
                [b'n'] => Self::Denied,
                _ => return None,
            });
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_arrives_as_it_was_said() {
        let lease = Lease {
            duration: Duration::from_secs(60),
            renewable: true,
        };
        let all = [
            Upkeep::Lasts(lease),
            Upkeep::Done,
            Upkeep::Outage,
            Upkeep::Refused,
            Upkeep::Denied,
        ];
        let content = Upkeep::encode(&all, b'k');
        assert_eq!(Upkeep::decode(&content[1..]).as_deref(), Some(&all[..]));
        assert_eq!(Upkeep::decode(b"x"), None);
        assert_eq!(Upkeep::decode(b"l1"), None);
    }
}
