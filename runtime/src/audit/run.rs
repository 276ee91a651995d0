//! What all lines of a run have in common, and lines themselves.

use std::time::SystemTime;

use super::digest::Digest;
use super::event::{Event, Task};
use super::line::Line;
use super::who::Who;
use crate::line::escape_json;
use crate::plan::Plan;

/// The run that events are of.
#[derive(Debug)]
pub(super) struct Run {
    id: String,
    task: &'static str,
    project: Option<String>,
    environment: String,
    production: bool,
    who: Who,
}

/// An event, and when it happened.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) event: Event,
    at: SystemTime,
}

impl Happened {
    pub(super) fn now(event: Event) -> Self {
        let at = SystemTime::now();
        Self { event, at }
    }
}

impl Run {
    pub(super) fn of_plan(plan: &Plan, task: Task) -> Self {
        Self {
            id: random(),
            task: task.word(),
            project: plan.manifest().project.clone(),
            environment: plan.selection.environment.clone(),
            production: plan.selection.production.is_some(),
            who: Who::here(),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The line of an event, without its end. `link` is its number and the line before, where
    /// lines vouch for each other.
    pub(super) fn line(&self, happened: &Happened, link: Option<(u64, Digest)>) -> Vec<u8> {
        let time = humantime::format_rfc3339_millis(happened.at).to_string();
        let who = &self.who;
        let mut line = Line {
            seq: link.map(|(seq, _)| seq),
            time: &time,
            run: &self.id,
            task: self.task,
            project: self.project.as_deref(),
            environment: &self.environment,
            production: self.production,
            uid: who.uid,
            user: who.user.as_deref(),
            host: who.host.as_deref(),
            container: who.container.as_deref(),
            pid: std::process::id(),
            prev: link.map(|(_, before)| before),
            ..Line::default()
        };
        happened.event.describe(&mut line);
        let line = serde_json::to_string(&line).expect("a line has texts and numbers only");
        // A terminal may show it.
        escape_json(&line).into_bytes()
    }
}

/// 128 random bits, in hexadecimal. They need not be secret.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    // Up to 256 bytes come at once or not at all; the kernel has them since it started.
    let filled = rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty());
    if !matches!(filled, Ok(16)) {
        // A sandbox that forbids the call: what tells runs of one machine apart is enough.
        let now = SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_nanos();
        let seed = now ^ (u128::from(std::process::id()) << 96);
        bytes = seed.to_be_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
