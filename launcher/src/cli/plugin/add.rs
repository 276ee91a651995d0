//! `secret-run plugin add`: checks a plugin, compiles it, and pins it.

use std::path::{Path, PathBuf};

use clap::Args;
use secret_runtime::error::Problems;
use serde_json::json;

use super::context::Context;
use super::declare::Declaration;
use super::error::{CommandError, refusal};
use super::pin::{self, Pinned};
use crate::cli::Options;
use crate::cli::print::{self, Output};
use crate::exit::ExitCode;

/// Check a plugin, compile it, and pin it in secrets.lock.
///
/// A plugin that the manifest does not declare yet is checked, and the lines that would
/// declare it are printed.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// A plugin of the manifest; or a component, as a path or `oci://REGISTRY/NAME@sha256:DIGEST`.
    #[arg(required_unless_present = "all", value_name = "NAME|PATH|oci://REF")]
    what: Option<String>,
    /// Every plugin of the manifest.
    #[arg(long, conflicts_with_all = ["what", "name", "write"])]
    all: bool,
    /// What to call a plugin that is not declared yet [default: its file's name].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Append the lines that declare it to the manifest.
    #[arg(long)]
    write: bool,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

impl Add {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let context = Context::load(options)?;
        let Some(what) = &self.what else {
            let names: Vec<_> = context
                .manifest
                .plugins
                .keys()
                .map(String::as_str)
                .collect();
            self.pinned(&pin::pin_all(&context, &names)?);
            return Ok(ExitCode::SUCCESS);
        };
        let declared = context.manifest.plugins.contains_key(what) && self.name.is_none();
        if declared || !is_source(what) {
            self.pinned(&pin::pin_all(&context, &[what])?);
            return Ok(ExitCode::SUCCESS);
        }
        let component = component_text(&context, what)?;
        let same = context
            .manifest
            .plugins
            .iter()
            .find(|(_, plugin)| plugin.component.get_ref().to_string() == component);
        if let Some((name, _)) = same
            && self.name.as_ref().is_none_or(|wanted| wanted == name)
        {
            self.pinned(&pin::pin_all(&context, &[name])?);
            return Ok(ExitCode::SUCCESS);
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(what)?,
        };
        if context.manifest.plugins.contains_key(&name) {
            return Err(refusal(&CommandError::NameTaken { name }));
        }
        self.declare(
            options,
            &context,
            &Declaration::of(&context, name, component)?,
        )
    }

    /// Prints the lines, or writes them and pins what they declare.
    fn declare(
        &self,
        options: &Options,
        context: &Context,
        declaration: &Declaration,
    ) -> Result<ExitCode, Problems> {
        let mut pinned = Vec::new();
        if self.write {
            declaration.append(context)?;
            if declaration.draft.to_fill.is_empty() {
                let context = Context::load(options)?;
                pinned = pin::pin_all(&context, &[&declaration.name])?;
            }
        }
        match self.format {
            Output::Json => print::json(&json!({
                "declaration": declaration.json(self.write),
                "plugins": pinned.iter().map(Pinned::json).collect::<Vec<_>>(),
            })),
            Output::Text => {
                let text: String = pinned.iter().map(Pinned::text).collect();
                print::text(&format!("{}{text}", declaration.text(context, self.write)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn pinned(&self, pinned: &[Pinned]) {
        match self.format {
            Output::Json => print::json(&json!({
                "plugins": pinned.iter().map(Pinned::json).collect::<Vec<_>>(),
            })),
            Output::Text if pinned.is_empty() => {
                print::text("the manifest declares no plugin\n");
            }
            Output::Text => {
                let texts: Vec<_> = pinned.iter().map(Pinned::text).collect();
                print::text(&texts.join("\n"));
            }
        }
    }
}

/// Whether a word names a component rather than a plugin.
fn is_source(what: &str) -> bool {
    what.contains('/') || Path::new(what).extension().is_some_and(|it| it == "wasm")
}

/// The component as the manifest would spell it: relative to it where it lies below, else
/// from the root.
fn component_text(context: &Context, what: &str) -> Result<String, Problems> {
    if what.starts_with("oci://") {
        return Ok(what.to_owned());
    }
    let missing = || CommandError::NoComponent {
        path: PathBuf::from(what),
    };
    let path = Path::new(what).canonicalize();
    let path = path.map_err(|_| refusal(&missing()))?;
    let directory = match context.directory() {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        directory => directory,
    };
    let below = directory
        .canonicalize()
        .ok()
        .and_then(|directory| path.strip_prefix(directory).ok().map(Path::to_owned));
    let path = below.unwrap_or(path);
    match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(refusal(&CommandError::PathNotText { path })),
    }
}

/// `acme_rules.wasm` becomes `acme-rules`; of a registry, the last part of the repository.
fn name_of(what: &str) -> Result<String, Problems> {
    let without_digest = what.split('@').next().unwrap_or(what);
    let stem = Path::new(without_digest).file_stem();
    let stem = stem.map(|stem| stem.to_string_lossy().to_ascii_lowercase());
    let stem = stem.unwrap_or_default();
    let words = stem.split(|it: char| !it.is_ascii_lowercase() && !it.is_ascii_digit());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let name = words.join("-");
    if name.is_empty() || name.len() > 64 {
        let source_name = what.to_owned();
        return Err(refusal(&CommandError::NoName { source_name }));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn a_name_is_made_of_the_last_part() {
        for (what, name) in [
            ("plugins/doppler.wasm", "doppler"),
            ("./Acme_Rules-v2.wasm", "acme-rules-v2"),
            ("oci://r.example.com/p/consul-kv@sha256:00", "consul-kv"),
        ] {
            assert_eq!(name_of(what).unwrap(), name);
        }
        assert_eq!(
            name_of("./--.wasm").unwrap_err().as_slice()[0].kind,
            "plugin-name"
        );
    }

    #[test]
    fn a_plain_word_is_a_plugin_and_no_file() {
        assert!(!is_source("doppler"));
        for what in [
            "doppler.wasm",
            "./doppler",
            "oci://r.example.com/a@sha256:0",
        ] {
            assert!(is_source(what), "{what}");
        }
    }
}
