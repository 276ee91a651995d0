//! Names of folders of the machine that builds, kept out of what it builds.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::workspace::root;

/// Apart from the host's artifacts: the two workspaces have their own lock files and compilers.
pub(super) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder).join("plugins"),
        None => root().join("plugins/target"),
    }
}

/// Folders whose names panic messages would otherwise carry into the component, with what they
/// are called there. Names in the result are thus the same on every machine.
fn renamed_folders(sysroot: &str) -> Vec<(PathBuf, &'static str)> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(home.as_ref()?.join(".cargo")));
    let mut folders = vec![
        (target_dir(), "target"),
        (root(), "."),
        (
            Path::new(sysroot).join("lib/rustlib/src/rust/library"),
            "library",
        ),
    ];
    // One folder a registry, named after it.
    let registries = cargo
        .iter()
        .flat_map(|cargo| fs::read_dir(cargo.join("registry/src")));
    folders.extend(
        registries
            .flatten()
            .flatten()
            .map(|folder| (folder.path(), "crates")),
    );
    folders.extend(cargo.map(|cargo| (cargo, "cargo")));
    folders.extend(home.map(|home| (home, "home")));
    folders
}

/// `--remap-path-prefix` flags, in the form of `CARGO_ENCODED_RUSTFLAGS`.
pub(super) fn rename_flags(sysroot: &str) -> String {
    let mut folders = renamed_folders(sysroot);
    // The last prefix that matches wins, so the longest must come last.
    folders.sort_by_key(|(folder, _)| folder.as_os_str().len());
    let flag = |(folder, name): &(PathBuf, &str)| {
        format!("--remap-path-prefix={}={name}", folder.display())
    };
    folders.iter().map(flag).collect::<Vec<_>>().join("\u{1f}")
}

/// Fails if a component carries the name of a folder of this machine.
pub(super) fn check_paths(component: &[u8], sysroot: &str) -> Result<()> {
    for (folder, _) in renamed_folders(sysroot) {
        let path = format!("{}/", folder.display()).into_bytes();
        let found = component.windows(path.len()).any(|window| window == path);
        ensure!(
            !found,
            "the component carries the path {}",
            folder.display()
        );
    }
    Ok(())
}
