//! Programs that tests and benches call, installed where they are missing.
//!
//! What builds the WASM components is looked for by `plugins`, which knows when the active
//! toolchain suffices.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{find_program, run};

/// A program, and the Debian package that holds it.
#[derive(Clone, Copy)]
pub struct Program {
    name: &'static str,
    package: &'static str,
}

impl Program {
    /// A program whose package has its name.
    pub const fn of_its_name(name: &'static str) -> Self {
        Self::of(name, name)
    }

    /// A program of a package with another name.
    pub const fn of(package: &'static str, name: &'static str) -> Self {
        Self { name, package }
    }
}

/// Makes sure that `programs` can be run.
///
/// On Debian, root gets the missing ones installed; anyone else is told what to run.
/// A program that stays missing is an error: a test that can't run must not look passed.
pub fn programs(programs: &[Program]) -> Result<()> {
    let missing = missing(programs);
    if missing.is_empty() {
        return Ok(());
    }
    install(&packages(&missing))?;
    let missing = self::missing(programs);
    if !missing.is_empty() {
        bail!(
            "still missing after their installation: {}",
            names(&missing).join(", ")
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

fn missing(programs: &[Program]) -> Vec<Program> {
    let missing = |program: &&Program| find_program(program.name).is_none();
    programs.iter().filter(missing).copied().collect()
}

fn names(programs: &[Program]) -> Vec<&'static str> {
    programs.iter().map(|program| program.name).collect()
}

/// The packages that hold `programs`, each once.
fn packages(programs: &[Program]) -> Vec<&'static str> {
    let mut packages: Vec<_> = programs.iter().map(|program| program.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process's folder in /proc is its effective user.
    Ok(Path::new("/proc/self").metadata()?.uid() == 0)
}
