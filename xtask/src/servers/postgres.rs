//! PostgreSQL, which has the users that a Vault makes for a time. Debian keeps its programs in a
//! folder of their version, outside the search path.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::link;
use crate::setup;

/// The folders of versions.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Installs it where it is not installed, and links the folder of its programs into `links`.
pub(super) fn install(links: &Path) -> Result<()> {
    if programs().is_none() {
        setup::install(&["postgresql"])?;
    }
    let Some(programs) = programs() else {
        bail!("still no server below {VERSIONS} after its installation");
    };
    link(&programs, &links.join("postgresql"))
}

/// The folder of a version's server.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.flatten();
    let mut folders = versions.map(|version| version.path().join("bin"));
    folders.find(|folder| folder.join("postgres").is_file())
}
