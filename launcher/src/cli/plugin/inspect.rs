//! `secret-run plugin inspect`: what a component can and cannot do, from its own imports.

use std::path::{Path, PathBuf};

use clap::Args;
use secret_runtime::error::Problems;
use secret_runtime::manifest::ComponentSource;
use secret_runtime::plugin::{self, About, ComponentFacts, Store, World, digest_of};
use secret_runtime::regular_file;
use serde_json::{Value, json};

use super::context::{self, Context};
use super::error::{CommandError, refusal};
use crate::cli::Options;
use crate::cli::print::{self, Output};
use crate::exit::ExitCode;
use crate::table::Table;

/// The largest component. It is the same with a compiler and without.
pub(super) const LARGEST: usize = 128 * 1024 * 1024;
/// Components up to this size are compiled to be asked, since that takes a second or two.
#[cfg(feature = "compile")]
const SMALL: usize = 2 * 1024 * 1024;

/// Say what a component can and cannot do.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// A plugin of the manifest, or the path of a component.
    #[arg(value_name = "NAME|PATH")]
    what: String,
    /// Ask the component what it is and needs, even if it must be compiled for that and is
    /// large.
    #[cfg(feature = "compile")]
    #[arg(long)]
    about: bool,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

/// What is known of a component.
struct Known {
    sha256: String,
    size: usize,
    facts: ComponentFacts,
    about: Option<About>,
    rules: Option<Vec<String>>,
}

impl Inspect {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let (wasm, store) = component(options, &self.what)?;
        let known = self.known(&wasm, &store)?;
        match self.format {
            Output::Json => print::json(&known.json()),
            Output::Text => print::text(&known.text(&self.what)),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn known(&self, wasm: &[u8], store: &Store) -> Result<Known, Problems> {
        let facts = ComponentFacts::read(wasm).map_err(|error| refusal(&error))?;
        let mut known = Known {
            // Reading memory does not fail.
            sha256: digest_of(wasm).unwrap_or_default(),
            size: wasm.len(),
            facts,
            about: None,
            rules: None,
        };
        let names = |catalog: secret_runtime::rule::Catalog| -> Vec<String> {
            catalog.iter().map(|rule| rule.name.to_string()).collect()
        };
        // A store that is damaged is another command's concern.
        if let Ok(Some(record)) = store.record(&known.sha256) {
            known.about = record.about;
            known.rules = record.catalog.map(names);
            return Ok(known);
        }
        #[cfg(feature = "compile")]
        if self.about || wasm.len() <= SMALL {
            match super::examine::make(&self.what, wasm, None) {
                Ok(made) => {
                    known.about = made.about;
                    known.rules = made.catalog.map(names);
                }
                // Who wants to know what it imports is told so, even if it can't be used.
                Err(problems) if self.about => return Err(problems),
                Err(_) => {}
            }
        }
        Ok(known)
    }
}

fn component(options: &Options, what: &str) -> Result<(Vec<u8>, Store), Problems> {
    let path = PathBuf::from(what);
    if what.contains('/') || path.extension().is_some_and(|it| it == "wasm") {
        if !path.exists() {
            return Err(refusal(&CommandError::NoComponent { path }));
        }
        return Ok((read(&path)?, context::store()));
    }
    let context = Context::load(options)?;
    let plugin = context.plugin(what)?;
    let wasm = match plugin.component.get_ref() {
        ComponentSource::Path(path) => read(&context.directory().join(path))?,
        ComponentSource::Oci(_) => {
            let not_here = || {
                let name = what.to_owned();
                context.problem(plugin, &CommandError::NotHere { name })
            };
            let locked = context.lock.plugins.get(what).ok_or_else(not_here)?;
            let kept = context.store.kept_component(&locked.sha256, LARGEST);
            let kept = kept.map_err(|error| context.problem(plugin, &error))?;
            kept.ok_or_else(not_here)?
        }
    };
    Ok((wasm, context.store))
}

/// A file of a component. A device or a pipe is none, and would not end.
fn read(path: &Path) -> Result<Vec<u8>, Problems> {
    regular_file::read(path, LARGEST).map_err(|error| {
        refusal(&CommandError::Unreadable {
            path: path.to_owned(),
            reason: regular_file::reason(&error),
        })
    })
}

impl Known {
    fn json(&self) -> Value {
        let imports = self
            .facts
            .imports
            .iter()
            .map(|import| json!({ "name": import, "means": plugin::import_sentence(import) }));
        json!({
            "sha256": self.sha256,
            "size": self.size,
            "world": self.facts.world.name(),
            "imports": imports.collect::<Vec<_>>(),
            "can": plugin::can(&self.facts),
            "cannot": plugin::cannot(&self.facts),
            "about": self.about,
            "rules": self.rules,
        })
    }

    fn text(&self, what: &str) -> String {
        let is = match self.facts.world {
            World::Validator => "a validator: it judges values",
            World::Backend { writes: false } => "a backend: secrets come from it",
            World::Backend { writes: true } => "a backend: secrets come from it, and it can write",
        };
        let world = self.facts.world.name();
        let kib = self.size.div_ceil(1024);
        let mut text = format!(
            "{what}: {is}\n  world:  {world}\n  sha256: {}\n  size:   {kib} KiB\n",
            self.sha256
        );
        if self.facts.imports.is_empty() {
            for sentence in plugin::can(&self.facts) {
                text.push_str(&format!("\nIt {sentence}.\n"));
            }
        } else {
            let mut table = Table::new(&["IMPORTS", "WITH IT, THE COMPONENT"]);
            for import in &self.facts.imports {
                table.row([import.clone(), plugin::import_sentence(import).to_owned()]);
            }
            text.push_str(&format!("\n{table}"));
        }
        text.push_str("\nIt cannot, whatever it is granted:\n");
        for sentence in plugin::cannot(&self.facts) {
            text.push_str(&format!("  {sentence}\n"));
        }
        if let Some(rules) = &self.rules {
            text.push_str(&format!("\nRules: {}\n", rules.join(", ")));
        }
        match (&self.about, self.facts.world) {
            (Some(about), _) => text.push_str(&about_text(about)),
            (None, World::Backend { .. }) => text.push_str(
                "\nWhich origins and settings it needs, it says when it is compiled and asked: \
                 --about does\nthat.\n",
            ),
            (None, World::Validator) => {}
        }
        text
    }
}

/// What it says of itself.
fn about_text(about: &About) -> String {
    let mut text = format!("\nIt says of itself: {}\n", about.summary);
    let need = |required: bool| if required { "yes" } else { "no" }.to_owned();
    if !about.origins.is_empty() {
        let mut table = Table::new(&["ORIGIN", "REQUIRED", "FOR"]);
        for spec in &about.origins {
            table.row([
                spec.origin.clone(),
                need(spec.required),
                spec.purpose.clone(),
            ]);
        }
        text.push_str(&format!("\n{table}"));
    }
    if !about.settings.is_empty() {
        let mut table = Table::new(&["SETTING", "REQUIRED", "DEFAULT", "MEANING"]);
        for spec in &about.settings {
            table.row([
                spec.name.clone(),
                need(spec.required),
                spec.default.clone().unwrap_or_default(),
                spec.summary.clone(),
            ]);
        }
        text.push_str(&format!("\n{table}"));
    }
    text
}
