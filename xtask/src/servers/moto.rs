//! moto, the server of AWS's interfaces that the backends for AWS are tested against, and the
//! command line of AWS.
//!
//! They stand in a virtual environment, of the versions that `tests/servers/moto/requirements.txt`
//! pins.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::link;
use crate::cache::installed;
use crate::workspace::{output, program, root, run};

const REQUIREMENTS: &str = "requirements.txt";

/// Installs it where it is not installed, and links it into `links`.
pub(super) fn install(links: &Path) -> Result<()> {
    let python = program("python3", "install Python 3.10 or newer")?;
    let version = output(Command::new(&python).arg("--version"))?;
    let source = root().join("tests/servers/moto");
    let folder = installed("moto", &source, &[REQUIREMENTS], &version, |folder| {
        run(Command::new(&python).args(["-m", "venv"]).arg(folder))
            .context("the module `venv` is missing: on Debian, install python3-venv")?;
        let arguments = ["install", "--quiet", "--requirement"];
        run(Command::new(folder.join("bin/pip"))
            .args(arguments)
            .arg(source.join(REQUIREMENTS)))
    })?;
    ["moto_server", "aws"]
        .into_iter()
        .try_for_each(|program| link(&folder.join("bin").join(program), &links.join(program)))
}
