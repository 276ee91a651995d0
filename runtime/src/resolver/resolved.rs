//! What comes out at the end: all values, or none.

use super::recall::Remembered;
use crate::error::Problem;
use crate::lease::Lease;
use crate::manifest::{Class, Deliver, Inherit};
use crate::plan::Plan;
use crate::secret::SecretValue;

/// All values of a run, each validated. Only
/// [`Composed::validate`](super::Composed::validate) makes one.
#[derive(Debug)]
#[must_use = "resolved values are there to be used"]
pub struct Resolved {
    plan: Plan,
    entries: Vec<ResolvedEntry>,
    warnings: Vec<Problem>,
}

/// One variable of the child.
#[derive(Debug)]
pub struct ResolvedEntry {
    /// The variable.
    pub name: String,
    /// Secret or configuration.
    pub class: Class,
    /// The value.
    pub value: SecretValue,
    /// How the child gets it.
    pub deliver: Deliver,
    /// How long it is good, where it is given for a time: the shortest of its parts, where it is
    /// composed.
    pub lease: Option<Lease>,
    /// That it was not read just now: of a composed value, that a part of it was not.
    pub remembered: Option<Remembered>,
}

/// All values of a run but those that somebody holds already, each validated: enough to see what
/// has changed, and to hand over what has. Only
/// [`Composed::validate_but_held`](super::Composed::validate_but_held) makes one.
#[derive(Debug)]
pub struct Reread {
    pub(super) plan: Plan,
    pub(super) entries: Vec<ResolvedEntry>,
    pub(super) held: Vec<String>,
    pub(super) warnings: Vec<Problem>,
}

impl Reread {
    /// What was carried out.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The values, in the order of the manifest.
    #[must_use]
    pub fn entries(&self) -> &[ResolvedEntry] {
        &self.entries
    }

    /// Has the user told of these, too.
    pub fn note(&mut self, warnings: impl IntoIterator<Item = Problem>) {
        self.warnings.extend(warnings);
    }

    /// The variables that somebody has.
    #[must_use]
    pub fn held(&self) -> &[String] {
        &self.held
    }

    /// What the user should know although everything is there.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

impl Resolved {
    pub(super) fn new(plan: Plan, entries: Vec<ResolvedEntry>, warnings: Vec<Problem>) -> Self {
        Self {
            plan,
            entries,
            warnings,
        }
    }

    /// What was carried out.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The values, in the order of the manifest. Absent optional entries are not among them.
    #[must_use]
    pub fn entries(&self) -> &[ResolvedEntry] {
        &self.entries
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SecretValue> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The entry of that name, if it has a value.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&ResolvedEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Those that are given for a time, by the variable.
    pub fn leases(&self) -> impl Iterator<Item = (&str, Lease)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.name.as_str(), entry.lease?)))
    }

    /// What the user should know although everything is there.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Has the user told of these, too.
    pub fn note(&mut self, warnings: impl IntoIterator<Item = Problem>) {
        self.warnings.extend(warnings);
    }

    /// What the child gets of the launcher's environment.
    #[must_use]
    pub fn inherit(&self) -> &Inherit {
        self.plan.inherit()
    }

    /// The values, to be handed on.
    #[must_use]
    pub fn into_entries(self) -> Vec<ResolvedEntry> {
        self.entries
    }
}
