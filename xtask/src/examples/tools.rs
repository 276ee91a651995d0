//! The tools of each language, found on this machine or installed for it.
//!
//! What a language's own package manager installs stands in the [cache](crate::cache). Compilers
//! are taken from `PATH`; a missing one is an error that says what to install.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};

use super::crates::{self, CRATES, Crates};
use super::stand_in::{StandIns, quoted};
use crate::cache::installed;
use crate::plugins::Toolchain;
use crate::setup;
use crate::workspace::{find_program, output, program, root, run, target_dir};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    C,
    Go,
    JavaScript,
    Python,
    Rust,
}

/// What a build of an example needs.
#[derive(Default)]
pub(super) struct Tools {
    /// Folders to look for programs in, before those of `PATH`.
    pub(super) folders: Vec<PathBuf>,
    pub(super) environment: Vec<(&'static str, OsString)>,
    /// What they say their versions are.
    pub(super) versions: String,
    /// What is put into the folder of a build, as a package manager would: a link to this.
    link: Option<PathBuf>,
    /// The versions of packages, for an example that has no such file: this is copied to it.
    lock: Option<PathBuf>,
}

/// The compiler of C that is installed where there is none, and its packages, as the
/// instructions of `plugin new` have them.
const CLANG: &str = "clang";
const C_PACKAGES: [&str; 4] = [CLANG, "lld", "wasi-libc", "libclang-rt-dev-wasm32"];

/// What the examples in Rust are built for.
const RUST_TARGET: &str = "wasm32-unknown-unknown";

impl Language {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Go => "go",
            Self::JavaScript => "javascript",
            Self::Python => "python",
            Self::Rust => "rust",
        }
    }

    /// The folder of the backend in this language. What a package manager installs is installed
    /// for it, and serves the other examples in the language.
    fn source(self) -> PathBuf {
        root().join("examples/plugins").join(self.name())
    }

    /// Finds or installs what builds an example. Scripts are written below `folder`.
    pub(super) fn tools(self, folder: &Path) -> Result<Tools> {
        let stand_ins = StandIns::new(folder.join(self.name()))?;
        match self {
            Self::C => c(&stand_ins),
            Self::Go => go(&stand_ins),
            Self::JavaScript => javascript(&self.source()),
            Self::Python => python(&self.source()),
            Self::Rust => rust(&stand_ins, &self.source()),
        }
    }
}

impl Tools {
    /// Puts into the folder of a build what a package manager would have installed there.
    pub(super) fn prepare(&self, folder: &Path) -> Result<()> {
        if let Some(link) = &self.link {
            let name = link.file_name().context("what is linked has a name")?;
            symlink(link, folder.join(name))?;
        }
        if let Some(lock) = &self.lock {
            let name = lock.file_name().context("a file has a name")?;
            if !folder.join(name).exists() {
                fs::copy(lock, folder.join(name))?;
            }
        }
        Ok(())
    }
}

fn c(stand_ins: &StandIns) -> Result<Tools> {
    let compiler = env::var_os("CC").unwrap_or_else(|| CLANG.into());
    let is_debian = compiler == CLANG && find_program("dpkg-query").is_some();
    if !compiles(&compiler) {
        ensure!(
            compiler == CLANG,
            "{} can't build for wasm32-wasi",
            compiler.display()
        );
        setup::install(&C_PACKAGES)?;
        ensure!(compiles(&compiler), "{CLANG} can't build for wasm32-wasi");
    }
    let crates = Crates::find()?;
    stand_ins.apt_get(is_debian)?;
    stand_ins.write("cargo", &any_cargo(&crates)?)?;
    Ok(Tools {
        folders: vec![crates.programs()],
        versions: output(Command::new(&compiler).arg("--version"))? + &CRATES.concat(),
        environment: vec![("CC", compiler)],
        ..Tools::default()
    })
}

