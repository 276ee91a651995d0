//! Who has which lease, and which of them somebody has to look after next.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use secret_runtime::grant::Grant;
use secret_runtime::plan::DocumentId;

use super::held::{Held, Tenure};
use super::keeper::{Keeper, Upkeep};
use super::{Chore, Given};
use crate::watch::gate::{Message, ParentGate};

/// How long the end of the command waits until what it had is given back. The requests have a
/// deadline that is shorter.
const FAREWELL: Duration = Duration::from_secs(7);
/// The pauses between attempts to give something back.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Who has which lease.
#[derive(Default)]
pub(in crate::watch) struct Leases {
    /// What the command has.
    held: Held,
    /// What the command had before its files were written again: it may use it still.
    former: Vec<Tenure>,
    /// What nobody uses.
    ending: Vec<Ending>,
    keeper: Option<Keeper>,
    next_id: u64,
    /// Until when the end is put off.
    farewell: Option<Instant>,
}

/// Something that nobody uses.
struct Ending {
    id: u64,
    grant: Grant,
    ends_at: Instant,
    due: Instant,
    failures: u32,
}

/// What is worth telling of what a keeper did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::watch) enum Upshot {
    /// Something could not be renewed, which ends then, and is tried again after that.
    NotRenewed {
        rest: Duration,
        again: Option<Duration>,
    },
    /// Something could not be given back, which is tried again if the command runs on.
    NotReleased { again: bool },
}

impl Leases {
    /// The documents that need not be asked for. Where one of them has to be replaced, all are
    /// asked for.
    pub(in crate::watch) fn spared(&self, now: Instant) -> Vec<DocumentId> {
        match self.held.replace_at() {
            Some(at) if at <= now => Vec::new(),
            _ => self.held.documents(),
        }
    }

    pub(in crate::watch) fn are_good(&self, documents: &[DocumentId], now: Instant) -> bool {
        self.held.are_good(documents, now)
    }

    pub(in crate::watch) fn replace_at(&self) -> Option<Instant> {
        self.held.replace_at()
    }

    /// A command starts with this, and what the one before it had is used no more.
    pub(in crate::watch) fn start_with(&mut self, given: Given, since: Instant) {
        let before = std::mem::take(&mut self.held).tenures;
        let former = std::mem::take(&mut self.former);
        self.end(before.into_iter().chain(former), since);
        self.add(given, since);
    }

    /// The command finds this in its files instead of what it had.
    pub(in crate::watch) fn rewritten_with(&mut self, given: Given, since: Instant) {
        self.former.append(&mut self.held.tenures);
        self.held = Held::default();
        self.add(given, since);
    }

    /// The command has this besides.
    pub(in crate::watch) fn add(&mut self, given: Given, since: Instant) {
        let first = self.next_id;
        self.next_id += given.grants.len() as u64;
        self.held.add(given, since, first);
    }

    /// Nobody uses this.
    pub(in crate::watch) fn give_back(&mut self, given: Given, now: Instant) {
        for grant in given.grants {
            let tenure = Tenure::new(self.next_id, grant, now);
            self.next_id += 1;
            self.end([tenure], now);
        }
    }

    fn end(&mut self, tenures: impl IntoIterator<Item = Tenure>, now: Instant) {
        self.ending.extend(tenures.into_iter().map(|tenure| Ending {
            id: tenure.id,
            ends_at: tenure.ends_at,
            grant: tenure.grant,
            due: now,
            failures: 0,
        }));
    }

    /// The command has ended, and no other one comes.
    pub(in crate::watch) fn finish(&mut self, now: Instant) {
        self.start_with(Given::default(), now);
        self.ending.iter_mut().for_each(|ending| ending.due = now);
        self.farewell = Some(now + FAREWELL);
        // What hangs on it is given back instead.
        if let Some(keeper) = self.keeper.as_mut().filter(|keeper| keeper.renews()) {
            keeper.kill();
            // Another one does what it was about.
            keeper.tasks.clear();
        }
    }

    /// Whether nothing is left to be done.
    pub(in crate::watch) fn are_settled(&self) -> bool {
        self.keeper.is_none() && self.ending.is_empty()
    }

    /// Whether the time is over that the end can be put off.
    fn is_too_late(&self, now: Instant) -> bool {
        self.farewell.is_some_and(|at| at <= now)
    }

    /// When something is to be done next.
    pub(in crate::watch) fn deadline(&self) -> Option<Instant> {
        let next = match &self.keeper {
            Some(keeper) => Some(keeper.late),
            None => {
                let renewals = self.tenures().filter_map(|tenure| tenure.renew_at);
                renewals.chain(self.ending.iter().map(|one| one.due)).min()
            }
        };
        let last = self.farewell.filter(|_| !self.are_settled());
        next.into_iter().chain(last).min()
    }

    fn tenures(&self) -> impl Iterator<Item = &Tenure> {
        self.held.tenures.iter().chain(&self.former)
    }

    fn tenure(&mut self, id: u64) -> Option<&mut Tenure> {
        let mut all = self.held.tenures.iter_mut().chain(&mut self.former);
        all.find(|tenure| tenure.id == id)
    }

