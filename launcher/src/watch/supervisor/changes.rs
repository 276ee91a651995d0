//! What becomes of what a candidate has read: it starts, replaces the command, or writes files.

use std::time::Instant;

use secret_runtime::error::Problems;
use secret_runtime::manifest::OnChange;
use secret_runtime::plan::DocumentId;
use secret_runtime::refresh::chance;
use secret_runtime::resolver::Freshness;

use super::Supervisor;
use crate::watch::applicant::Stage;
use crate::watch::error::WatchError;
use crate::watch::gate::Order;
use crate::watch::notice::Notice;
use crate::watch::report::{Report, Reported};

impl Supervisor {
    /// What comes of a reading. What stands in for what could not be read is never a reason to do
    /// anything to the command.
    pub(super) fn compare(&mut self, report: Report) {
        let Some(applicant) = &mut self.applicant else {
            return;
        };
        let now = Instant::now();
        let entries = &report.entries;
        let are_good = |leased: &[DocumentId]| self.leases.are_good(leased, now);
        let changed = self.known.changed(entries, are_good);
        let restarts = self.settings.on_change == OnChange::Restart;
        // A composed value of which the command has a part can't be made of the others alone.
        let is_torn = |entry: &Reported| entry.held && entry.composed && entry.at_path;
        let is_short = applicant.is_partial && (restarts || entries.iter().any(is_torn));
        if self.running.is_none() {
            applicant.order(Order::Prepare, Stage::Preparing, report);
        } else if changed.is_empty() {
            let others = self.known.others(entries);
            let documents = &mut applicant.given.documents;
            documents.retain(|(document, _)| !others.contains(document));
            self.unchanged(report.freshness, now);
        } else if self.known.is_newer_than(entries) {
            // With what is new the command would get something that may be older than what it has.
            self.dismiss();
            self.try_again_later();
        } else if is_short {
            self.dismiss();
            self.wants_all = true;
            self.schedule.hurry(now);
        } else if restarts {
            applicant.order(Order::Prepare, Stage::Preparing, report);
        } else {
            applicant.order(Order::Rewrite, Stage::Rewriting, report);
        }
    }

    /// An order was carried out: what comes next.
    pub(super) fn carry_on(&mut self) -> Result<(), Problems> {
        let Some(applicant) = &mut self.applicant else {
            return Ok(());
        };
        match applicant.stage {
            Stage::Preparing => {
                applicant.stage = Stage::Ready;
                let entries = applicant.report.entries.clone();
                match &mut self.running {
                    None => self.start()?,
                    Some(running) => {
                        running.stop(self.settings.stop_grace);
                        self.say_changed(&entries);
                    }
                }
            }
            Stage::Rewriting => {
                let report = std::mem::take(&mut applicant.report);
                let values = std::mem::take(&mut applicant.values);
                let given = std::mem::take(&mut applicant.given);
                let (since, is_partial) = (applicant.since, applicant.is_partial);
                self.applicant = None;
                let looks = match is_partial {
                    true => self.outputs.look_for_also(values),
                    false => self.outputs.look_for(values),
                };
                looks.map_err(WatchError::step("look for the values"))?;
                self.say_changed(&report.entries);
                self.tell_command();
                match is_partial {
                    true => self.leases.add(given, since),
                    false => self.leases.rewritten_with(given, since),
                }
                self.now_has(report);
            }
            Stage::Resolving | Stage::Ready => {}
        }
        Ok(())
    }

    fn say_changed(&mut self, entries: &[Reported]) {
        let then = self.settings.on_change;
        let now = Instant::now();
        let are_good = |leased: &[DocumentId]| self.leases.are_good(leased, now);
        let changed = self.known.changed(entries, are_good);
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

    fn now_has(&mut self, report: Report) {
        let now = Instant::now();
        let Freshness { stale, good_for } = report.freshness;
        self.known.update(report.entries);
        let lease = self.leases.replace_at();
        match stale {
            None => self.schedule.changed(now, lease, chance()),
            Some(_) => {
                self.schedule.changed_in_part(now, lease, chance());
            }
        }
        if let Some(left) = good_for {
            self.schedule.good_for(now, left, chance());
        }
    }

    /// The candidate that is ready becomes the command.
    pub(super) fn start(&mut self) -> Result<(), Problems> {
        if let Some(mut applicant) = self.applicant.take() {
            if let Some(sources) = applicant.sources.take() {
                let values = std::mem::take(&mut applicant.values);
                let begun = self.outputs.begin(sources, values);
                begun.map_err(WatchError::step("look for the values"))?;
            }
            let given = std::mem::take(&mut applicant.given);
            self.leases.start_with(given, applicant.since);
            self.now_has(std::mem::take(&mut applicant.report));
            self.running = Some(applicant.start());
        }
        Ok(())
    }
}
