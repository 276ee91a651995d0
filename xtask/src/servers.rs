//! Servers that tests start and no distribution has: each is built from a Go module, but moto,
//! which is Python, and OpenBao, which comes as a program. And PostgreSQL, which distributions hide.
//!
//! `tests/servers/NAME` holds a program of a few lines around the module, with `go.mod` and
//! `go.sum`, which pin every source by its digest. One costs minutes and is built once, into the
//! [cache](crate::cache); tests find it by a link beside what cargo builds.

mod moto;
mod open_bao;
mod postgres;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::installed;
use crate::workspace::{output, program, root, run, target_dir};

/// Folders of `tests/servers`. Each server's program has its name.
const SERVERS: [&str; 2] = ["consul", AWS_LOGIN];

/// A plugin of OpenBao, which it starts out of the folder that this is in.
const AWS_LOGIN: &str = "vault-plugin-auth-aws";

/// What a server is made from.
const FILES: [&str; 3] = ["go.mod", "go.sum", "main.go"];

/// How many packages are compiled at once. Some take a gigabyte each.
const PARALLEL: &str = "2";

const ADVICE: &str = "install Go 1.24 or newer";

/// Builds all that are not built, and links them to where the tests look.
pub fn build() -> Result<()> {
    moto()?;
    let go = program("go", ADVICE)?;
    let version = output(of_here(Command::new(&go).arg("version")))?;
    let links = links()?;
    for name in SERVERS {
        let source = root().join("tests/servers").join(name);
        let folder = installed(name, &source, &FILES, &version, |folder| {
            compile(&go, &source, &folder.join(name))
        })?;
        link(&folder.join(name), &links.join(name))?;
    }
    postgres::install(&links)?;
    open_bao::install(&links)
}

/// Installs moto alone.
pub fn moto() -> Result<()> {
    moto::install(&links()?)
}

/// Installs OpenBao alone.
pub fn open_bao() -> Result<()> {
    open_bao::install(&links()?)
}

/// Where the tests look.
fn links() -> Result<PathBuf> {
    let links = target_dir().join("test-servers");
    fs::create_dir_all(&links).with_context(|| format!("failed to create {}", links.display()))?;
    Ok(links)
}

fn compile(go: &Path, source: &Path, program: &Path) -> Result<()> {
    let mut go = Command::new(go);
    go.args(["build", "-p", PARALLEL, "-mod=readonly", "-trimpath"]);
    go.args(["-ldflags=-s -w", "-o"]).arg(program).arg(".");
    // A C compiler is needed for nothing that the tests use.
    go.env("CGO_ENABLED", "0");
    run(of_here(go.current_dir(source))).with_context(|| {
        let source = source.display();
        format!("{source} can't be built; if the Go of this machine is too old, {ADVICE}")
    })
}

/// The Go that is installed, whatever the user has set for other modules.
fn of_here(go: &mut Command) -> &mut Command {
    go.env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .env("GOFLAGS", "")
}

/// Makes `link` lead to `file`, for a test that looks at any moment.
fn link(file: &Path, link: &PathBuf) -> Result<()> {
    let new = link.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => symlink(file, &new)?,
    }
    fs::rename(&new, link).with_context(|| format!("failed to write {}", link.display()))
}
