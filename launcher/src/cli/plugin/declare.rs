//! The lines that declare a plugin which the manifest does not have yet.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use secret_runtime::error::Problems;
use secret_runtime::manifest::Manifest;
use secret_runtime::plugin::{self, Draft};
use serde_json::{Value, json};

use super::context::Context;
use super::error::{CommandError, refusal};
use super::examine;
use super::{pin, source};

/// A component that was looked at, and the lines that would declare it.
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) draft: Draft,
    component: String,
    sha256: String,
    what: String,
    can: Vec<&'static str>,
}

impl Declaration {
    /// Looks at a component. Nothing of the project is changed.
    pub(super) fn of(context: &Context, name: String, component: String) -> Result<Self, Problems> {
        // The parser judges name and component, as it will when the lines are in the manifest.
        let least = Draft::least(&name, &component);
        let manifest = Manifest::parse(
            Path::new("the lines to add"),
            &format!("version = 1\n{least}"),
            plugin::standard_catalog(),
        )?;
        let declared = &manifest.plugins[&name];
        let supplied = source::get(&name, declared, context.directory())?;
        let examined = examine::examine(&name, &supplied, &context.store)?;
        let about = examined.about.as_ref();
        let draft = Draft::of(&name, &component, &examined.facts, about);
        Ok(Self {
            what: pin::what(&examined),
            can: plugin::can(&examined.facts),
            sha256: supplied.sha256,
            name,
            draft,
            component,
        })
    }

    /// Appends the lines to the manifest, if it is one afterwards.
    pub(super) fn append(&self, context: &Context) -> Result<(), Problems> {
        let end = if context.text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let addition = format!("{end}\n{}", self.draft.text);
        let after = format!("{}{addition}", context.text);
        let fits = Manifest::parse(&context.path, &after, plugin::standard_catalog());
        if let Err(problems) = fits {
            let reason = problems.to_string();
            return Err(refusal(&CommandError::DoesNotFit { reason }));
        }
        let unwritable = |error: std::io::Error| {
            refusal(&CommandError::ManifestUnwritable {
                path: context.path.clone(),
                reason: error.kind().to_string(),
            })
        };
        // Somebody may have an editor open on it.
        let now = std::fs::read(&context.path).map_err(unwritable)?;
        if now != context.text.as_bytes() {
            let path = context.path.clone();
            return Err(refusal(&CommandError::ManifestChanged { path }));
        }
        let mut file = File::options()
            .append(true)
            .open(&context.path)
            .map_err(unwritable)?;
        file.write_all(addition.as_bytes()).map_err(unwritable)?;
        file.sync_all().map_err(unwritable)
    }

    pub(super) fn text(&self, context: &Context, written: bool) -> String {
        let manifest = context.path.display();
        let name = &self.name;
        let next = match (written, self.draft.to_fill.as_slice()) {
            (true, []) => format!("These lines were added to {manifest}.\n\n"),
            (true, to_fill) => format!(
                "These lines were added to {manifest}. Fill in {}, and run\n`secret-run plugin \
                 add {name}`, which pins the plugin.\n",
                to_fill.join(", ")
            ),
            (false, []) => format!(
                "Add these lines to {manifest} and run `secret-run plugin add {name}`, which \
                 pins the\nplugin; or run this again with --write, which does both.\n"
            ),
            (false, to_fill) => format!(
                "Add these lines to {manifest}, fill in {}, and run\n`secret-run plugin add \
                 {name}`, which pins the plugin.\n",
                to_fill.join(", ")
            ),
        };
        let can: String = self.can.iter().map(|it| format!("  it {it}\n")).collect();
        format!("{name}: {}\n{can}\n{}\n{next}", self.what, self.draft.text)
    }

    pub(super) fn json(&self, written: bool) -> Value {
        json!({
            "name": self.name,
            "component": self.component,
            "sha256": self.sha256,
            "lines": self.draft.text,
            "to-fill": self.draft.to_fill,
            "written": written,
        })
    }
}
