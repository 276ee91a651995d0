//! Programs of crates that the `build.sh` of a plugin calls, installed as its author does.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::stand_in::quoted;
use crate::cache::installed;
use crate::workspace::{output, program, run};

/// As the instructions of `plugin new` have them.
pub(super) const CRATES: [&str; 2] = ["wasm-tools@1.263.0", "wit-bindgen-cli@0.61.1"];

/// They are built once and read small files: optimising them would take longer than all they do.
const QUICKLY: [(&str, &str); 2] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];

/// Where the crates are installed, and what was compiled for them.
pub(super) struct Crates {
    folder: PathBuf,
}

impl Crates {
    /// Finds them or installs them, which takes some minutes, once.
    pub(super) fn find() -> Result<Self> {
        program("flock", "install util-linux")?;
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut versions = output(Command::new(rustc).arg("--version"))?;
        versions.extend(CRATES);
        let folder = installed("crates", Path::new(""), &[], &versions, |folder| {
            let mut install = Command::new(cargo());
            install.args(["install", "--locked", "--root"]).arg(folder);
            run(install
                .args(CRATES)
                .env("CARGO_TARGET_DIR", target(folder))
                .envs(QUICKLY))
        })?;
        for program in ["wasm-tools", "wit-bindgen"] {
            let file = folder.join("bin").join(program);
            ensure!(file.is_file(), "{} was not installed", file.display());
        }
        Ok(Self { folder })
    }

    pub(super) fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Lines of a shell script by which `cargo install` is the real one, and finds what it would
    /// compile.
    pub(super) fn install_lines(&self) -> Result<Vec<String>> {
        let mut lines = vec![
            "if [ \"$1\" = install ]; then".to_owned(),
            format!("export CARGO_TARGET_DIR={}", quoted(&target(&self.folder))?),
        ];
        lines.extend(
            QUICKLY
                .iter()
                .map(|(name, value)| format!("export {name}={value}")),
        );
        // Two at a time would take each other's programs away before they are copied.
        lines.push(format!(
            "exec flock {} {} \"$@\"",
            quoted(&self.folder)?,
            quoted(&cargo())?
        ));
        lines.push("fi".to_owned());
        Ok(lines)
    }
}

/// The one that runs this task.
pub(super) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn target(folder: &Path) -> PathBuf {
    folder.join("build")
}
