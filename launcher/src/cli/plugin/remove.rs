//! `secret-run plugin remove`: takes a plugin out of the lock. The manifest stays its
//! owner's, and the store is shared with other projects.

use clap::Args;
use secret_runtime::error::Problems;
use secret_runtime::line::one_line;
use secret_runtime::manifest::{BackendSettings, Manifest};
use serde_json::json;

use super::context::Context;
use super::error::{CommandError, refusal};
use crate::cli::Options;
use crate::cli::print::{self, Output};
use crate::exit::ExitCode;

/// Take a plugin out of secrets.lock.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// A plugin of secrets.lock; with --purge, of the manifest alone as well.
    name: String,
    /// Remove what was compiled of it and kept of a registry, too, although another project may
    /// use it.
    #[arg(long)]
    purge: bool,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

impl Remove {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let context = Context::load(options)?;
        let name = &self.name;
        let mut lock = context.lock.clone();
        let removed = lock.plugins.remove(name);
        let is_locked = removed.is_some();
        // What was compiled of one that is not locked, or not any more, can be purged all the same.
        let unlocked =
            || context.digest(context.manifest.plugins.get(name).filter(|_| self.purge)?);
        let Some(sha256) = removed.map(|removed| removed.sha256).or_else(unlocked) else {
            let name = name.clone();
            return Err(refusal(&CommandError::NotLocked { name }));
        };
        let mut others = lock.plugins.values();
        let is_shared = others.any(|other| other.sha256 == sha256);
        // Before the lock is written, so that it can be tried again if it fails.
        let purged = if self.purge && !is_shared {
            let gone = context.store.remove(&sha256);
            gone.map_err(|error| refusal(&error))?
        } else {
            false
        };
        if is_locked {
            context.write_lock(&lock)?;
        }
        let left = left(&context.manifest, name);
        match self.format {
            Output::Json => print::json(&json!({
                "name": name,
                "sha256": sha256,
                "purged": purged,
                "left-in-manifest": left,
            })),
            Output::Text => {
                let store = match (self.purge, is_shared) {
                    (false, _) => {
                        "what is compiled of it stays: other projects may use it, and --purge \
                         removes it"
                    }
                    (true, true) => {
                        "another plugin is the same component, so that what is compiled of it stays"
                    }
                    (true, false) if purged => "what was compiled of it is removed",
                    (true, false) => "nothing was compiled of it",
                };
                let lock = if is_locked {
                    "taken out of secrets.lock"
                } else {
                    "not in secrets.lock"
                };
                let mut text = format!("{name}: {lock}; {store}\n");
                if !left.is_empty() {
                    text.push_str("The manifest still has, for you to remove:\n");
                }
                for line in left {
                    text.push_str(&format!("  {line}\n"));
                }
                print::text(&text);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the manifest still declares or uses the plugin.
fn left(manifest: &Manifest, name: &str) -> Vec<String> {
    let source = manifest.source();
    let at = |what: String, span: &std::ops::Range<usize>| {
        let place = source.place(span);
        one_line(&format!("{}:{}: {what}", place.file.display(), place.line))
    };
    let declared = manifest.plugins.get(name).into_iter();
    let declared = declared.map(|plugin| at(format!("[plugins.{name}]"), &plugin.span));
    let backends = manifest.backends.iter().filter(|(_, backend)| {
        matches!(&backend.settings, BackendSettings::Plugin { plugin, .. } if plugin == name)
    });
    let backends = backends
        .map(|(backend, entry)| at(format!("[backends.{backend}] reads from it"), &entry.span));
    let checks = manifest.entries.iter().flat_map(|entry| {
        let checks = entry.checks.iter();
        let checks = checks.filter(|check| check.get_ref().plugin.as_deref() == Some(name));
        checks.map(|check| {
            at(
                format!("`{}` is validated with it", entry.name),
                &check.span(),
            )
        })
    });
    declared.chain(backends).chain(checks).collect()
}
