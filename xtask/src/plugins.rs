//! `cargo xtask plugins`: the WASM components of this repository, built from source.
//!
//! The result depends on the sources and the toolchain only: it carries no path of the machine
//! that built it, which [`paths::check_paths`] verifies. It imports no more than its world may,
//! which [`Component::from_module`] verifies.

mod component;
mod paths;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use self::component::{Component, World};
pub use self::toolchain::Toolchain;
use crate::workspace::root;

/// Name of the component, the crate it is built from, and what it is.
const COMPONENTS: [(&str, &str, World); 8] = [
    ("standard", "secret-run-standard", World::Validator),
    (
        "azure-key-vault",
        "secret-run-azure-key-vault",
        World::Backend,
    ),
    (
        "consul-kv",
        "secret-run-consul-kv",
        World::BackendWithWriter,
    ),
    ("doppler", "secret-run-doppler", World::Backend),
    ("etcd", "secret-run-etcd", World::BackendWithWriter),
    (
        "gcp-secret-manager",
        "secret-run-gcp-secret-manager",
        World::Backend,
    ),
    ("kubernetes", "secret-run-kubernetes", World::Backend),
    (
        "onepassword-connect",
        "secret-run-onepassword-connect",
        World::Backend,
    ),
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
    let (sysroot, description) = (toolchain.sysroot()?, toolchain.description()?);
    let mut digests = String::from("# Written by `cargo xtask plugins`.\n");
    for (name, package, world) in COMPONENTS {
        let module = toolchain.compile(package)?;
        let component = Component::from_module(&module, world)
            .with_context(|| format!("failed to make the component {name}"))?;
        paths::check_paths(&component.bytes, &sysroot)?;
        let file = out.join(name).with_extension("wasm");
        fs::write(&file, &component.bytes)
            .with_context(|| format!("failed to write {}", file.display()))?;
        digests.push_str(&format!(
            "\n[{name}]\nsha256 = \"{:x}\"\nworld = \"{}\"\nimports = {:?}\n\
             toolchain = \"{description}\"\n",
            Sha256::digest(&component.bytes),
            world.name(),
            component.imports,
        ));
        eprintln!(
            "{}: {} bytes, core module {} bytes",
            file.display(),
            component.bytes.len(),
            module.len()
        );
    }
    let file = out.join("digests.toml");
    fs::write(&file, digests).with_context(|| format!("failed to write {}", file.display()))
}
