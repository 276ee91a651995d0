//! What happens, one thing after the other: signals, ends, what candidates say, and deadlines.
//!
//! There is a command that runs, or a candidate that is about to be the first one; beside a
//! command there may be a candidate with newer values. A command that is restarted is stopped
//! when the candidate is ready, and the candidate starts when the command has ended.

use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::{Pid, getpid, setpgid};
use rustix::process::{WaitOptions, WaitStatus, wait};
use secret_runtime::error::{Problem, Problems};
use secret_runtime::manifest::{OnChange, Watch};

use super::applicant::{Applicant, Stage};
use super::candidate::Seat;
use super::end::End;
use super::error::WatchError;
use super::fork::{Fork, fork};
use super::gate::{Message, Order, Reported};
use super::known::Known;
use super::notice::Notice;
use super::redact::Outputs;
use super::running::Running;
use super::schedule::{Schedule, chance, timeout};
use super::signals::{Arrived, Signals, asks_to_end};
use crate::exec;
use crate::render::{self, Format};

/// The command, who could become it, and when to look for who could.
pub(super) struct Supervisor {
    settings: Watch,
    signals: Signals,
    format: Format,
    schedule: Schedule,
    running: Option<Running>,
    applicant: Option<Applicant>,
    /// What the command has.
    known: Known,
    outputs: Outputs,
    /// How the command has ended, while its last words are on their way.
    end: Option<End>,
}

/// What came of waiting for something to happen.
pub(super) enum Turn {
    /// There is more to come.
    Again,
    /// This is the second process of the two that there are now.
    Candidate(Seat),
    /// The command has ended, or none could be started.
    End(End),
}

impl Supervisor {
    pub(super) fn new(settings: Watch, signals: Signals, redact: bool, format: Format) -> Self {
        Self {
            schedule: Schedule::new(&settings, Instant::now()),
            settings,
            signals,
            format,
            running: None,
            applicant: None,
            known: Known::default(),
            outputs: Outputs::new(redact),
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
        self.keep_deadlines(Instant::now());
        self.wait();
        while let Some(arrived) = self.signals.next() {
            self.forward(arrived);
        }
        self.listen()?;
        if let Some(end) = self.reap()? {
            self.end.get_or_insert(end);
            self.outputs.leave();
        }
        self.outputs.carry();
        let over = self.end.filter(|_| self.outputs.are_over());
        Ok(over.map_or(Turn::Again, Turn::End))
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
        match fork(&self.outputs) {
            Ok(Fork::Parent(process, gate, sources)) => {
                if own_group {
                    // It does so itself, too, and may be the first of the two.
                    let _ = setpgid(process, process);
                }
                self.applicant = Some(Applicant::new(process, gate, sources, Instant::now()));
            }
            Ok(Fork::Candidate(gate, sinks)) => {
                return Ok(Some(Seat {
                    gate,
                    sinks,
                    parent,
                    own_group,
                    inherited: self.signals.inherited(),
                    first: self.running.is_none(),
                }));
            }
            Err(problems) if self.running.is_none() => return Err(problems),
            Err(problems) => {
                render::problems(problems.as_slice(), self.format, render::KEEPS_RUNNING);
                self.try_again_later();
            }
        }
        Ok(None)
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
            late.kill();
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
        let next = deadlines.chain(self.outputs.deadline()).min();
        let left = next.map(|next| next.saturating_duration_since(Instant::now()));
        let gate = applicant.map(Applicant::gate);
        let gate = gate.filter(|gate| gate.is_open());
        let mut watched = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        watched.extend(gate.map(|gate| PollFd::new(gate.as_fd(), PollFlags::POLLIN)));
        watched.extend(self.outputs.awaited());
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
            if let Some(applicant) = self.applicant.take() {
                applicant.kill();
            }
            self.schedule
                .postpone(Instant::now() + self.settings.stop_grace);
        }
    }

    fn listen(&mut self) -> Result<(), Problems> {
        while let Some(message) = self.applicant.as_mut().and_then(Applicant::hear) {
            match message {
                Message::Values(values) => {
                    if let Some(applicant) = &mut self.applicant {
                        applicant.values = values;
                    }
                }
                Message::Report(entries) => self.compare(entries),
                Message::Done => self.carry_on()?,
            }
        }
        Ok(())
    }

    fn compare(&mut self, entries: Vec<Reported>) {
        let Some(applicant) = &mut self.applicant else {
            return;
        };
        let changed = self.known.changed(&entries, Instant::now());
        if self.running.is_none() {
            applicant.order(Order::Prepare, Stage::Preparing, entries);
        } else if changed.is_empty() {
            self.applicant = None;
            self.schedule.unchanged(Instant::now(), chance());
        } else if self.settings.on_change == OnChange::Restart {
            applicant.order(Order::Prepare, Stage::Preparing, entries);
        } else {
            applicant.order(Order::Rewrite, Stage::Rewriting, entries);
        }
    }

