//! What is told of a start, in the log.

use std::path::Path;

use secret_runtime::lease::Lease;
use secret_runtime::manifest::Class;
use secret_runtime::resolver::Resolved;
use tracing::info;

/// A start that is about to be.
pub(super) struct Event {
    environment: String,
    /// How many secrets the command gets.
    pub(super) secrets: usize,
    /// The entries that are good for a time, with that time.
    pub(super) leases: Vec<(String, Lease)>,
}

impl Event {
    pub(super) fn of(resolved: &Resolved) -> Self {
        let entries = resolved.entries().iter();
        let leases = resolved.leases();
        Self {
            environment: resolved.plan().selection.environment.clone(),
            secrets: entries.filter(|entry| entry.class == Class::Secret).count(),
            leases: leases
                .map(|(name, lease)| (name.to_owned(), lease))
                .collect(),
        }
    }

    /// What the command is called, and none of its arguments: people write secrets there.
    pub(super) fn tell(&self, program: &Path) {
        info!(
            environment = self.environment,
            program = %program.display(),
            secrets = self.secrets,
            leases = self.leases_in_words(),
            "starts the command"
        );
    }

    fn leases_in_words(&self) -> Option<String> {
        let leases = self.leases.iter();
        let leases: Vec<_> = leases
            .map(|(name, lease)| format!("{name}={lease}"))
            .collect();
        (!leases.is_empty()).then(|| leases.join(", "))
    }
}
