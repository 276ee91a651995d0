//! What plugins add to a start, each beside a run of the same secrets without it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::BASELINE;
use super::measurement::{self, Candidate};
use super::store::FarStore;
use super::table::{Share, Shares};
use crate::examples;
use crate::workspace::run as execute;

/// How many plugins the run has that is compared with a run of one.
const MANY: usize = 6;
/// How many secrets are read over a distance.
const REFERENCES: usize = 100;
/// The time of a round trip of that distance.
const ROUND_TRIP_MILLISECONDS: u32 = 20;

const RUST_VALIDATOR: &str = "rust-validator";
const JAVASCRIPT_VALIDATOR: &str = "javascript-validator";
const RUST: &str = "rust";
const JAVASCRIPT: &str = "javascript";

/// Measures all in one run, and the baseline with them.
pub fn measure(launcher: &Path, folder: &Path, runs: u32) -> Result<Shares> {
    let components = examples::default_folder();
    let names = [RUST_VALIDATOR, JAVASCRIPT_VALIDATOR, RUST, JAVASCRIPT].map(str::to_owned);
    examples::build(&components, &names)?;
    let store = FarStore::start("far-store", REFERENCES, ROUND_TRIP_MILLISECONDS, folder)?;
    let bench = Bench {
        launcher,
        folder,
        components,
    };
    let commands = [
        BASELINE.to_owned(),
        bench.validators("no-plugin", RUST_VALIDATOR, 0)?,
        bench.validators("one-plugin", RUST_VALIDATOR, 1)?,
        bench.validators("many-plugins", RUST_VALIDATOR, MANY)?,
        bench.validators("javascript-plugin", JAVASCRIPT_VALIDATOR, 1)?,
        bench.backend("rust-one", RUST, &store.near, 1)?,
        bench.backend("javascript-one", JAVASCRIPT, &store.near, 1)?,
        bench.backend("rust-near", RUST, &store.near, REFERENCES)?,
        bench.backend("rust-far", RUST, &store.far, REFERENCES)?,
    ];
    let candidates = commands.map(|command| Candidate::new(&command, &command));
    eprintln!("measuring plugins, at least {runs} runs each");
    let results = measurement::measure(&candidates, runs, folder)?;
    let medians: Vec<_> = results.iter().map(|result| result.median).collect();
    let [base, none, one, many, script, rust, javascript, near, far] = medians[..] else {
        bail!("a command was not measured");
    };
    let round_trip = store.round_trip;
    let share = |name, seconds, budget| Share {
        name,
        seconds,
        budget,
    };
    Ok(Shares {
        base,
        shares: vec![
            share("the first validator in Rust", one - none, None),
            share(
                "each further validator in Rust",
                (many - one) / (MANY - 1) as f64,
                Some(0.15e-3),
            ),
            share("a validator in JavaScript", script - none, Some(4e-3)),
            share("a backend in Rust, with its request", rust - none, None),
            share(
                "a backend in JavaScript, with its request",
                javascript - none,
                None,
            ),
            share(
                "what a distance of 20 ms adds to 100 references",
                far - near,
                Some(5.0 * round_trip),
            ),
        ],
    })
}

struct Bench<'a> {
    launcher: &'a Path,
    folder: &'a Path,
    components: PathBuf,
}

