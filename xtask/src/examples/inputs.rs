//! Whether an example must be built again: a digest of all that went into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::tools::Tools;
use crate::workspace::root;

/// Crates of this task that take part in the build of an example.
const CRATES: [&str; 1] = ["wasi-preview1-component-adapter-provider"];

/// The digest of the sources in `folder`, of the contract, and of the versions of the tools.
pub(super) fn digest(folder: &Path, tools: &Tools) -> Result<String> {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // With its length, so that what ends one part can't begin the next.
        digest.update(bytes.len().to_le_bytes());
        digest.update(bytes);
    };
    for folder in [folder.to_owned(), root().join("wit")] {
        for file in files(&folder)? {
            add(file.strip_prefix(&folder)?.as_os_str().as_encoded_bytes());
            add(&fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?);
        }
    }
    add(tools.versions.as_bytes());
    for version in locked()? {
        add(version.as_bytes());
    }
    Ok(format!("{:x}", digest.finalize()))
}

/// Whether `component` is what `stamp` says was made of `inputs`.
pub(super) fn is_current(stamp: &Path, inputs: &str, component: &Path) -> bool {
    let (Ok(stamp), Ok(component)) = (fs::read_to_string(stamp), fs::read(component)) else {
        return false;
    };
    stamp == line(inputs, &component)
}

/// Notes that `component` was made of `inputs`.
pub(super) fn write(stamp: &Path, inputs: &str, component: &[u8]) -> Result<()> {
    fs::write(stamp, line(inputs, component))
        .with_context(|| format!("failed to write {}", stamp.display()))
}

fn line(inputs: &str, component: &[u8]) -> String {
    format!("{inputs} {:x}\n", Sha256::digest(component))
}

/// All files in `folder`, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Name and version of each of [`CRATES`], as the lock file has them.
pub(super) fn locked() -> Result<Vec<String>> {
    let lock =
        fs::read_to_string(root().join("Cargo.lock")).context("failed to read Cargo.lock")?;
    let lines: Vec<_> = lock.lines().collect();
    let is_named = |line: &str| {
        let name = line.strip_prefix("name = ");
        name.is_some_and(|name| CRATES.contains(&name.trim_matches('"')))
    };
    let pairs = lines.windows(2).filter(|pair| is_named(pair[0]));
    Ok(pairs.map(|pair| pair.concat()).collect())
}
