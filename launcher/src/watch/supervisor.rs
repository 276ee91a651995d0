//! What happens, one thing after the other: signals, ends, what candidates say, and deadlines.
//!
//! There is a command that runs, or a candidate that is about to be the first one; beside a
//! command there may be a candidate with newer values. A command that is restarted is stopped
//! when the candidate is ready, and the candidate starts when the command has ended.
//!
//! Where the command has something for a time, a candidate leaves that out. If something else has
//! changed, another candidate reads all of it, since a command starts with all values.

mod changes;
mod ends;
mod upkeep;
mod voice;

use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::{getpid, setpgid};
use secret_runtime::error::Problems;
use secret_runtime::manifest::Watch;
use secret_runtime::plan::DocumentId;
use secret_runtime::refresh::{Schedule, chance};
use secret_runtime::resilience::Breakers;

use super::applicant::Applicant;
use super::candidate::Seat;
use super::end::End;
use super::fork::{Fork, fork};
use super::gate::Message;
use super::known::Known;
use super::leases::{Leases, keeper::Post};
use super::metrics::Exporter;
use super::notice::Notice;
use super::outbox::Outbox;
use super::redact::Outputs;
use super::running::Running;
use super::signals::{Arrived, Signals, asks_to_end};
use super::wait::timeout;
use crate::exec;
use crate::render::Format;

/// The command, who could become it, and when to look for who could.
pub(super) struct Supervisor {
    settings: Watch,
    signals: Signals,
    format: Format,
    outbox: Outbox,
    schedule: Schedule,
    running: Option<Running>,
    applicant: Option<Applicant>,
    /// What the command has.
    known: Known,
    outputs: Outputs,
    leases: Leases,
    /// Which backends have failed.
    breakers: Breakers,
    /// Whether the next candidate reads what the command has for a time, too.
    wants_all: bool,
    exporter: Exporter,
    /// How the command has ended, while its last words are on their way.
    end: Option<End>,
}

/// What came of waiting for something to happen.
pub(super) enum Turn {
    /// There is more to come.
    Again,
    /// This is the second process of the two that there are now.
    Candidate(Seat),
    /// This is the second process, and looks after leases.
    Keeper(Post),
    /// The command has ended, or none could be started.
    End(End),
}

impl Supervisor {
    pub(super) fn new(
        settings: Watch,
        signals: Signals,
        exporter: Exporter,
        redact: bool,
        format: Format,
    ) -> Self {
        Self {
            schedule: Schedule::new(settings.interval, settings.min_interval, Instant::now()),
            settings,
            signals,
            format,
            outbox: Outbox::to_standard_error(),
            running: None,
            applicant: None,
            known: Known::default(),
            outputs: Outputs::new(redact),
            leases: Leases::default(),
            breakers: Breakers::default(),
            wants_all: false,
            exporter,
            end: None,
        }
    }

    /// Waits for the next things to happen, and does what is to be done.
    pub(super) fn turn(&mut self) -> Result<Turn, Problems> {
        if self.is_due(Instant::now())
            && let Some(seat) = self.begin_candidate()?
        {
            return Ok(Turn::Candidate(seat));
        }
        if let Some(post) = self.begin_keeper(Instant::now()) {
            return Ok(Turn::Keeper(post));
        }
        let said = self.outbox.is_over(Instant::now());
        let over = self.outputs.are_over() && self.leases.are_settled() && said;
        if let Some(end) = self.end.filter(|_| over) {
            return Ok(Turn::End(end));
        }
        self.keep_deadlines(Instant::now());
        self.wait();
        while let Some(arrived) = self.signals.next() {
            self.forward(arrived);
        }
        self.listen()?;
        self.hear_keeper(Instant::now());
        if let Some(end) = self.reap()? {
            self.finish(end);
        }
        self.outputs.carry();
        self.speak();
        self.exporter.serve(&self.breakers);
        Ok(Turn::Again)
    }

    fn is_due(&self, now: Instant) -> bool {
        let due = match &self.running {
            Some(running) => !running.is_stopping() && self.schedule.due() <= now,
            None => self.end.is_none(),
        };
        due && self.applicant.is_none()
    }

