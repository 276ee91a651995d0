//! The environment that the command gets: a pure function over values.
//!
//! What comes in: the parent's environment, what of it is inherited, the names that
//! are taken out, and what was resolved. What comes out: one block of `NAME=value`
//! strings, ready for `execve` and wiped when dropped.
//!
//! Invariants:
//! - each name stands once: of a parent's duplicates the first stays, which is the one
//!   that `getenv` finds, and an addition replaces the parent's entry;
//! - a scrubbed name is there only if it was added;
//! - the order is the parent's, then that of the additions.
//!
//! The variables that steer the launcher (`SECRETS_ENV`, `SECRETS_BACKEND`,
//! `SECRETS_FILE`, `SECRET_RUN_LOG`) are inherited like any other: they are the
//! user's, hold no credential, and a launcher nested in the command must come to the
//! same selection as this one; without `SECRETS_ENV` it would fall back to development.
//!
//! This module must not read or change the environment of the process, and no error
//! of it holds a value.

use std::collections::BTreeSet;
use std::ffi::{CStr, OsString};
use std::fmt;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use secret_runtime::manifest::Inherit;
use secret_runtime::secret::SecretValue;
use zeroize::Zeroizing;

pub use error::{EnvironmentError, Largest};

mod error;

/// Credentials that no command inherits, whether the launcher used them or not. An app
/// that needs one of them declares it, and gets it as an addition.
pub const LAUNCHER_CREDENTIALS: &[&str] = &[
    "VAULT_TOKEN",
    "VAULT_SECRET_ID",
    REGISTRY_USER,
    REGISTRY_PASSWORD,
];

/// The user of the login for the registry that plugins are pulled from.
pub const REGISTRY_USER: &str = "SECRET_RUN_REGISTRY_USER";
/// Its password.
pub const REGISTRY_PASSWORD: &str = "SECRET_RUN_REGISTRY_PASSWORD";

/// How much the kernel lets through an `execve`; see `bprm_stack_limits` and
/// `valid_arg_len` in Linux' `fs/exec.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one string with the NUL at its end: `MAX_ARG_STRLEN`, 32 pages.
    pub string: usize,
    /// Bytes of all strings, with their NULs, and of the pointers to them.
    pub total: usize,
}

impl Limits {
    const LEAST_TOTAL: usize = 128 * 1024;
    const MOST_TOTAL: usize = 6 * 1024 * 1024;

    /// The limits for a page size in bytes and the soft limit of the stack: a quarter
    /// of the stack, at least 128 KiB, at most 6 MiB (three quarters of the default stack).
    #[must_use]
    pub fn new(page_size: usize, stack_soft_limit: u64) -> Self {
        let quarter = usize::try_from(stack_soft_limit / 4).unwrap_or(usize::MAX);
        Self {
            string: page_size.saturating_mul(32),
            total: quarter.clamp(Self::LEAST_TOTAL, Self::MOST_TOTAL),
        }
    }
}

/// What an argument list takes of [`Limits::total`]: its strings, their pointers, and
/// the name of the program, which the kernel keeps beside them.
#[must_use]
pub fn argument_size(arguments: &[OsString]) -> usize {
    let program = arguments.first().map_or(0, |program| program.len() + 1);
    let listed: usize = arguments
        .iter()
        .map(|argument| argument.len() + 1 + POINTER)
        .sum();
    program + listed
}

const POINTER: usize = size_of::<*const u8>();

/// All that decides the command's environment.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// The environment of the launcher. Entries that `getenv` could not find (an empty
    /// name, a `=` or NUL where none can be) are left out.
    pub parent: &'a [(OsString, OsString)],
    /// What of it is inherited.
    pub inherit: &'a Inherit,
    /// Names that are never inherited, besides [`LAUNCHER_CREDENTIALS`]. Not patterns.
    pub scrub: &'a [String],
    /// What was resolved; replaces what the parent has under the same name.
    pub additions: &'a [(String, SecretValue)],
}

impl Recipe<'_> {
    /// The environment, or all that stands against it.
    ///
    /// `argument_bytes` is the [`argument_size`] of the command, which shares the
    /// kernel's limit with the environment.
    ///
    /// # Errors
    /// When an addition cannot be an environment variable, when two have the same name,
    /// or when the kernel would refuse the whole as too large.
    pub fn build(
        &self,
        argument_bytes: usize,
        limits: &Limits,
    ) -> Result<ChildEnvironment, Vec<EnvironmentError>> {
        let mut problems = self.unusable_additions();
        let entries = self.entries();
        problems.extend(oversized(&entries, argument_bytes, limits));
        if problems.is_empty() {
            Ok(ChildEnvironment::of(&entries))
        } else {
            Err(problems)
        }
    }

    fn unusable_additions(&self) -> Vec<EnvironmentError> {
        let mut seen = BTreeSet::new();
        let mut problems = Vec::new();
        for (name, value) in self.additions {
            if name.is_empty() || name.contains(['=', '\0']) {
                problems.push(EnvironmentError::Name { name: name.clone() });
            } else if !seen.insert(name.as_str()) {
                problems.push(EnvironmentError::Twice { name: name.clone() });
            }
            if value.expose().contains(&0) {
                problems.push(EnvironmentError::Nul { name: name.clone() });
            }
        }
        problems
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        let scrubbed = self
            .scrub
            .iter()
            .map(String::as_str)
            .chain(LAUNCHER_CREDENTIALS.iter().copied());
        let added = self.additions.iter().map(|(name, _)| name.as_str());
        let mut taken: BTreeSet<&[u8]> = scrubbed.chain(added).map(str::as_bytes).collect();

        let inherited = self.parent.iter().map(|(name, value)| Entry {
            name: name.as_bytes(),
            value: value.as_bytes(),
            added: false,
        });
        let mut entries: Vec<Entry<'_>> = inherited
            .filter(|entry| {
                entry.is_well_formed()
                    && taken.insert(entry.name)
                    && self.inherit.covers(entry.name)
            })
            .collect();
        entries.extend(self.additions.iter().map(|(name, value)| Entry {
            name: name.as_bytes(),
            value: value.expose(),
            added: true,
        }));
        entries
    }
}

