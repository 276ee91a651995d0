//! What has ended: the command, a candidate, a keeper, or what nobody waits for.

use std::time::Instant;

use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, wait};
use secret_runtime::error::Problems;

use super::Supervisor;
use crate::watch::applicant::{Applicant, Stage};
use crate::watch::end::End;

impl Supervisor {
    /// What has ended. Who is nobody's child any more is the child of process 1, and waited for
    /// here if that is this process.
    pub(super) fn reap(&mut self) -> Result<Option<End>, Problems> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        while let Ok(Some((process, status))) = wait(options) {
            let process = Pid::from_raw(process.as_raw_nonzero().get());
            let end = if self.is_running(process) {
                self.command_changed(status)?
            } else if self.is_applicant(process) {
                self.applicant_changed(process, status)?
            } else {
                self.keeper_may_have_ended(process, status);
                None
            };
            if end.is_some() {
                self.kill_applicant();
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
            self.stop_as_well(status);
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
            self.exporter.restarted();
        }
        Ok(None)
    }

    /// The shell that this process belongs to sees it stopped, and continues both.
    fn stop_as_well(&self, status: WaitStatus) {
        if let Some(signal) = status.stopping_signal()
            && self.signals.terminal()
        {
            self.signals.stop_by(signal);
        }
    }

    fn applicant_changed(
        &mut self,
        process: Pid,
        status: WaitStatus,
    ) -> Result<Option<End>, Problems> {
        let Some(end) = End::of(status) else {
            // Nothing else is there that the keys of a terminal could be meant for.
            if self.running.is_none() {
                self.stop_as_well(status);
            }
            return Ok(None);
        };
        // Its last word may lie in the gate still.
        self.listen()?;
        if !self.is_applicant(process) {
            return Ok(None);
        }
        self.dismiss();
        if self.running.is_none() {
            return Ok(Some(end));
        }
        self.exporter.candidate_failed();
        self.try_again_later();
        Ok(None)
    }

    /// The command has ended so, and what it had is given back.
    pub(super) fn finish(&mut self, end: End) {
        if self.end.is_none() {
            self.end = Some(end);
            self.leases.finish(Instant::now());
            self.outbox.leave(Instant::now());
        }
        self.outputs.leave();
    }

    /// Nobody needs the candidate any more. It ends by itself.
    pub(super) fn dismiss(&mut self) {
        if let Some(applicant) = self.applicant.take() {
            self.leases.give_back(applicant.given, Instant::now());
        }
    }

    /// The candidate ends at once.
    pub(super) fn kill_applicant(&mut self) {
        let given = self.applicant.take().map(Applicant::kill);
        self.leases
            .give_back(given.unwrap_or_default(), Instant::now());
    }
}
