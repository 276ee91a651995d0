//! `secrets.lock`: what was agreed to when a plugin was added, beside the manifest.
//!
//! The manifest says what a plugin may do, and anybody who edits it can say more. The lock
//! says what somebody looked at: which component, what it imports and needs, and what it was
//! granted. A run takes a plugin only while both say the same, so a change of either shows in
//! a review. The text is made for that: one thing per line, in an order that does not change.
//!
//! Nothing here is a value. A credential stands in the lock as the place where it goes and the
//! variables or files that it comes from.

mod compare;
mod error;
mod grants;
mod load;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use compare::{compare, needs_refused};
pub use error::{LockDifference, LockError, NeedsMore};
pub use grants::Grants;
pub use load::read;
pub use write::write;

use crate::outbound::HttpOrigin;

/// The file's name.
pub const FILE_NAME: &str = "secrets.lock";
/// The largest lock that is read, in bytes.
pub const LARGEST_LOCK: usize = 1 << 20;
/// The version of the format that is read and written.
const VERSION: i64 = 1;

/// All that is locked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockFile {
    /// By name.
    pub plugins: BTreeMap<String, LockedPlugin>,
}

/// A plugin as it was when it was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPlugin {
    /// Where the component came from, as the manifest spelled it.
    pub component: String,
    /// The component's digest, in lower-case hex.
    pub sha256: String,
    /// The world that it was made for.
    pub world: String,
    /// The interfaces that it imports.
    pub imports: BTreeSet<String>,
    /// The public key of minisign that had signed it.
    pub signed_by: Option<String>,
    /// What it said it needs.
    pub needs: Needs,
    /// What it was granted.
    pub grants: Grants,
}

/// What a component needs: it is of no use with less.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// The origins that it must reach.
    pub http: BTreeSet<HttpOrigin>,
}

impl LockFile {
    /// The lock beside a manifest.
    #[must_use]
    pub fn path_beside(manifest: &Path) -> PathBuf {
        manifest.with_file_name(FILE_NAME)
    }
}

#[cfg(test)]
mod tests;