struct Entry<'a> {
    name: &'a [u8],
    value: &'a [u8],
    added: bool,
}

impl Entry<'_> {
    fn is_well_formed(&self) -> bool {
        !self.name.is_empty()
            && !self.name.iter().any(|byte| matches!(byte, b'=' | 0))
            && !self.value.contains(&0)
    }

    /// `NAME=value` and the NUL at its end.
    fn size(&self) -> usize {
        self.name.len() + 1 + self.value.len() + 1
    }

    fn lossy_name(&self) -> String {
        String::from_utf8_lossy(self.name).into_owned()
    }
}

/// The entries above the limit for one string, then the whole if what is left of it is
/// still too much.
fn oversized(
    entries: &[Entry<'_>],
    argument_bytes: usize,
    limits: &Limits,
) -> Vec<EnvironmentError> {
    let (fitting, long): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) = entries
        .iter()
        .partition(|entry| entry.size() <= limits.string);
    let mut problems: Vec<EnvironmentError> = long
        .into_iter()
        .map(|entry| too_long(entry, limits))
        .collect();

    let total = argument_bytes
        + fitting
            .iter()
            .map(|entry| entry.size() + POINTER)
            .sum::<usize>();
    if total > limits.total {
        problems.push(too_much(fitting, total, argument_bytes, limits));
    }
    problems
}

fn too_long(entry: &Entry<'_>, limits: &Limits) -> EnvironmentError {
    EnvironmentError::TooLong {
        name: entry.lossy_name(),
        kib: kib(entry.size()),
        limit_kib: limits.string / 1024,
        added: entry.added,
    }
}

fn too_much(
    mut entries: Vec<&Entry<'_>>,
    total: usize,
    argument_bytes: usize,
    limits: &Limits,
) -> EnvironmentError {
    const NAMED: usize = 3;
    // Stable: entries of one size stay in the order of the environment.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.size()));
    EnvironmentError::TooMuch {
        kib: kib(total),
        limit_kib: limits.total / 1024,
        arguments_kib: kib(argument_bytes),
        largest: entries
            .into_iter()
            .take(NAMED)
            .map(|entry| Largest {
                name: entry.lossy_name(),
                kib: kib(entry.size()),
            })
            .collect(),
    }
}

/// Rounded up: the exact length of a value is nobody's business.
fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

/// A command's environment, as `execve` takes it. Wiped when dropped.
pub struct ChildEnvironment {
    /// All strings, each with its NUL. Made in its final size, so that growing leaves no
    /// copy behind.
    block: Zeroizing<Vec<u8>>,
    entries: Vec<Slot>,
}

/// Where one `NAME=value` stands in the block.
struct Slot {
    /// With the NUL.
    string: Range<usize>,
    /// Where the `=` is.
    equals: usize,
}

impl ChildEnvironment {
    fn of(entries: &[Entry<'_>]) -> Self {
        let mut block = Zeroizing::new(Vec::with_capacity(entries.iter().map(Entry::size).sum()));
        let mut slots = Vec::with_capacity(entries.len());
        for entry in entries {
            let start = block.len();
            block.extend_from_slice(entry.name);
            let equals = block.len();
            block.push(b'=');
            block.extend_from_slice(entry.value);
            block.push(0);
            slots.push(Slot {
                string: start..block.len(),
                equals,
            });
        }
        Self {
            block,
            entries: slots,
        }
    }

    /// The strings, in order.
    pub fn strings(&self) -> impl Iterator<Item = &CStr> {
        self.entries.iter().map(|slot| {
            CStr::from_bytes_with_nul(&self.block[slot.string.clone()]).expect(
                "`Recipe::build` lets no NUL into a name or a value, and ends each string with one",
            )
        })
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let slot = self
            .entries
            .iter()
            .find(|slot| self.name(slot) == name.as_bytes())?;
        Some(&self.block[slot.equals + 1..slot.string.end - 1])
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|slot| self.name(slot))
    }

    fn name(&self, slot: &Slot) -> &[u8] {
        &self.block[slot.string.start..slot.equals]
    }
}

impl fmt::Debug for ChildEnvironment {
    /// The names alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.names().map(String::from_utf8_lossy))
            .finish()
    }
}

#[cfg(test)]
mod tests;
