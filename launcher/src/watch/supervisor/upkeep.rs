//! What is done about leases while the command runs, and when it has ended.

use std::time::Instant;

use nix::unistd::{Pid, getpid};
use rustix::process::WaitStatus;

use super::Supervisor;
use crate::watch::end::End;
use crate::watch::fork::{Fork, fork};
use crate::watch::leases::{Leases, Upshot, keeper::Post};
use crate::watch::notice::Notice;
use crate::watch::redact::Outputs;
use secret_runtime::refresh::chance;
use secret_runtime::resolver::Freshness;

impl Supervisor {
    /// Forks, if something is to be done. In the new process there is a post.
    pub(super) fn begin_keeper(&mut self, now: Instant) -> Option<Post> {
        let chores = self.leases.chores(now);
        if chores.is_empty() {
            return None;
        }
        let parent = getpid();
        match fork(&Outputs::default()) {
            Ok(Fork::Parent(process, gate, _)) => {
                self.leases.kept_by(process, gate, &chores, now);
            }
            Ok(Fork::Candidate(gate, _)) => {
                // A candidate ends when its gate is closed, which must not wait for this process.
                self.applicant = None;
                self.exporter.leave();
                let chores = chores.into_iter().map(|(_, chore)| chore).collect();
                return Some(Post {
                    gate,
                    parent,
                    chores,
                });
            }
            Err(problems) => {
                self.say_problems(&problems);
                self.follow(|leases| leases.put_off(&chores, now));
            }
        }
        None
    }

    pub(super) fn hear_keeper(&mut self, now: Instant) {
        self.follow(|leases| leases.hear(now));
    }

    pub(super) fn keeper_may_have_ended(&mut self, process: Pid, status: WaitStatus) {
        if self.leases.is_keeper(process) && End::of(status).is_some() {
            let now = Instant::now();
            self.follow(|leases| leases.keeper_ended(now));
        }
    }

    /// A candidate has found nothing new: nothing is, or it could not be read, which is tried again.
    pub(super) fn unchanged(&mut self, freshness: Freshness, now: Instant) {
        match freshness.is_stale() {
            true => self.try_again_later(),
            false => self.schedule.unchanged(now, chance()),
        }
        if let Some(applicant) = self.applicant.take() {
            self.follow(|leases| {
                // What is good for a time, and the same, is good for longer now.
                if applicant.given.grants.is_empty() {
                    leases.add(applicant.given, applicant.since);
                } else {
                    leases.give_back(applicant.given, now);
                }
                Vec::new()
            });
        }
    }

    /// Plans with what leases are after something was done about them, and says what went wrong.
    fn follow(&mut self, done: impl FnOnce(&mut Leases) -> Vec<Upshot>) {
        let before = self.leases.replace_at();
        let upshots = done(&mut self.leases);
        let after = self.leases.replace_at();
        if after != before {
            self.schedule.lease_moves(after);
        }
        for upshot in upshots {
            self.say(&match upshot {
                Upshot::NotRenewed { rest, again } => Notice::NotRenewed { rest, again },
                Upshot::NotReleased { again } => Notice::NotReleased { again },
            });
        }
    }
}
