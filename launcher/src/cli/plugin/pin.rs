//! Checks a declared plugin and makes the entry of secrets.lock for it.

use secret_runtime::error::{Problem, Problems};
use secret_runtime::lock::{Grants, LockedPlugin, Needs};
use secret_runtime::manifest::{ComponentSource, Plugin};
use secret_runtime::plugin::{self, World};
use serde_json::{Value, json};

use super::changes::Changes;
use super::context::Context;
use super::examine::{self, Examined};
use super::source;

/// A plugin that may be pinned.
pub(super) struct Pinned {
    pub(super) name: String,
    pub(super) locked: LockedPlugin,
    what: String,
    may: String,
    notes: Vec<String>,
    changes: Changes,
}

/// Checks all of them, and writes the lock if nothing stands against any.
pub(super) fn pin_all(context: &Context, names: &[&str]) -> Result<Vec<Pinned>, Problems> {
    let (mut pinned, mut problems) = (Vec::new(), Vec::new());
    for name in names {
        match context.plugin(name) {
            Err(found) => problems.extend(found.into_vec()),
            Ok(plugin) => match pin(context, name, plugin) {
                Ok(one) => pinned.push(one),
                Err(found) => problems.extend(found),
            },
        }
    }
    let (pinned, _) = Problems::unless(pinned, problems)?;
    let mut lock = context.lock.clone();
    for one in &pinned {
        lock.plugins.insert(one.name.clone(), one.locked.clone());
    }
    if lock != context.lock {
        context.write_lock(&lock)?;
    }
    Ok(pinned)
}

fn pin(context: &Context, name: &str, plugin: &Plugin) -> Result<Pinned, Vec<Problem>> {
    let placed = |problems: Problems| context.placed(plugin, problems).into_vec();
    let supplied = source::get(name, plugin, context.directory()).map_err(placed)?;
    // What is not the component that is meant is not even asked what it is.
    let refused = supplied.check(name, plugin);
    if !refused.is_empty() {
        let problems = refused.iter().map(|error| context.problem(plugin, error));
        return Err(problems.collect());
    }
    let examined = examine::examine(name, &supplied, &context.store);
    let examined = examined.map_err(placed)?;
    let admission = plugin::admit(name, plugin, &examined.facts, examined.about.as_ref());
    if !admission.refusals.is_empty() {
        let refusals = admission.refusals.iter();
        let problems = refusals.map(|error| context.problem(plugin, error));
        return Err(problems.collect());
    }
    if let ComponentSource::Oci(_) = plugin.component.get_ref() {
        let kept = context
            .store
            .keep_component(&supplied.sha256, &supplied.wasm);
        kept.map_err(|error| vec![context.problem(plugin, &error)])?;
    }
    let locked = LockedPlugin {
        component: plugin.component.get_ref().to_string(),
        sha256: supplied.sha256,
        world: examined.facts.world.name().to_owned(),
        imports: examined.facts.imports.clone(),
        signed_by: plugin.signed_by.as_ref().map(|key| key.get_ref().clone()),
        needs: Needs {
            http: admission.needs.required.clone(),
        },
        grants: Grants::of(plugin),
    };
    let may = plugin::may(
        plugin,
        &examined.facts,
        examined.about.as_ref(),
        &admission.needs,
    );
    let in_vain = plugin::granted_in_vain(plugin, &admission.needs);
    let in_vain = in_vain.iter().map(|origin| {
        format!("it is granted {origin} and does not ask for it, so it does not get it")
    });
    let without = admission.needs.optional.difference(&plugin.allow.http);
    let without =
        without.map(|origin| format!("it would use {origin}, too, and is not granted that"));
    Ok(Pinned {
        name: name.to_owned(),
        what: what(&examined),
        may,
        notes: in_vain.chain(without).collect(),
        changes: Changes::of(name, context.lock.plugins.get(name), &locked),
        locked,
    })
}

/// What it is, in a few words.
pub(super) fn what(examined: &Examined) -> String {
    match (examined.facts.world, &examined.about) {
        (World::Validator, _) => match examined.rules {
            Some(1) => "a validator with 1 rule".to_owned(),
            Some(rules) => format!("a validator with {rules} rules"),
            None => "a validator".to_owned(),
        },
        (World::Backend { writes }, about) => {
            let kind = if writes {
                "a backend that can write"
            } else {
                "a backend"
            };
            match about {
                Some(about) => format!("{kind}: {}", about.summary),
                None => kind.to_owned(),
            }
        }
    }
}

impl Pinned {
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}: {}\n  {}\n", self.name, self.what, self.may);
        for note in &self.notes {
            text.push_str(&format!("  note: {note}\n"));
        }
        text.push_str(&match self.changes.state {
            "new" => format!("  secrets.lock: pinned, sha256 {}\n", self.locked.sha256),
            "unchanged" => "  secrets.lock: unchanged\n".to_owned(),
            _ => "  secrets.lock: changed\n".to_owned(),
        });
        for line in &self.changes.lines {
            text.push_str(&format!("    {line}\n"));
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "component": self.locked.component,
            "sha256": self.locked.sha256,
            "world": self.locked.world,
            "imports": self.locked.imports,
            "needs": self.locked.needs.http.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "may": self.may,
            "notes": self.notes,
            "lock": self.changes.state,
            "changes": self.changes.lines,
        })
    }
}
