//! `[environments.NAME]`: which backend answers where, and what differs there.

use std::collections::BTreeMap;

use super::error::ManifestError;
use super::model::{Class, Environment, Override};
use super::parse::inherit;
use super::reader::{Reader, Table};
use super::{entries, origin};

/// Keys of `[environments.NAME]`.
pub(super) const ENVIRONMENT_KEYS: &[&str] =
    &["production", "backend", "inherit", "secrets", "config"];
/// Keys of `[environments.NAME.secrets.ENTRY]`.
pub(super) const SECRET_OVERRIDE_KEYS: &[&str] = &["key", "from", "compose", "required"];
/// Keys of `[environments.NAME.config.ENTRY]`.
pub(super) const CONFIG_OVERRIDE_KEYS: &[&str] = &["key", "from", "compose", "default", "required"];

pub(super) fn read(reader: &mut Reader, section: &Table<'_, '_>) -> BTreeMap<String, Environment> {
    section
        .tables(reader)
        .into_iter()
        .map(|(name, table)| {
            table.only(reader, ENVIRONMENT_KEYS);
            let mut overrides = BTreeMap::new();
            for (section, class) in [("secrets", Class::Secret), ("config", Class::Config)] {
                let Some(entries) = table.table(reader, section) else {
                    continue;
                };
                for (entry, changed) in changes(reader, &entries, class) {
                    if overrides.contains_key(&entry) {
                        if !reader.has_room() {
                            continue;
                        }
                        let other = format!("[environments.{}.secrets.{entry}]", name.get_ref());
                        let error = ManifestError::DuplicateName { name: entry, other };
                        reader.refuse(&error, &changed.span);
                        continue;
                    }
                    overrides.insert(entry, changed);
                }
            }
            let environment = Environment {
                span: name.span(),
                production: table.boolean(reader, "production").unwrap_or(false),
                backend: table.text(reader, "backend"),
                inherit: inherit(reader, &table),
                overrides,
            };
            (name.into_inner(), environment)
        })
        .collect()
}

fn changes(reader: &mut Reader, section: &Table<'_, '_>, class: Class) -> Vec<(String, Override)> {
    let (known, values): (&[&str], &[&str]) = match class {
        Class::Secret => (SECRET_OVERRIDE_KEYS, &["default", "value"]),
        Class::Config => (CONFIG_OVERRIDE_KEYS, &[]),
    };
    section
        .tables(reader)
        .into_iter()
        .map(|(name, table)| {
            entries::refuse_values(reader, &table, values);
            table.only_or(reader, known, values);
            let default = match class {
                Class::Secret => None,
                Class::Config => table.text(reader, "default"),
            };
            let changed = Override {
                span: name.span(),
                class,
                origin: origin::read(reader, &table),
                default,
                required: entries::required(reader, &table),
            };
            (name.into_inner(), changed)
        })
        .collect()
}
