//! Collecting what happens in a run, and writing it down.

use std::io::Write;
use std::path::Path;

use super::error::AuditError;
use super::event::{Event, Notice, Task};
use super::log::Log;
use super::run::{Happened, Run};
use super::socket::{JOURNAL, Manner, SYSLOG, Socket};
use crate::manifest::{AuditDestination, AuditFile, AuditSettings};
use crate::plan::Plan;

/// The audit of one run.
#[derive(Debug)]
pub struct Recorder {
    run: Run,
    sink: Sink,
    pending: Vec<Happened>,
}

#[derive(Debug)]
enum Sink {
    File(Log),
    StandardError,
    Daemon(Socket),
}

impl Recorder {
    /// Makes sure that something can be written, before anything is read. Nothing, if the
    /// manifest has no `[audit]`.
    ///
    /// # Errors
    /// When it can't.
    pub fn begin(plan: &Plan, task: Task) -> Result<Option<Self>, AuditError> {
        let Some(settings) = &plan.manifest().audit else {
            return Ok(None);
        };
        let sink = Sink::open(settings, plan.manifest().source().directory())?;
        Ok(Some(Self {
            run: Run::of_plan(plan, task),
            sink,
            pending: Vec::new(),
        }))
    }

    /// Remembers that something happened.
    pub fn note(&mut self, event: Event) {
        self.pending.push(Happened::now(event));
    }

    /// Writes all that happened since the last time, in one piece; it is on the disk when this
    /// returns. Answers what is odd about the log, which is written down, too.
    ///
    /// # Errors
    /// When it could not be written. It is not tried again.
    pub fn write(&mut self) -> Result<Vec<Notice>, AuditError> {
        let events = std::mem::take(&mut self.pending);
        if events.is_empty() {
            return Ok(Vec::new());
        }
        match &self.sink {
            Sink::File(log) => log.append(&self.run, &events),
            Sink::Daemon(socket) => socket.send(&self.run, &events).map(|()| Vec::new()),
            Sink::StandardError => {
                let mut lines = Vec::new();
                for event in &events {
                    lines.extend(self.run.line(event, None));
                    lines.push(b'\n');
                }
                let written = std::io::stderr().lock().write_all(&lines);
                written.map_err(|error| AuditError::StandardError(error.kind()))?;
                Ok(Vec::new())
            }
        }
    }
}

impl Sink {
    fn open(settings: &AuditSettings, directory: &Path) -> Result<Self, AuditError> {
        let daemon = |path, manner| Socket::connect(Path::new(path), manner).map(Self::Daemon);
        match &settings.destination {
            AuditDestination::StandardError => Ok(Self::StandardError),
            AuditDestination::Syslog => daemon(SYSLOG, Manner::Syslog),
            AuditDestination::Journald => daemon(JOURNAL, Manner::Journal),
            AuditDestination::File(AuditFile {
                path,
                max_size,
                keep,
            }) => {
                let log = Log::new(directory.join(path), *max_size, *keep);
                log.check()?;
                Ok(Self::File(log))
            }
        }
    }
}
