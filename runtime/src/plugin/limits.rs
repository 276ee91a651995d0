//! What a component may use up, and the bookkeeping that holds it to that.

use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, Result, bail};

/// Core instances, memories and tables of one component. Most toolchains make a handful: the
/// module itself, and small ones that tie it to its exports. That for Python makes 38, one for
/// each library.
const PARTS: usize = 128;

/// What one instance of a component may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a call may run, and so may starting the instance.
    pub time: Duration,
    /// Bytes of all its memories together.
    pub memory: usize,
    /// Entries of all its tables together.
    pub table_entries: usize,
    /// Bytes that `rules` may answer.
    pub catalog: usize,
    /// Bytes that a backend may write to the log.
    pub log: usize,
}

impl Limits {
    /// Those of a component of so many bytes. One of megabytes brings the runtime of a language,
    /// as for JavaScript and Python, which takes more memory than the plugin itself.
    #[must_use]
    pub fn for_size(bytes: u64) -> Self {
        const RUNTIME: u64 = 2 * 1024 * 1024;
        let memory = if bytes >= RUNTIME { 256 } else { 64 };
        Self {
            memory: memory * 1024 * 1024,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory: 64 * 1024 * 1024,
            // An entry is a pointer: at most a megabyte in all.
            table_entries: 128 * 1024,
            catalog: 1024 * 1024,
            log: 64 * 1024,
        }
    }
}

/// What a component asked for beyond its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    Memory,
    Tables,
}

/// Counts what an instance uses, and knows until when it may run. Growth beyond a limit is a trap, not a refusal that the
/// guest may ignore: so the reason is known for certain.
pub(super) struct Meter {
    limits: Limits,
    memory: usize,
    table_entries: usize,
    excess: Option<Excess>,
    deadline: Option<Instant>,
}

impl Meter {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            memory: 0,
            table_entries: 0,
            excess: None,
            deadline: None,
        }
    }

    pub(super) const fn excess(&self) -> Option<Excess> {
        self.excess
    }

    /// Sets when the call that is about to start must be over.
    pub(super) const fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Whether the call has run too long.
    pub(super) fn is_late(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    fn exceeded(&mut self, excess: Excess) -> Result<bool> {
        self.excess = Some(excess);
        bail!("over the limit")
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            return self.exceeded(Excess::Memory);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let total = self
            .table_entries
            .saturating_add(desired.saturating_sub(current));
        if total > self.limits.table_entries {
            return self.exceeded(Excess::Tables);
        }
        self.table_entries = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}
