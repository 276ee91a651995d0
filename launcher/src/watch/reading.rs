//! What a candidate has read: all values, or those that the command does not have for a time.

use secret_runtime::audit::Task;
use secret_runtime::error::{Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::manifest::{Class, Deliver, Entry};
use secret_runtime::memory::Memory;
use secret_runtime::plan::{DocumentId, Plan, Route, RouteOrigin};
use secret_runtime::resolver::{
    Composed, Freshness, Remembered, Reread, Resolved, ResolvedEntry, STALE,
};
use secret_runtime::secret::SecretValue;

use super::candidate::Seat;
use super::mark::Marker;
use super::notice::Notice;
use super::outbox::Outbox;
use super::redact::SHORTEST;
use super::report::{Report, Reported};
use crate::audit::Audit;
use crate::cli::Options;
use crate::metrics::Meter;
use crate::pipeline::Noted;
use crate::render::Format;
use crate::{pipeline, render};

/// What a candidate has read.
pub(super) enum Reading {
    /// A command can start with it.
    Whole(Resolved),
    /// It tells what has changed of the rest.
    Rest(Reread),
}

impl Noted for Reading {
    fn note(&mut self, warnings: Vec<Problem>) {
        match self {
            Self::Whole(resolved) => resolved.note(warnings),
            Self::Rest(reread) => reread.note(warnings),
        }
    }

    fn entries(&self) -> &[ResolvedEntry] {
        match self {
            Self::Whole(resolved) => resolved.entries(),
            Self::Rest(reread) => reread.entries(),
        }
    }
}

impl Reading {
    /// Reads all but what is held.
    pub(super) fn read(
        plan: Plan,
        options: &Options,
        judge: &mut Judge,
        (memory, meter): (&mut Memory, &mut Meter),
    ) -> Result<(Self, Audit), Problems> {
        let is_whole = memory.leases.held.is_empty();
        let validate = move |composed: Composed, judge: &mut Judge| match is_whole {
            true => composed.validate(judge).map(Self::Whole),
            false => composed.validate_but_held(judge).map(Self::Rest),
        };
        pipeline::read_with(plan, Task::Run, options, judge, (memory, meter), validate)
    }

    pub(super) fn plan(&self) -> &Plan {
        match self {
            Self::Whole(resolved) => resolved.plan(),
            Self::Rest(reread) => reread.plan(),
        }
    }

    fn held(&self) -> &[String] {
        match self {
            Self::Whole(_) => &[],
            Self::Rest(reread) => reread.held(),
        }
    }

    fn warnings(&self) -> &[Problem] {
        match self {
            Self::Whole(resolved) => resolved.warnings(),
            Self::Rest(reread) => reread.warnings(),
        }
    }

    /// What the parent compares. `leased` is what this reading was given for a time.
    pub(super) fn report(&self, marker: &Marker, leased: &[DocumentId]) -> Report {
        let plan = self.plan();
        let at_path = |deliver: &Deliver| matches!(deliver, Deliver::File { .. });
        let read = self.entries().iter().map(|entry| {
            let mut parts = Vec::new();
            documents(plan, &entry.name, &mut parts);
            parts.retain(|document| leased.contains(document));
            Reported {
                name: entry.name.clone(),
                mark: marker.mark(&entry.value),
                at_path: at_path(&entry.deliver),
                held: false,
                stale: is_stale(plan, entry),
                composed: is_composed(plan, &entry.name),
                leased: parts,
            }
        });
        let held = self.held().iter().map(|name| {
            let of_entry = plan.manifest().entries.iter();
            let mut of_entry = of_entry.filter(|entry| entry.name == *name);
            Reported {
                name: name.clone(),
                mark: [0; 32],
                at_path: of_entry.any(|entry: &Entry| at_path(&entry.deliver)),
                held: true,
                stale: false,
                composed: is_composed(plan, name),
                leased: Vec::new(),
            }
        });
        Report {
            entries: read.chain(held).collect(),
            freshness: Freshness::of(self.entries()),
        }
    }

    /// Says that a backend could not be asked, also where nothing has changed and nothing comes of
    /// the reading.
    pub(super) fn warn_of_stale(&self, options: &Options) {
        let warnings = self.warnings().iter();
        let stale = warnings.filter(|warning| warning.kind == STALE);
        let stale: Vec<Problem> = stale.cloned().collect();
        Outbox::say_once(&stale, options.error_format, "");
    }

    pub(super) fn warn(&self, seat: &Seat, options: &Options) {
        let format = options.error_format;
        say(seat.first, self.warnings(), format, "");
        let secrets = secrets(self.entries());
        let short = secrets.filter(|entry| (1..SHORTEST).contains(&entry.value.expose().len()));
        let short: Vec<String> = short.map(|entry| entry.name.clone()).collect();
        if seat.sinks.is_some() && !short.is_empty() {
            let names = Notice::names(&short);
            let notice = Problem::warning(&Notice::NotMasked { names }, None);
            say(seat.first, &[notice], format, "");
        }
    }
}

/// Says what comes of a reading. Beside a command that runs, nobody's reader is waited for.
pub(super) fn say(is_first: bool, problems: &[Problem], format: Format, consequence: &str) {
    match is_first {
        true => render::problems(problems, format, consequence),
        false => Outbox::say_once(problems, format, consequence),
    }
}

fn secrets(entries: &[ResolvedEntry]) -> impl Iterator<Item = &ResolvedEntry> {
    let entries = entries.iter();
    entries.filter(|entry| entry.class == Class::Secret)
}

/// What is masked: configuration may be shown, and is in many texts.
pub(super) fn values(entries: &[ResolvedEntry]) -> Vec<&SecretValue> {
    secrets(entries).map(|entry| &entry.value).collect()
}

fn route<'a>(plan: &'a Plan, name: &str) -> Option<&'a Route> {
    let mut routes = plan.routes.iter();
    routes.find(|route| plan.entry(route).name == name)
}

fn is_composed(plan: &Plan, name: &str) -> bool {
    let route = route(plan, name);
    route.is_some_and(|route| matches!(route.origin, RouteOrigin::Composed(_)))
}

/// Whether it stands in for what its backend could not give. What is composed is told by its parts,
/// of which another one may be new.
fn is_stale(plan: &Plan, entry: &ResolvedEntry) -> bool {
    entry.remembered.is_some_and(Remembered::is_stale) && !is_composed(plan, &entry.name)
}

/// The documents that a variable is made of.
fn documents(plan: &Plan, name: &str, found: &mut Vec<DocumentId>) {
    match route(plan, name).map(|route| &route.origin) {
        Some(RouteOrigin::Document { document, .. }) => found.push(*document),
        Some(RouteOrigin::Composed(template)) => {
            // The plan has no circle.
            for part in template.names() {
                documents(plan, part, found);
            }
        }
        Some(RouteOrigin::Process) => {}
        // The version before, under a name of its own.
        None => {
            let is_before = |route: &&Route| {
                let previous = plan.entry(route).previous.as_ref();
                previous.is_some_and(|previous| previous.name.get_ref() == name)
            };
            let before = plan.routes.iter().find(is_before);
            found.extend(before.and_then(|route| route.previous));
        }
    }
}