    /// An order was carried out: what comes next.
    fn carry_on(&mut self) -> Result<(), Problems> {
        let Some(applicant) = &mut self.applicant else {
            return Ok(());
        };
        match applicant.stage {
            Stage::Preparing => {
                applicant.stage = Stage::Ready;
                let entries = applicant.entries.clone();
                match &mut self.running {
                    None => self.start()?,
                    Some(running) => {
                        running.stop(self.settings.stop_grace);
                        self.say_changed(&entries);
                    }
                }
            }
            Stage::Rewriting => {
                let entries = std::mem::take(&mut applicant.entries);
                let values = std::mem::take(&mut applicant.values);
                self.applicant = None;
                let looks = self.outputs.look_for(values);
                looks.map_err(WatchError::step("look for the values"))?;
                self.say_changed(&entries);
                self.tell_command();
                self.now_has(entries);
            }
            Stage::Resolving | Stage::Ready => {}
        }
        Ok(())
    }

    fn say_changed(&self, entries: &[Reported]) {
        let then = self.settings.on_change;
        let changed = self.known.changed(entries, Instant::now());
        let at_path = |name: &String| {
            let entry = entries.iter().find(|entry| entry.name == *name);
            entry.is_some_and(|entry| entry.at_path)
        };
        let (seen, unseen): (Vec<_>, Vec<_>) = changed
            .into_iter()
            .partition(|name| then == OnChange::Restart || at_path(name));
        if !seen.is_empty() {
            let names = Notice::names(&seen);
            self.say(&Notice::Changed { names, then });
        }
        if !unseen.is_empty() {
            let names = Notice::names(&unseen);
            self.say(&Notice::Unseen { names });
        }
    }

    fn tell_command(&self) {
        if let OnChange::Signal(signal) = self.settings.on_change
            && let Some(running) = &self.running
        {
            running.tell(signal);
        }
    }

    fn now_has(&mut self, entries: Vec<Reported>) {
        let now = Instant::now();
        self.known = Known::new(entries, now);
        let lease = self.known.good_until();
        self.schedule.changed(now, lease, chance());
    }

    /// The candidate that is ready becomes the command.
    fn start(&mut self) -> Result<(), Problems> {
        if let Some(mut applicant) = self.applicant.take() {
            if let Some(sources) = applicant.sources.take() {
                let values = std::mem::take(&mut applicant.values);
                let begun = self.outputs.begin(sources, values);
                begun.map_err(WatchError::step("look for the values"))?;
            }
            self.now_has(std::mem::take(&mut applicant.entries));
            self.running = Some(applicant.start());
        }
        Ok(())
    }

    /// What has ended. Who is nobody's child any more is the child of process 1, and waited for
    /// here if that is this process.
    fn reap(&mut self) -> Result<Option<End>, Problems> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        while let Ok(Some((process, status))) = wait(options) {
            let process = Pid::from_raw(process.as_raw_nonzero().get());
            let end = if self.is_running(process) {
                self.command_changed(status)?
            } else if self.is_applicant(process) {
                self.applicant_changed(process, status)?
            } else {
                None
            };
            if end.is_some() {
                if let Some(applicant) = self.applicant.take() {
                    applicant.kill();
                }
                return Ok(end);
            }
        }
        Ok(None)
    }

    fn is_running(&self, process: Pid) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.process() == process)
    }

    fn is_applicant(&self, process: Pid) -> bool {
        let applicant = self.applicant.as_ref();
        applicant.is_some_and(|applicant| applicant.process() == process)
    }

    fn command_changed(&mut self, status: WaitStatus) -> Result<Option<End>, Problems> {
        let Some(running) = self.running.as_mut() else {
            return Ok(None);
        };
        let Some(end) = End::of(status) else {
            running.note_stopped(status.stopped());
            // The shell that this process belongs to sees it stopped, and continues both.
            if let Some(signal) = status.stopping_signal()
                && self.signals.terminal()
            {
                self.signals.stop_by(signal);
            }
            return Ok(None);
        };
        let restarted = running.is_stopping();
        let ended = self.running.take();
        if !restarted {
            return Ok(Some(end));
        }
        if let Some(ended) = ended
            && !self.signals.terminal()
        {
            ended.kill_group();
        }
        self.outputs.leave();
        if let Some(applicant) = &self.applicant
            && applicant.stage == Stage::Ready
        {
            self.start()?;
        }
        Ok(None)
    }

    fn applicant_changed(
        &mut self,
        process: Pid,
        status: WaitStatus,
    ) -> Result<Option<End>, Problems> {
        let Some(end) = End::of(status) else {
            return Ok(None);
        };
        // Its last word may lie in the gate still.
        self.listen()?;
        if !self.is_applicant(process) {
            return Ok(None);
        }
        self.applicant = None;
        if self.running.is_none() {
            return Ok(Some(end));
        }
        self.try_again_later();
        Ok(None)
    }

    fn try_again_later(&mut self) {
        let again = self.schedule.failed(Instant::now(), chance());
        self.say(&Notice::NotRead { again });
    }

    fn say(&self, notice: &Notice) {
        render::problems(&[Problem::warning(notice, None)], self.format, "");
    }
}
