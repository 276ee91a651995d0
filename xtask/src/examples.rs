//! `cargo xtask examples`: the plugins of `examples/plugins`, built from source.
//!
//! Each is built in a copy of its folder, by the `build.sh` that a plugin author runs, with the
//! contract of this repository beside it as `wit`. What it then imports is held against what it
//! may, so that a new version of a language's tools can't ask for more unseen. Nothing is built
//! anew whose sources and tools are the same.

mod component;
mod crates;
mod inputs;
mod stand_in;
mod tools;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{root, run as run_command, target_dir};
use component::Contract;
use tools::{Language, Tools};

/// What `build.sh` names the component after, for which `plugin new` puts another name.
const BACKEND: &str = "http-json";
const VALIDATOR: &str = "licence-rules";

struct Example {
    /// Its folder in `examples/plugins`, and the name of the component.
    name: &'static str,
    language: Language,
    /// The file that `build.sh` leaves.
    product: &'static str,
    contract: Contract,
}

const EXAMPLES: [Example; 10] = [
    Example::backend("c", Language::C, &[]),
    Example::validator("c-validator", Language::C),
    Example::backend("go", Language::Go, &component::GO),
    Example::backend("javascript", Language::JavaScript, &[]),
    Example::backend("javascript-fetch", Language::JavaScript, &component::FETCH),
    Example::validator("javascript-validator", Language::JavaScript),
    Example::backend("python", Language::Python, &[]),
    Example::validator("python-validator", Language::Python),
    Example::backend("rust", Language::Rust, &[]),
    Example::validator("rust-validator", Language::Rust),
];

impl Example {
    const fn backend(
        name: &'static str,
        language: Language,
        wasi: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            language,
            product: BACKEND,
            contract: Contract::Backend { wasi },
        }
    }

    const fn validator(name: &'static str, language: Language) -> Self {
        Self {
            name,
            language,
            product: VALIDATOR,
            contract: Contract::Validator,
        }
    }

    fn is_named(&self, word: &str) -> bool {
        self.name == word || self.language.name() == word
    }

    fn source(&self) -> PathBuf {
        root().join("examples/plugins").join(self.name)
    }

    /// Builds the component into `out`, unless it is there already.
    fn build(&self, out: &Path) -> Result<()> {
        let tools = self.language.tools(&tools_folder(out))?;
        let component = out.join(self.name).with_extension("wasm");
        let stamp = out.join(self.name).with_extension("inputs");
        let inputs = inputs::digest(&self.source(), &tools)?;
        if inputs::is_current(&stamp, &inputs, &component) {
            eprintln!("{}: unchanged", component.display());
            return Ok(());
        }
        let start = Instant::now();
        let folder = out.join("build").join(self.name);
        let bytes = self.compile(&folder, &tools)?;
        self.contract.check(&bytes)?;
        self.check_path(&bytes, &folder)?;
        fs::write(&component, &bytes)
            .with_context(|| format!("failed to write {}", component.display()))?;
        inputs::write(&stamp, &inputs, &bytes)?;
        let seconds = start.elapsed().as_secs_f32();
        eprintln!(
            "{}: {} bytes, {seconds:.1} s",
            component.display(),
            bytes.len()
        );
        Ok(())
    }

    /// A component is the same wherever it is built. One in JavaScript is not: it is a snapshot
    /// of an engine that was told the folder.
    fn check_path(&self, component: &[u8], folder: &Path) -> Result<()> {
        let path = folder.as_os_str().as_encoded_bytes();
        let found = component.windows(path.len()).any(|window| window == path);
        ensure!(
            !found || self.language == Language::JavaScript,
            "the component carries the path of the folder that it was built in"
        );
        Ok(())
    }

    fn compile(&self, folder: &Path, tools: &Tools) -> Result<Vec<u8>> {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("failed to remove {}", folder.display()))?;
        }
        copy(&self.source(), folder)?;
        copy(&root().join("wit"), &folder.join("wit"))?;
        tools.prepare(folder)?;
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = tools.folders.iter().cloned();
        let path = env::join_paths(folders.chain(env::split_paths(&path)))?;
        run_command(
            Command::new("sh")
                .arg("build.sh")
                .current_dir(folder)
                .env("PATH", path)
                .envs(tools.environment.iter().map(|(name, value)| (name, value))),
        )?;
        let product = folder.join(self.product).with_extension("wasm");
        fs::read(&product).with_context(|| format!("failed to read {}", product.display()))
    }
}

#[derive(clap::Args)]
pub struct Options {
    /// Folder for the components [default: target/example-plugins].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Languages or names of examples; all if there is none.
    #[arg(value_name = "LANG")]
    names: Vec<String>,
}

pub fn run(options: Options) -> Result<()> {
    let out = options.out.unwrap_or_else(default_folder);
    build(&out, &options.names)
}

/// Where the components are unless told otherwise.
pub fn default_folder() -> PathBuf {
    target_dir().join("example-plugins")
}

/// Where the programs of each language are that the instructions of `plugin new` call, below the
/// folder of the components.
pub fn tools_folder(out: &Path) -> PathBuf {
    out.join("tools")
}

/// Builds the examples that are named, or all, into `out`.
pub fn build(out: &Path, names: &[String]) -> Result<()> {
    for name in names {
        if !EXAMPLES.iter().any(|example| example.is_named(name)) {
            let known: Vec<_> = EXAMPLES.iter().map(|example| example.name).collect();
            bail!(
                "no example is named `{name}`: there are {}",
                known.join(", ")
            );
        }
    }
    fs::create_dir_all(out).with_context(|| format!("failed to create {}", out.display()))?;
    // Scripts run elsewhere, and must find it all the same.
    let out = out.canonicalize()?;
    let wanted =
        |example: &&Example| names.is_empty() || names.iter().any(|name| example.is_named(name));
    for example in EXAMPLES.iter().filter(wanted) {
        example
            .build(&out)
            .with_context(|| format!("failed to build the example `{}`", example.name))?;
    }
    Ok(())
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("failed to create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("failed to read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("failed to copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
