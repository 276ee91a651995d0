//! What is known of a compiled plugin, so that a run need not ask it.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::file::{self, Stamp};
use crate::plugin::about::About;
use crate::rule::Catalog;

/// The format of records. One of another format is made again.
pub(super) const FORMAT: u32 = 1;
/// A catalogue of rules with all its texts is smaller.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What was found when a component was compiled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub(super) format: u32,
    /// Digest of the component.
    pub component: String,
    /// Bytes of the component.
    pub size: u64,
    /// Files that had that digest when they were last looked at.
    pub seen: Vec<Stamp>,
    /// The compiled component.
    pub artifact: ArtifactRecord,
    /// Full name of its world.
    pub world: String,
    /// What it imports.
    pub imports: Vec<String>,
    /// What a backend says of itself.
    pub about: Option<About>,
    /// The rules of a validator.
    pub catalog: Option<Catalog>,
}

/// How an artifact is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRecord {
    pub(super) sha256: String,
    pub(super) stamp: Stamp,
}

impl Record {
    /// Reads a record; `None` if there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let Some((file, metadata)) = file::open(path)? else {
            return Ok(None);
        };
        let mut text = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(65536));
        let read = file.take(LARGEST).read_to_end(&mut text);
        read.map_err(|error| file::unreadable(path, &error))?;
        let damaged = || StoreError::Record {
            path: path.to_owned(),
        };
        let record: Self = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if record.format == FORMAT {
            Ok(Some(record))
        } else {
            Err(damaged())
        }
    }

    /// Whether a file of this stamp is known to be the component.
    pub(crate) fn has_seen(&self, stamp: Stamp) -> bool {
        self.seen.contains(&stamp)
    }
}
