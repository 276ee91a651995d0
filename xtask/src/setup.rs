//! Programs that tests and benches call, installed where they are missing.
//!
//! What builds the WASM components is looked for by `plugins`, which knows when the active
//! toolchain suffices.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{find_program, run};

/// Makes sure that `programs` can be run. Each is named as the Debian package that holds it.
///
/// On Debian, root gets the missing ones installed; anyone else is told what to run.
/// A program that stays missing is an error: a test that can't run must not look passed.
pub fn programs(programs: &[&str]) -> Result<()> {
    let missing = missing(programs);
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)?;
    let missing = self::missing(programs);
    if !missing.is_empty() {
        bail!(
            "still missing after their installation: {}",
            missing.join(", ")
        );
    }
    Ok(())
}

/// Installs Debian packages as root, and tells anyone else what is missing.
pub fn install(packages: &[&str]) -> Result<()> {
    if find_program("apt-get").is_none() {
        bail!("missing programs: install {}", packages.join(", "));
    }
    if !is_root()? {
        bail!(
            "missing programs: run `sudo apt-get install {}`",
            packages.join(" ")
        );
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet");
        apt
    };
    // A new machine has no package lists, an old one has lists of packages that are gone.
    run(apt().arg("update"))?;
    let install = ["install", "--yes", "--no-install-recommends"];
    run(apt().args(install).args(packages))
}

fn missing<'a>(programs: &[&'a str]) -> Vec<&'a str> {
    let missing = |program: &&&str| find_program(program).is_none();
    programs.iter().filter(missing).copied().collect()
}

fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process's folder in /proc is its effective user.
    Ok(Path::new("/proc/self").metadata()?.uid() == 0)
}
