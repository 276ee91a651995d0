//! A candidate, as its parent sees it.

use std::time::{Duration, Instant};

use nix::libc;
use nix::unistd::Pid;

use super::gate::{Message, Order, ParentGate};
use super::leases::Given;
use super::redact::{Sources, Values};
use super::report::Report;
use super::running::Running;
use crate::exec;

/// How long a candidate may take at most beside a command. Backends have deadlines of their own,
/// of which the longest is that of a plugin: this is for what has none.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What a candidate is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Resolving,
    Preparing,
    Ready,
    Rewriting,
}

/// A candidate, as its parent sees it.
pub(super) struct Applicant {
    process: Pid,
    gate: ParentGate,
    late: Instant,
    pub(super) stage: Stage,
    /// Where the parent reads what it will write, and what is masked in it.
    pub(super) sources: Option<Sources>,
    pub(super) values: Values,
    /// What it reported.
    pub(super) report: Report,
    /// What it was given for a time, and when that was said.
    pub(super) given: Given,
    pub(super) since: Instant,
    /// Whether it left out what the command has for a time.
    pub(super) is_partial: bool,
}

impl Applicant {
    pub(super) fn new(
        process: Pid,
        gate: ParentGate,
        sources: Option<Sources>,
        is_partial: bool,
        now: Instant,
    ) -> Self {
        Self {
            process,
            gate,
            late: now + PATIENCE,
            stage: Stage::Resolving,
            sources,
            values: Values::new(),
            report: Report::default(),
            given: Given::default(),
            since: now,
            is_partial,
        }
    }

    pub(super) fn process(&self) -> Pid {
        self.process
    }

    pub(super) fn gate(&self) -> &ParentGate {
        &self.gate
    }

    /// None for one that is ready: the command is given its time to stop.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.stage != Stage::Ready).then_some(self.late)
    }

    /// Whether it is still not ready although it had its time.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|late| late <= now)
    }

    pub(super) fn hear(&mut self) -> Option<Message> {
        self.gate.next()
    }

    pub(super) fn order(&mut self, order: Order, stage: Stage, report: Report) {
        self.report = report;
        self.stage = stage;
        self.gate.order(order);
    }

    /// Lets it become the command.
    pub(super) fn start(&mut self) -> Running {
        self.gate.order(Order::Start);
        Running::new(self.process)
    }

    /// Ends it at once. It has changed nothing yet; its end is waited for with all others. Answers
    /// what it was given.
    pub(super) fn kill(mut self) -> Given {
        let _ = exec::send(self.process, libc::SIGKILL);
        // Its last word may lie in the gate still.
        while let Some(message) = self.gate.next() {
            if let Message::Leases(given) = message {
                self.given = given;
            }
        }
        self.given
    }
}
