//! `cargo xtask plugins`: the WASM components of this repository, built from source.
//!
//! The result depends on the sources and the toolchain only: it carries no path of the machine
//! that built it, which [`check_paths`] verifies. It imports nothing, which [`component`] verifies.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use wit_component::{ComponentEncoder, DecodedWasm};

use crate::workspace::root;

const TARGET: &str = "wasm32-unknown-unknown";
/// Name of the component, and the crate it is built from.
const COMPONENTS: [(&str, &str); 1] = [("standard", "secret-run-standard")];
/// The world in `wit/` that each of them implements, and the interface which that world exports.
const WORLD: &str = "secret-run:plugin/validator@0.1.0";
const INTERFACE: &str = "secret-run:plugin/validation@0.1.0";
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

#[derive(clap::Args)]
pub struct Options {
    /// Folder for the components and digests.toml [default: plugins/dist].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(options: Options) -> Result<()> {
    build(&options.out.unwrap_or_else(|| root().join("plugins/dist")))
}

/// Builds every component into `out`, with `digests.toml` beside them.
pub fn build(out: &Path) -> Result<()> {
    let toolchain = Toolchain::find()?;
    fs::create_dir_all(out).with_context(|| format!("failed to create {}", out.display()))?;
    let mut digests = String::from("# Written by `cargo xtask plugins`.\n");
    for (name, package) in COMPONENTS {
        let module = toolchain.compile(package)?;
        let bytes = component(&module)?;
        check_paths(&bytes, &toolchain.sysroot()?)?;
        let file = out.join(name).with_extension("wasm");
        fs::write(&file, &bytes).with_context(|| format!("failed to write {}", file.display()))?;
        digests.push_str(&format!(
            "\n[{name}]\nsha256 = \"{:x}\"\nworld = \"{WORLD}\"\ntoolchain = \"{}\"\n",
            Sha256::digest(&bytes),
            toolchain.description()?,
        ));
        eprintln!(
            "{}: {} bytes, core module {} bytes",
            file.display(),
            bytes.len(),
            module.len()
        );
    }
    let file = out.join("digests.toml");
    fs::write(&file, digests).with_context(|| format!("failed to write {}", file.display()))
}

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

    fn sysroot(&self) -> Result<String> {
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
    fn compile(&self, package: &str) -> Result<Vec<u8>> {
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

/// Apart from the host's artifacts: the two workspaces have their own lock files and compilers.
fn target_dir() -> PathBuf {
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
fn rename_flags(sysroot: &str) -> String {
    let mut folders = renamed_folders(sysroot);
    // The last prefix that matches wins, so the longest must come last.
    folders.sort_by_key(|(folder, _)| folder.as_os_str().len());
    let flag = |(folder, name): &(PathBuf, &str)| {
        format!("--remap-path-prefix={}={name}", folder.display())
    };
    folders.iter().map(flag).collect::<Vec<_>>().join("\u{1f}")
}

fn check_paths(component: &[u8], sysroot: &str) -> Result<()> {
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

/// Wraps a core module that carries its contract into a component that imports nothing.
fn component(module: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module)?;
    let bytes = encoder.encode().context("failed to make a component")?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes)? else {
        bail!("the encoder did not make a component");
    };
    let world = &resolve.worlds[world];
    let imports: Vec<_> = world
        .imports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    ensure!(
        imports.is_empty(),
        "the component imports {imports:?}, but must import nothing"
    );
    let exports: Vec<_> = world
        .exports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    ensure!(
        exports == [INTERFACE],
        "the component exports {exports:?}, not {INTERFACE}"
    );
    Ok(bytes)
}
