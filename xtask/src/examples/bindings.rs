//! Stand-ins for the programs `wit-bindgen` and `wasm-tools`, which the `build.sh` of a plugin
//! calls.
//!
//! They take the same arguments and are made of the same libraries. A plugin author installs
//! the programs; here that would be minutes of compilation for what this task links already.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_bindgen_core::{Files, WorldGenerator};
use wit_component::{ComponentEncoder, StringEncoding};

/// `wit-bindgen LANG --world WORLD --out-dir DIR WIT`
#[derive(Args)]
pub struct Generate {
    language: Language,
    #[arg(long)]
    world: String,
    #[arg(long)]
    out_dir: PathBuf,
    wit: PathBuf,
}

#[derive(Clone, ValueEnum)]
enum Language {
    C,
    Go,
}

/// `wasm-tools component embed|new ...`
#[derive(Args)]
pub struct WasmTools {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Subcommand)]
enum Subject {
    Component {
        #[command(subcommand)]
        action: Action,
    },
}

#[derive(Subcommand)]
enum Action {
    /// Writes into a module which world it implements.
    Embed {
        #[arg(long)]
        world: String,
        wit: PathBuf,
        module: PathBuf,
        #[arg(short)]
        output: PathBuf,
    },
    /// Makes a component of a module.
    New {
        module: PathBuf,
        /// `wasi_snapshot_preview1=FILE`
        #[arg(long)]
        adapt: Option<String>,
        #[arg(short)]
        output: PathBuf,
    },
}

impl Generate {
    pub fn run(&self) -> Result<()> {
        let mut resolve = wit_bindgen_core::wit_parser::Resolve::default();
        let (package, _) = resolve.push_path(&self.wit)?;
        let world = resolve.select_world(&[package], Some(&self.world))?;
        let mut generator: Box<dyn WorldGenerator> = match self.language {
            Language::C => wit_bindgen_c::Opts::default().build(),
            Language::Go => wit_bindgen_go::Opts::default().build(),
        };
        let mut files = Files::default();
        generator.generate(&mut resolve, world, &mut files)?;
        for (name, contents) in files.iter() {
            write(&self.out_dir.join(name), contents)?;
        }
        Ok(())
    }
}

impl WasmTools {
    pub fn run(&self) -> Result<()> {
        let Subject::Component { action } = &self.subject;
        match action {
            Action::Embed {
                world,
                wit,
                module,
                output,
            } => embed(world, wit, module, output),
            Action::New {
                module,
                adapt,
                output,
            } => encode(module, adapt.as_deref(), output),
        }
    }
}

fn embed(world: &str, wit: &Path, module: &Path, output: &Path) -> Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut bytes = read(module)?;
    wit_component::embed_component_metadata(
        &mut bytes,
        &resolve,
        world,
        StringEncoding::UTF8,
        false,
    )?;
    write(output, &bytes)
}

fn encode(module: &Path, adapt: Option<&str>, output: &Path) -> Result<()> {
    let mut encoder = ComponentEncoder::default();
    if let Some(adapt) = adapt {
        let Some((name, file)) = adapt.split_once('=') else {
            bail!("`{adapt}` is not NAME=FILE");
        };
        encoder.adapter(name, &read(Path::new(file))?)?;
    }
    encoder.validate(true).module(&read(module)?)?;
    let component = encoder.encode().context("failed to make a component")?;
    write(output, &component)
}

/// Writes the adapter that a plugin author takes from a release of wasmtime.
pub(super) fn write_adapter(folder: &Path) -> Result<PathBuf> {
    let file = folder
        .join(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME)
        .with_extension("reactor.wasm");
    write(&file, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?;
    Ok(file)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("failed to read {}", file.display()))
}

fn write(file: &Path, contents: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, contents).with_context(|| format!("failed to write {}", file.display()))
}
