//! What compiles the guest crates to core modules.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::paths::{rename_flags, target_dir};
use crate::workspace::root;

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
/// Where Debian's packages put what the build needs.
const DEBIAN_FILES: [&str; 4] = [
    "/usr/bin/rustc",
    "/usr/bin/cargo",
    "/usr/lib/rustlib/src/rust/library/Cargo.toml",
    "/usr/bin/wasm-ld-19",
];
/// What an enclosing cargo or rustup sets, and another toolchain must not see.
const INHERITED: [&str; 6] = [
    "RUSTUP_TOOLCHAIN",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO",
];

/// What compiles the guest crates.
pub enum Toolchain {
    /// The one that runs this task: it has the target's standard library.
    Active,
    /// Debian's, which has the sources of the standard library and builds them too.
    Debian,
}

impl Toolchain {
    /// The active one, or else Debian's, which root gets installed.
    pub fn find() -> Result<Self> {
        if active_has_target() {
            return Ok(Self::Active);
        }
        let missing = || DEBIAN_FILES.iter().any(|file| !Path::new(file).exists());
        if missing() && is_root() && Path::new("/etc/debian_version").exists() {
            install_debian_packages()?;
        }
        if missing() {
            bail!(
                "no toolchain for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
                 `apt-get install {}`",
                DEBIAN_PACKAGES.join(" ")
            );
        }
        Ok(Self::Debian)
    }

    /// Its version, as `rustc` tells it.
    pub fn description(&self) -> Result<String> {
        let version = output(self.command("RUSTC").arg("--version"))?;
        Ok(match self {
            Self::Active => version,
            Self::Debian => format!("{version} with build-std"),
        })
    }

    pub(super) fn sysroot(&self) -> Result<String> {
        output(self.command("RUSTC").args(["--print", "sysroot"]))
    }

    /// Which cargo it is.
    pub fn cargo_file(&self) -> PathBuf {
        match self {
            Self::Active => active("CARGO"),
            Self::Debian => DEBIAN_FILES[1].into(),
        }
    }

    /// What its cargo must be told to build for the target.
    pub fn environment(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Active => &[],
            Self::Debian => &[
                // Building the standard library is an unstable option of a stable compiler.
                ("RUSTC_BOOTSTRAP", "1"),
                ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
                ("RUSTC", DEBIAN_FILES[0]),
                (
                    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
                    DEBIAN_FILES[3],
                ),
            ],
        }
    }

    /// Variables of the enclosing cargo that its cargo must not see.
    pub fn hidden(&self) -> &'static [&'static str] {
        match self {
            Self::Active => &[],
            Self::Debian => &INHERITED,
        }
    }

    /// A core module from a crate of the guest workspace.
    pub(super) fn compile(&self, package: &str) -> Result<Vec<u8>> {
        let target_dir = target_dir();
        // Fetched first, so that the folders to rename exist.
        self.cargo(&["fetch", "--locked", "--quiet"], "")?;
        let flags = rename_flags(&self.sysroot()?);
        let target = target_dir
            .to_str()
            .context("the target folder's name is not UTF-8")?;
        let mut arguments = vec!["build", "--locked", "--release", "--package", package];
        arguments.extend(["--target", TARGET, "--target-dir", target]);
        self.cargo(&arguments, &flags)?;
        let file = target_dir
            .join(TARGET)
            .join("release")
            .join(package.replace('-', "_"));
        let file = file.with_extension("wasm");
        fs::read(&file).with_context(|| format!("failed to read {}", file.display()))
    }

    fn cargo(&self, arguments: &[&str], flags: &str) -> Result<()> {
        let mut cargo = self.command("CARGO");
        cargo.envs(self.environment().iter().copied());
        cargo.current_dir(root().join("plugins"));
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags).args(arguments);
        let status = cargo.status().context("failed to start cargo")?;
        ensure!(
            status.success(),
            "failed to run cargo {} in plugins",
            arguments.join(" ")
        );
        Ok(())
    }

    /// `RUSTC` or `CARGO` of this toolchain. Only the active one sees the variables that the
    /// enclosing cargo has set for itself.
    fn command(&self, tool: &str) -> Command {
        match self {
            Self::Active => Command::new(active(tool)),
            Self::Debian => {
                let file = if tool == "RUSTC" {
                    DEBIAN_FILES[0]
                } else {
                    DEBIAN_FILES[1]
                };
                let mut command = Command::new(file);
                for variable in self.hidden() {
                    command.env_remove(variable);
                }
                command
            }
        }
    }
}

/// What the enclosing cargo says it is, else what is in `PATH`.
fn active(tool: &str) -> PathBuf {
    env::var_os(tool).map_or_else(|| tool.to_lowercase().into(), PathBuf::from)
}

fn active_has_target() -> bool {
    let mut rustc = Command::new(active("RUSTC"));
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    output(&mut rustc).is_ok_and(|folder| Path::new(&folder).is_dir())
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

fn install_debian_packages() -> Result<()> {
    let apt = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new("apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        let status = command.status().context("failed to start apt-get")?;
        ensure!(
            status.success(),
            "failed to run apt-get {}",
            arguments.join(" ")
        );
        Ok(())
    };
    apt(&["update", "--quiet"])?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    apt(&[install.as_slice(), DEBIAN_PACKAGES.as_slice()].concat())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("failed to start {command:?}"))?;
    ensure!(output.status.success(), "failed to run {command:?}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
