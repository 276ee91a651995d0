//! The tools of each language, found on this machine or installed for it.
//!
//! What a language's own package manager installs stands in a cache folder of the user, named
//! after what it was installed from, so that another build finds it. Compilers are taken from
//! `PATH`; a missing one is an error that says what to install.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::bindings;
use crate::plugins::Toolchain;
use crate::setup;
use crate::workspace::{find_program, run, target_dir};

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
    /// Where npm has installed packages.
    node_modules: Option<PathBuf>,
}

/// The compiler of C that is installed where there is none.
const CLANG: &str = "clang-19";
const C_PACKAGES: [&str; 4] = [CLANG, "lld-19", "wasi-libc", "libclang-rt-19-dev-wasm32"];

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

    /// Finds or installs what builds the example in `source`. Scripts are written below `out`.
    pub(super) fn tools(self, source: &Path, out: &Path) -> Result<Tools> {
        match self {
            Self::C => c(out),
            Self::Go => go(out),
            Self::JavaScript => javascript(source),
            Self::Python => python(source),
            Self::Rust => rust(out),
        }
    }
}

impl Tools {
    /// Puts into the folder of a build what a package manager would have installed there.
    pub(super) fn prepare(&self, folder: &Path) -> Result<()> {
        if let Some(installed) = &self.node_modules {
            symlink(installed, folder.join("node_modules"))?;
        }
        Ok(())
    }
}

fn c(out: &Path) -> Result<Tools> {
    let compiler = env::var_os("CC").unwrap_or_else(|| CLANG.into());
    if !compiles(&compiler) {
        ensure!(
            compiler == CLANG,
            "{} can't build for wasm32-wasi",
            compiler.display()
        );
        setup::install(&C_PACKAGES)?;
        ensure!(compiles(&compiler), "{CLANG} can't build for wasm32-wasi");
    }
    Ok(Tools {
        folders: vec![stand_ins(out)?],
        versions: output(Command::new(&compiler).arg("--version"))?,
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

fn go(out: &Path) -> Result<Tools> {
    let go = program("go", "install Go 1.26")?;
    let stand_ins = stand_ins(out)?;
    let adapter = bindings::write_adapter(&stand_ins)?;
    Ok(Tools {
        folders: vec![stand_ins],
        environment: vec![
            ("ADAPTER", adapter.into()),
            // Another toolchain than the one that is installed is not fetched for it.
            ("GOTOOLCHAIN", "local".into()),
            ("GOFLAGS", "".into()),
        ],
        versions: output(Command::new(go).arg("version").env("GOTOOLCHAIN", "local"))?,
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
        versions,
        node_modules: Some(folder.join("node_modules")),
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

fn rust(out: &Path) -> Result<Tools> {
    let toolchain = Toolchain::find()?;
    let scripts = stand_ins(out)?.join("rust");
    let hidden = toolchain.hidden().iter();
    let mut lines: Vec<_> = hidden.map(|name| format!("unset {name}")).collect();
    let variables = toolchain.environment().iter();
    lines.extend(variables.map(|(name, value)| format!("export {name}='{value}'")));
    lines.push(format!("exec {} \"$@\"", quoted(&toolchain.cargo_file())?));
    script(&scripts.join("cargo"), &lines)?;
    Ok(Tools {
        folders: vec![scripts, stand_ins(out)?],
        // The folder of a build is removed before the next one; what is compiled stays.
        environment: vec![("CARGO_TARGET_DIR", target_dir().join("example-rust").into())],
        versions: toolchain.description()?,
        ..Tools::default()
    })
}

/// Scripts named as the programs for which [`bindings`] stands in.
fn stand_ins(out: &Path) -> Result<PathBuf> {
    let folder = out.join("build/tools");
    let task = quoted(&env::current_exe()?)?;
    for name in ["wit-bindgen", "wasm-tools"] {
        script(&folder.join(name), &[format!("exec {task} {name} \"$@\"")])?;
    }
    Ok(folder)
}

fn script(file: &Path, lines: &[String]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, format!("#!/bin/sh\n{}\n", lines.join("\n")))
        .with_context(|| format!("failed to write {}", file.display()))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> Result<String> {
    let path = path
        .to_str()
        .context("the path of a program is not UTF-8")?;
    Ok(format!("'{}'", path.replace('\'', r"'\''")))
}

/// A folder of the cache that `install` has filled from `files`, once.
fn installed(
    language: &str,
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
    let folder = cache.join(format!("{language}-{}", &digest[..16]));
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

fn program(name: &str, advice: &str) -> Result<PathBuf> {
    find_program(name).with_context(|| format!("`{name}` is not in PATH: {advice}"))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("failed to start {command:?}"))?;
    ensure!(output.status.success(), "failed to run {command:?}");
    Ok(String::from_utf8(output.stdout)?)
}