    /// What a keeper is to do now, and by which ids it is known; nothing while there is one.
    pub(in crate::watch) fn chores(&mut self, now: Instant) -> Vec<(u64, Chore)> {
        if self.keeper.is_some() {
            return Vec::new();
        }
        if self.is_too_late(now) {
            self.ending.clear();
        }
        // What has ended needs nobody.
        self.former.retain(|tenure| now < tenure.ends_at);
        self.ending.retain(|ending| now < ending.ends_at);
        let is_due = |tenure: &&Tenure| tenure.renew_at.is_some_and(|at| at <= now);
        let renewals = self.tenures().filter(is_due);
        let renewals = renewals.map(|tenure| (tenure.id, Chore::Renew(tenure.grant.clone())));
        let endings = self.ending.iter().filter(|ending| ending.due <= now);
        let endings = endings.map(|ending| (ending.id, Chore::Release(ending.grant.clone())));
        renewals.chain(endings).collect()
    }

    /// A keeper does it.
    pub(in crate::watch) fn kept_by(
        &mut self,
        process: Pid,
        gate: ParentGate,
        chores: &[(u64, Chore)],
        now: Instant,
    ) {
        self.keeper = Some(Keeper::new(process, gate, tasks(chores), now));
    }

    /// Nobody can do it now.
    pub(in crate::watch) fn put_off(
        &mut self,
        chores: &[(u64, Chore)],
        now: Instant,
    ) -> Vec<Upshot> {
        self.note(&tasks(chores), &[], now)
    }

    pub(in crate::watch) fn gate(&self) -> Option<BorrowedFd<'_>> {
        let keeper = self.keeper.as_ref();
        let gate = keeper.map(|keeper| &keeper.gate);
        gate.filter(|gate| gate.is_open()).map(AsFd::as_fd)
    }

    /// Hears what the keeper says, and ends one that takes too long.
    pub(in crate::watch) fn hear(&mut self, now: Instant) -> Vec<Upshot> {
        let is_too_late = self.is_too_late(now);
        let Some(keeper) = &mut self.keeper else {
            return Vec::new();
        };
        if keeper.late <= now || is_too_late {
            keeper.kill();
        }
        let all = match keeper.gate.next() {
            Some(Message::Upkeep(all)) => all,
            _ if is_too_late => Vec::new(),
            _ => return Vec::new(),
        };
        let tasks = std::mem::take(&mut keeper.tasks);
        if is_too_late {
            // The kernel may take its time with the end of one that waits for a disk.
            self.keeper = None;
        }
        self.note(&tasks, &all, now)
    }

    pub(in crate::watch) fn is_keeper(&self, process: Pid) -> bool {
        let keeper = self.keeper.as_ref();
        keeper.is_some_and(|keeper| keeper.process == process)
    }

    /// The keeper has ended. What it did not report is not done.
    pub(in crate::watch) fn keeper_ended(&mut self, now: Instant) -> Vec<Upshot> {
        let mut upshots = self.hear(now);
        if let Some(keeper) = self.keeper.take() {
            upshots.append(&mut self.note(&keeper.tasks, &[], now));
        }
        upshots
    }

    /// Notes what came of tasks, in their order; of the others nothing did.
    fn note(&mut self, tasks: &[(u64, bool)], all: &[Upkeep], now: Instant) -> Vec<Upshot> {
        let all = all.iter().copied();
        let all = all.chain(std::iter::repeat(Upkeep::Outage));
        let noted = tasks.iter().zip(all).filter_map(|((id, renews), upkeep)| {
            if *renews {
                self.note_renewal(*id, upkeep, now)
            } else {
                self.note_release(*id, upkeep, now)
            }
        });
        noted.collect()
    }

    fn note_renewal(&mut self, id: u64, upkeep: Upkeep, now: Instant) -> Option<Upshot> {
        // It may have been given back meanwhile.
        let tenure = self.tenure(id)?;
        let mut again = None;
        match upkeep {
            Upkeep::Lasts(lease) => {
                tenure.lasts(lease, now);
                return None;
            }
            Upkeep::Outage => again = tenure.try_again(now),
            Upkeep::Refused | Upkeep::Done => tenure.ends(now),
            Upkeep::Denied => tenure.is_doubtful(now),
        }
        let rest = tenure.ends_at.saturating_duration_since(now);
        Some(Upshot::NotRenewed { rest, again })
    }

    fn note_release(&mut self, id: u64, upkeep: Upkeep, now: Instant) -> Option<Upshot> {
        let position = self.ending.iter().position(|ending| ending.id == id)?;
        let is_last = self.farewell.is_some();
        let ending = &mut self.ending[position];
        if upkeep == Upkeep::Outage && !is_last {
            let pause = FIRST_PAUSE * 2_u32.pow(ending.failures.min(6));
            ending.failures += 1;
            ending.due = now + pause.min(LONGEST_PAUSE);
        } else {
            self.ending.swap_remove(position);
        }
        (upkeep != Upkeep::Done).then_some(Upshot::NotReleased {
            again: upkeep == Upkeep::Outage && !is_last,
        })
    }
}

/// By which ids chores are known, and which of them are renewals.
fn tasks(chores: &[(u64, Chore)]) -> Vec<(u64, bool)> {
    let chores = chores.iter();
    let tasks = chores.map(|(id, chore)| (*id, matches!(chore, Chore::Renew(_))));
    tasks.collect()
}
