//! What takes long to install or to build, once for all checkouts of this repository.
//!
//! It stands in a cache folder of the user, named after what it was made from: after a change it
//! is made anew, and what another checkout uses stays as it is.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// A folder of the cache that `install` has filled from `files`, once.
pub fn installed(
    name: &str,
    source: &Path,
    files: &[&str],
    versions: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let mut digest = Sha256::new();
    digest.update(versions);
    for file in files {
        let file = source.join(file);
        digest
            .update(fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?);
    }
    let cache = cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("failed to create {}", cache.display()))?;
    let digest = format!("{:x}", digest.finalize());
    let folder = cache.join(format!("{name}-{}", &digest[..16]));
    // One build installs; another that wants the same waits for it.
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    // Written last: without it, an installation was broken off.
    let done = folder.join(".installed");
    if !done.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        install(&folder)?;
        fs::write(&done, "")?;
    }
    Ok(folder)
}

fn cache() -> Result<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let Some(cache) = cache.filter(|cache| cache.is_absolute()).or_else(home) else {
        bail!("neither XDG_CACHE_HOME nor HOME is set: there is no folder for tools");
    };
    Ok(cache.join("secret-run-tools"))
}
