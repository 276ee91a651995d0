//! Stand-ins for what the instructions of `plugin new` have the author run, where a machine that
//! builds and tests can't or shan't do it.
//!
//! They are found before the programs of their names. Each takes what the instructions say and
//! nothing else, and notes in the file that `SECRET_RUN_STAND_IN_LOG` names that it was called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where a release of wasmtime has the adapter for the first WASI.
pub(super) const ADAPTER_URL: &str = "https://github.com/bytecodealliance/wasmtime/releases/\
                                      download/v*/wasi_snapshot_preview1.reactor.wasm";

const NOTE: &str = "echo \"${0##*/} $*\" >>\"${SECRET_RUN_STAND_IN_LOG:-/dev/null}\"";

/// The folder of programs for one language.
pub(super) struct StandIns {
    folder: PathBuf,
}

impl StandIns {
    pub(super) fn new(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// `rustup target add`: not every machine reaches the servers of Rust, and a test changes no
    /// toolchain of the user. `cargo` builds for this target all the same.
    pub(super) fn rustup(&self, target: &str) -> Result<()> {
        let expected = format!("target add {target}");
        self.write(
            "rustup",
            &[&format!("[ \"$*\" = '{expected}' ] || exit 64"), NOTE],
        )
    }

    /// `apt-get install`: takes root, and asks. This task has installed the packages; where it
    /// has not, since there is another compiler, none is looked for.
    pub(super) fn apt_get(&self, is_debian: bool) -> Result<()> {
        let packages = if is_debian {
            "dpkg-query --show \"$@\" >/dev/null || exit 100"
        } else {
            ":"
        };
        let lines = ["[ \"$1\" = install ] || exit 64", NOTE, "shift", packages];
        self.write("apt-get", &lines)
    }

    /// `curl` of the adapter: a file of a release, which comes in a crate as well.
    pub(super) fn curl(&self, adapter: &Path) -> Result<()> {
        let lines = [
            format!("case \"$*\" in '-fLO '{ADAPTER_URL}) ;; *) exit 22 ;; esac"),
            NOTE.to_owned(),
            format!("cp {} .", quoted(adapter)?),
        ];
        self.write("curl", &lines)
    }

    pub(super) fn write(&self, name: &str, lines: &[impl AsRef<str>]) -> Result<()> {
        let file = self.folder.join(name);
        let lines: Vec<_> = lines.iter().map(AsRef::as_ref).collect();
        fs::write(&file, format!("#!/bin/sh\n{}\n", lines.join("\n")))
            .with_context(|| format!("failed to write {}", file.display()))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }
}

/// A path as one word of a shell script.
pub(super) fn quoted(path: &Path) -> Result<String> {
    let path = path
        .to_str()
        .context("the path of a program is not UTF-8")?;
    Ok(format!("'{}'", path.replace('\'', r"'\''")))
}
