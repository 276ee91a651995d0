//! `secret-run plugin list`: the plugins of the manifest and of the lock, and how they stand.

use clap::Args;
use secret_runtime::error::{Explain, Problems};
use secret_runtime::lock::{self, LockedPlugin};
use secret_runtime::manifest::Plugin;
use secret_runtime::plugin::World;
use serde::Serialize;
use serde_json::json;

use super::context::Context;
use crate::cli::Options;
use crate::cli::print::{self, Output};
use crate::exit::ExitCode;
use crate::table::Table;

/// List the plugins of the manifest, and whether they are pinned and compiled.
#[derive(Debug, Args)]
pub(super) struct List {
    /// How the list is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Serialize)]
struct Row {
    name: String,
    /// `validator` or `backend`, where it is known.
    world: Option<&'static str>,
    component: String,
    /// `pinned`, `differs`, `not pinned` or `not declared`.
    state: &'static str,
    /// In what manifest, lock and file differ.
    differences: Vec<String>,
    compiled: bool,
    /// Why what is compiled is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
    origins: Vec<String>,
}

impl List {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let context = Context::load(options)?;
        let declared = context.manifest.plugins.iter();
        let mut rows: Vec<Row> = declared
            .map(|(name, plugin)| declared_row(&context, name, plugin))
            .collect();
        let locked = context.lock.plugins.iter();
        let undeclared = locked.filter(|(name, _)| !context.manifest.plugins.contains_key(*name));
        rows.extend(undeclared.map(|(name, locked)| undeclared_row(&context, name, locked)));
        match self.format {
            Output::Json => print::json(&json!({ "plugins": rows })),
            Output::Text if rows.is_empty() => print::text("the manifest declares no plugin\n"),
            Output::Text => print::text(&text(&rows)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn declared_row(context: &Context, name: &str, plugin: &Plugin) -> Row {
    let locked = context.lock.plugins.get(name);
    let in_file = context.digest_of_file(plugin);
    let mut differences: Vec<String> = match locked {
        None => Vec::new(),
        Some(locked) => {
            let found = lock::compare(name, plugin, locked);
            found.iter().map(ToString::to_string).collect()
        }
    };
    if let (Some(locked), Some(in_file)) = (locked, &in_file)
        && locked.sha256 != *in_file
    {
        differences.push(format!(
            "the component of `{name}` has the sha256 {in_file}"
        ));
    }
    let state = match locked {
        None => "not pinned",
        Some(_) if differences.is_empty() => "pinned",
        Some(_) => "differs",
    };
    let digest = locked.map(|locked| locked.sha256.clone());
    let digest = digest.or_else(|| Some(plugin.sha256.as_ref()?.get_ref().clone()));
    let stored = Stored::of(context, digest.or(in_file).as_deref());
    let world = locked.map(|locked| locked.world.clone()).or(stored.world);
    Row {
        name: name.to_owned(),
        world: world.as_deref().and_then(short),
        component: plugin.component.get_ref().to_string(),
        state,
        differences,
        compiled: stored.compiled,
        damage: stored.damage,
        origins: plugin.allow.http.iter().map(ToString::to_string).collect(),
    }
}

fn undeclared_row(context: &Context, name: &str, locked: &LockedPlugin) -> Row {
    let stored = Stored::of(context, Some(&locked.sha256));
    Row {
        name: name.to_owned(),
        world: short(&locked.world),
        component: locked.component.clone(),
        state: "not declared",
        differences: Vec::new(),
        compiled: stored.compiled,
        damage: stored.damage,
        origins: locked.grants.http.iter().map(ToString::to_string).collect(),
    }
}

/// What the store has of a component.
#[derive(Default)]
struct Stored {
    compiled: bool,
    world: Option<String>,
    damage: Option<String>,
}

impl Stored {
    fn of(context: &Context, digest: Option<&str>) -> Self {
        match digest.map(|digest| context.store.record(digest)) {
            None | Some(Ok(None)) => Self::default(),
            Some(Ok(Some(record))) => Self {
                compiled: true,
                world: Some(record.world),
                damage: None,
            },
            Some(Err(error)) => Self {
                damage: Some(match error.hint() {
                    Some(hint) => format!("{error}; {hint}"),
                    None => error.to_string(),
                }),
                ..Self::default()
            },
        }
    }
}

fn short(world: &str) -> Option<&'static str> {
    Some(match World::named(world)? {
        World::Validator => "validator",
        World::Backend { writes: false } => "backend",
        World::Backend { writes: true } => "backend, writes",
    })
}

fn text(rows: &[Row]) -> String {
    let mut table = Table::new(&["NAME", "IS", "COMPONENT", "LOCK", "COMPILED", "ORIGINS"]);
    for row in rows {
        table.row([
            row.name.clone(),
            row.world.unwrap_or("?").to_owned(),
            row.component.clone(),
            row.state.to_owned(),
            if row.compiled { "yes" } else { "no" }.to_owned(),
            row.origins.join(", "),
        ]);
    }
    let mut text = table.to_string();
    let notes = rows
        .iter()
        .flat_map(|row| row.differences.iter().chain(&row.damage));
    for (index, note) in notes.enumerate() {
        if index == 0 {
            text.push('\n');
        }
        text.push_str(&format!("{note}\n"));
    }
    text
}