impl Bench<'_> {
    /// A run of the same secrets whatever `count` is, the first `count` of which are judged,
    /// each by a plugin of its own.
    fn validators(&self, name: &str, example: &str, count: usize) -> Result<String> {
        let project = self.project(name)?;
        let mut manifest = String::from(
            "version = 1\n[environments.development]\nbackend = \"local\"\n\
             [backends.local]\nkind = \"env\"\nfiles = [\".env\"]\n",
        );
        let mut dotenv = String::new();
        for index in 0..MANY {
            writeln!(dotenv, "KEY_{index}=0000-0000-000{index}")?;
            writeln!(manifest, "[secrets.KEY_{index}]")?;
            if index < count {
                writeln!(manifest, "validate = \"plugin-{index}/licence-key\"")?;
            }
        }
        let component = self.component(example)?;
        for index in 0..count {
            let copy = distinct(&component, index)?;
            let plugin = Plugin::write(&project, &format!("plugin-{index}"), &copy)?;
            manifest += &plugin.lines();
        }
        write(&project.join(".env"), &dotenv)?;
        let names: Vec<_> = (0..count).map(|index| format!("plugin-{index}")).collect();
        self.command(&project, &manifest, &names)
    }

    /// A run of `count` secrets that a component reads from `origin`.
    fn backend(&self, name: &str, language: &str, origin: &str, count: usize) -> Result<String> {
        let project = self.project(name)?;
        let plugin = Plugin::write(&project, "store", &self.component(language)?)?;
        let mut manifest = format!(
            "version = 1\n[environments.development]\nbackend = \"store\"\n\
             [backends.store]\nkind = \"plugin\"\nplugin = \"store\"\n{}\
             settings.address = \"{origin}\"\nallow.http = [\"{origin}\"]\n\
             allow.private-addresses = [\"{origin}\"]\n",
            plugin.lines()
        );
        for index in 0..count {
            writeln!(manifest, "[secrets.KEY_{index}]\nkey = \"app/key-{index}\"")?;
        }
        self.command(&project, &manifest, &["store".to_owned()])
    }

    fn project(&self, name: &str) -> Result<PathBuf> {
        let project = self.folder.join(name);
        fs::create_dir(&project)
            .with_context(|| format!("failed to create {}", project.display()))?;
        Ok(project)
    }

    fn component(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.components.join(name).with_extension("wasm");
        fs::read(&file).with_context(|| format!("failed to read {}", file.display()))
    }

    /// Adds the plugins, which compiles them; answers what runs `true` with the secrets.
    fn command(&self, project: &Path, manifest: &str, plugins: &[String]) -> Result<String> {
        let file = project.join("secrets.toml");
        write(&file, manifest)?;
        for plugin in plugins {
            // The same as of the measured runs: compiled plugins are found by it.
            let mut add = Command::new(self.launcher);
            add.env("HOME", self.folder)
                .env_remove("XDG_CACHE_HOME")
                .env_remove("SECRET_RUN_PLUGINS")
                .arg("-f")
                .arg(&file)
                .args(["plugin", "add", plugin]);
            execute(&mut add)?;
        }
        Ok(format!(
            "'{}' -f '{}' -- true",
            self.launcher.display(),
            file.display()
        ))
    }
}

/// A component in a project, by its name in the manifest.
struct Plugin {
    name: String,
    sha256: String,
}

impl Plugin {
    fn write(project: &Path, name: &str, component: &[u8]) -> Result<Self> {
        let file = project.join(name).with_extension("wasm");
        fs::write(&file, component)
            .with_context(|| format!("failed to write {}", file.display()))?;
        let digest = Sha256::digest(component);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            name: name.to_owned(),
            sha256,
        })
    }

    fn lines(&self) -> String {
        let Self { name, sha256 } = self;
        format!("[plugins.{name}]\ncomponent = \"{name}.wasm\"\nsha256 = \"{sha256}\"\n")
    }
}

/// The same component with another digest: a section that nothing reads tells it apart, so that
/// nothing of it is shared with its likes.
fn distinct(component: &[u8], index: usize) -> Result<Vec<u8>> {
    const NAME: &[u8] = b"copy";
    let length = |bytes: usize| u8::try_from(bytes).context("the section is short");
    let mut copy = component.to_vec();
    copy.extend([0, length(1 + NAME.len() + 1)?, length(NAME.len())?]);
    copy.extend(NAME);
    copy.push(u8::try_from(index)?);
    Ok(copy)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("failed to write {}", file.display()))
}