/// Whether there is such a compiler, with a linker and a C library for the target.
fn compiles(compiler: &OsString) -> bool {
    let arguments = [
        "--target=wasm32-wasi",
        "-mexec-model=reactor",
        "-x",
        "c",
        "-",
    ];
    let status = Command::new(compiler)
        .args(arguments)
        .args(["-o", "/dev/null"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn go(stand_ins: &StandIns) -> Result<Tools> {
    let go = program("go", "install Go 1.26")?;
    let crates = Crates::find()?;
    let adapter = stand_ins
        .folder()
        .join(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME)
        .with_extension("reactor.wasm");
    fs::write(&adapter, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?;
    stand_ins.curl(&adapter)?;
    stand_ins.write("cargo", &any_cargo(&crates)?)?;
    let version = output(Command::new(go).arg("version").env("GOTOOLCHAIN", "local"))?;
    Ok(Tools {
        folders: vec![crates.programs()],
        environment: vec![
            ("ADAPTER", adapter.into()),
            // Another toolchain than the one that is installed is not fetched for it.
            ("GOTOOLCHAIN", "local".into()),
            ("GOFLAGS", "".into()),
        ],
        versions: version + &CRATES.concat(),
        ..Tools::default()
    })
}

fn javascript(source: &Path) -> Result<Tools> {
    let node = program("node", "install Node.js 20 or newer")?;
    let npm = program("npm", "install npm, which comes with Node.js")?;
    let versions = output(Command::new(node).arg("--version"))?;
    let files = ["package.json", "package-lock.json"];
    let folder = installed("javascript", source, &files, &versions, |folder| {
        for file in files {
            fs::copy(source.join(file), folder.join(file))?;
        }
        // Its packages need no scripts of their own to work.
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new(&npm).args(arguments).current_dir(folder))
    })?;
    Ok(Tools {
        versions: versions + &fs::read_to_string(source.join("package-lock.json"))?,
        link: Some(folder.join("node_modules")),
        ..Tools::default()
    })
}

fn python(source: &Path) -> Result<Tools> {
    let python = program("python3", "install Python 3.10 or newer")?;
    let versions = output(Command::new(&python).arg("--version"))?;
    let folder = installed(
        "python",
        source,
        &["requirements.txt"],
        &versions,
        |folder| {
            run(Command::new(&python).args(["-m", "venv"]).arg(folder))
                .context("the module `venv` is missing: on Debian, install python3-venv")?;
            let requirements = source.join("requirements.txt");
            let arguments = ["install", "--quiet", "--requirement"];
            run(Command::new(folder.join("bin/pip"))
                .args(arguments)
                .arg(requirements))
        },
    )?;
    Ok(Tools {
        folders: vec![folder.join("bin")],
        versions,
        ..Tools::default()
    })
}

fn rust(stand_ins: &StandIns, source: &Path) -> Result<Tools> {
    let toolchain = Toolchain::find()?;
    let crates = Crates::find()?;
    let mut lines = crates.install_lines()?;
    let hidden = toolchain.hidden().iter();
    lines.extend(hidden.map(|name| format!("unset {name}")));
    let variables = toolchain.environment().iter();
    lines.extend(variables.map(|(name, value)| format!("export {name}='{value}'")));
    lines.push(format!("exec {} \"$@\"", quoted(&toolchain.cargo_file())?));
    stand_ins.write("cargo", &lines)?;
    stand_ins.rustup(RUST_TARGET)?;
    let lock = source.join("Cargo.lock");
    Ok(Tools {
        versions: toolchain.description()? + &CRATES.concat() + &fs::read_to_string(&lock)?,
        folders: vec![stand_ins.folder().to_owned(), crates.programs()],
        // The folder of a build is removed before the next one; what is compiled stays.
        environment: vec![("CARGO_TARGET_DIR", target_dir().join("example-rust").into())],
        lock: Some(lock),
        ..Tools::default()
    })
}

/// A `cargo` for a language other than Rust.
fn any_cargo(crates: &Crates) -> Result<Vec<String>> {
    let mut lines = crates.install_lines()?;
    lines.push(format!("exec {} \"$@\"", quoted(&crates::cargo())?));
    Ok(lines)
}
