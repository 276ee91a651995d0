//! What is told of a start, in the log.

use std::path::Path;

use secret_runtime::manifest::Class;
use secret_runtime::resolver::Resolved;
use tracing::info;

/// A start that is about to be.
pub(super) struct Event {
    environment: String,
    secrets: usize,
    /// The entries that are good for a time, with that time, if there are some.
    leases: Option<String>,
}

impl Event {
    pub(super) fn of(resolved: &Resolved) -> Self {
        let entries = resolved.entries().iter();
        let leases = resolved.leases();
        let leases: Vec<_> = leases
            .map(|(name, lease)| format!("{name}={lease}"))
            .collect();
        Self {
            environment: resolved.plan().selection.environment.clone(),
            secrets: entries.filter(|entry| entry.class == Class::Secret).count(),
            leases: (!leases.is_empty()).then(|| leases.join(", ")),
        }
    }

    /// What the command is called, and none of its arguments: people write secrets there.
    pub(super) fn tell(&self, program: &Path) {
        info!(
            environment = self.environment,
            program = %program.display(),
            secrets = self.secrets,
            leases = self.leases,
            "starts the command"
        );
    }
}
