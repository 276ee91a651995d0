//! `secret-run plugin compile`: compiles what is pinned, for images and after updates.

use std::path::PathBuf;

use clap::Args;
use secret_runtime::error::Problems;
use secret_runtime::manifest::{ComponentSource, Plugin};
use secret_runtime::plugin::{LARGEST_COMPONENT, Stamp, Store};
use serde_json::{Value, json};

use super::context::Context;
use super::error::{CommandError, refusal};
use super::{examine, source};
use crate::cli::Options;
use crate::cli::print::{self, Output};
use crate::exit::ExitCode;

/// Compile pinned plugins again, for images and new versions of secret-run.
#[derive(Debug, Args)]
pub(super) struct Compile {
    /// Plugins of the manifest [default: all that are in secrets.lock].
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// For which machine, as in `x86_64-unknown-linux-gnu` [default: this one].
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// The folder to write to, instead of the store; it is named in SECRET_RUN_PLUGINS later.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

/// What was compiled.
struct Compiled {
    name: String,
    sha256: String,
    size: usize,
    path: PathBuf,
}

impl Compile {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let context = Context::load(options)?;
        let names: Vec<&str> = if self.names.is_empty() {
            let declared = context.manifest.plugins.keys();
            let pinned = declared.filter(|name| context.lock.plugins.contains_key(*name));
            pinned.map(String::as_str).collect()
        } else {
            self.names.iter().map(String::as_str).collect()
        };
        let store = match &self.out {
            Some(folder) => Store::at(folder.clone()),
            None => context.store.clone(),
        };
        let (mut compiled, mut problems) = (Vec::new(), Vec::new());
        for name in names {
            match self.one(&context, &store, name) {
                Ok(one) => compiled.push(one),
                Err(found) => problems.extend(found.into_vec()),
            }
        }
        let (compiled, _) = Problems::unless(compiled, problems)?;
        match self.format {
            Output::Json => print::json(&json!({
                "compiled": compiled.iter().map(Compiled::json).collect::<Vec<_>>(),
            })),
            Output::Text if compiled.is_empty() => {
                print::text("secrets.lock has no plugin of the manifest: nothing to compile\n");
            }
            Output::Text => {
                let lines = compiled.iter().map(|one| {
                    let kib = one.size.div_ceil(1024);
                    format!("{}: {} ({kib} KiB)\n", one.name, one.path.display())
                });
                print::text(&lines.collect::<String>());
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn one(&self, context: &Context, store: &Store, name: &str) -> Result<Compiled, Problems> {
        let plugin = context.plugin(name)?;
        let place = |problems: Problems| context.placed(plugin, problems);
        let Some(locked) = context.lock.plugins.get(name) else {
            let name = name.to_owned();
            return Err(context
                .problem(plugin, &CommandError::NotLocked { name })
                .into());
        };
        let (wasm, stamp) = component(context, name, plugin, &locked.sha256).map_err(place)?;
        let made = examine::make(name, &wasm, self.target.as_deref()).map_err(place)?;
        let path = store.save(&made, stamp);
        Ok(Compiled {
            name: name.to_owned(),
            sha256: locked.sha256.clone(),
            size: made.size(),
            path: path.map_err(|error| refusal(&error))?,
        })
    }
}

/// The pinned component: from its file, or what was kept of a registry, else from there.
fn component(
    context: &Context,
    name: &str,
    plugin: &Plugin,
    digest: &str,
) -> Result<(Vec<u8>, Option<Stamp>), Problems> {
    let store = &context.store;
    let is_remote = matches!(plugin.component.get_ref(), ComponentSource::Oci(_));
    // One that is damaged is fetched again.
    if is_remote && let Ok(Some(wasm)) = store.kept_component(digest, LARGEST_COMPONENT) {
        return Ok((wasm, None));
    }
    let supplied = source::get(name, plugin, context.directory())?;
    if supplied.sha256 != digest {
        let name = name.to_owned();
        return Err(refusal(&CommandError::NotThePinned { name }));
    }
    if is_remote {
        let kept = store.keep_component(digest, &supplied.wasm);
        kept.map_err(|error| refusal(&error))?;
    }
    Ok((supplied.wasm, supplied.stamp))
}

impl Compiled {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "sha256": self.sha256,
            "path": self.path.display().to_string(),
            "size": self.size,
        })
    }
}