    /// Forks. In the new process there is a seat.
    fn begin_candidate(&mut self) -> Result<Option<Seat>, Problems> {
        let own_group = !self.signals.terminal();
        let parent = getpid();
        let held = self.spared(Instant::now());
        match fork(&self.outputs) {
            Ok(Fork::Parent(process, gate, sources)) => {
                if own_group {
                    // It does so itself, too, and may be the first of the two.
                    let _ = setpgid(process, process);
                }
                let is_partial = !held.is_empty();
                let now = Instant::now();
                self.applicant = Some(Applicant::new(process, gate, sources, is_partial, now));
                self.exporter.candidate_begins();
            }
            Ok(Fork::Candidate(gate, sinks)) => {
                self.exporter.leave();
                // Those of the command are none of its business.
                self.leases = Leases::default();
                return Ok(Some(Seat {
                    gate,
                    sinks,
                    parent,
                    own_group,
                    inherited: self.signals.inherited(),
                    first: self.running.is_none(),
                    held,
                    breakers: std::mem::take(&mut self.breakers),
                }));
            }
            Err(problems) if self.running.is_none() => return Err(problems),
            Err(problems) => {
                self.say_problems(&problems);
                self.try_again_later();
            }
        }
        Ok(None)
    }

    /// What the next candidate leaves out. One that is to be the command leaves out nothing: that is
    /// the first, and the one after a candidate that ended when it was ready.
    fn spared(&mut self, now: Instant) -> Vec<DocumentId> {
        let wants_all = std::mem::take(&mut self.wants_all);
        match wants_all || self.running.is_none() {
            true => Vec::new(),
            false => self.leases.spared(now),
        }
    }

    fn keep_deadlines(&mut self, now: Instant) {
        if let Some(running) = &mut self.running
            && running.kill_if_late(now)
        {
            let grace = self.settings.stop_grace;
            self.say(&Notice::Killed { grace });
        }
        if self.running.is_some()
            && let Some(late) = self.applicant.take_if(|applicant| applicant.is_late(now))
        {
            self.leases.give_back(late.kill(), now);
            self.exporter.candidate_failed();
            self.try_again_later();
        }
    }

    /// Waits for a signal, a word, or the next deadline.
    fn wait(&self) {
        let running = self.running.as_ref();
        let applicant = self.applicant.as_ref();
        // Only while there is something that is done when it has passed.
        let deadlines = running.map(|running| match applicant {
            Some(applicant) => [running.deadline(), applicant.deadline()],
            None if running.is_stopping() => [running.deadline(), None],
            None => [running.deadline(), Some(self.schedule.due())],
        });
        let deadlines = deadlines.into_iter().flatten().flatten();
        let own = [
            self.outputs.deadline(),
            self.leases.deadline(),
            self.exporter.deadline(),
            self.outbox.deadline(),
        ];
        let next = deadlines.chain(own.into_iter().flatten()).min();
        let left = next.map(|next| next.saturating_duration_since(Instant::now()));
        let gate = applicant.map(Applicant::gate);
        let gate = gate.filter(|gate| gate.is_open());
        let mut watched = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        watched.extend(gate.map(|gate| PollFd::new(gate.as_fd(), PollFlags::POLLIN)));
        let keeper = self.leases.gate();
        watched.extend(keeper.map(|gate| PollFd::new(gate, PollFlags::POLLIN)));
        watched.extend(self.outputs.awaited());
        watched.extend(self.outbox.awaited());
        watched.extend(self.exporter.awaited());
        // Whatever ends the wait, everything is looked at.
        let _ = poll(&mut watched, timeout(left));
    }

    fn forward(&mut self, arrived: Arrived) {
        let applicant = self.applicant.as_ref().map(Applicant::process);
        let running = self.running.as_ref().map(Running::process);
        if let Some(process) = running.or(applicant)
            && !arrived.shared
        {
            // It may have ended this moment, which is seen next.
            let _ = exec::send(process, arrived.number);
        }
        if let Some(running) = &mut self.running
            && asks_to_end(arrived.number)
        {
            // Who ends the command does not want it restarted.
            running.is_not_restarted();
            self.kill_applicant();
            self.schedule
                .postpone(Instant::now() + self.settings.stop_grace);
        }
    }

    fn listen(&mut self) -> Result<(), Problems> {
        while let Some(message) = self.applicant.as_mut().and_then(Applicant::hear) {
            match message {
                Message::Leases(given) => {
                    if let Some(applicant) = &mut self.applicant {
                        applicant.given = given;
                        applicant.since = Instant::now();
                    }
                }
                Message::Breakers(breakers) => self.breakers = breakers,
                Message::Values(values) => {
                    if let Some(applicant) = &mut self.applicant {
                        applicant.values = values;
                    }
                }
                Message::Metrics(metrics) => self.exporter.add(&metrics),
                Message::Report(report) => self.compare(report),
                Message::Done => self.carry_on()?,
                // Keepers have a gate of their own.
                Message::Upkeep(_) => {}
            }
        }
        Ok(())
    }

    fn try_again_later(&mut self) {
        let again = self.schedule.failed(Instant::now(), chance());
        self.say(&Notice::NotRead { again });
    }
}
