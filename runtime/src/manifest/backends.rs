//! `[backends.NAME]`: the places that values come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;

use super::aws::{self, AWS_KEYS, AwsStore};
use super::cache;
use super::entries::malformed;
use super::model::{BackendEntry, BackendSettings, NameCase};
use super::reader::{Reader, Table};
use super::resilience::{Patience, patience};
use super::vault::{self, VAULT_KEYS};

/// Keys of each kind, beside `kind`.
pub(super) const BACKEND_KEYS: &[(&str, &[&str])] = &[
    ("env", &["files"]),
    ("file", &["directory", "names"]),
    ("aws-secrets-manager", AWS_KEYS),
    ("aws-parameter-store", AWS_KEYS),
    ("vault", VAULT_KEYS),
    (
        "plugin",
        &["plugin", "prefix", "deadline", "attempts", "cache"],
    ),
];

const WHICH_KIND: &str = "write `kind = \"env\"`, \"file\", \"aws-secrets-manager\", \
     \"aws-parameter-store\", \"vault\" or \"plugin\"";

/// The files of an `env` backend that names none.
pub(super) const DEFAULT_FILES: &[&str] = &[".env"];

pub(super) fn read(reader: &mut Reader, section: &Table<'_, '_>) -> BTreeMap<String, BackendEntry> {
    section
        .tables(reader)
        .into_iter()
        .filter_map(|(name, table)| {
            let settings = settings(reader, &table)?;
            let is_remote = settings.is_remote();
            let entry = BackendEntry {
                span: name.span(),
                patience: match is_remote {
                    true => patience(reader, &table),
                    false => Patience::default(),
                },
                cache: match is_remote {
                    true => cache::of(reader, &table),
                    false => None,
                },
                settings,
            };
            Some((name.into_inner(), entry))
        })
        .collect()
}

fn settings(reader: &mut Reader, table: &Table<'_, '_>) -> Option<BackendSettings> {
    if table.get("kind").is_none() {
        table.missing(reader, "kind", WHICH_KIND);
        return None;
    }
    let kinds: Vec<(&str, &(&str, &[&str]))> =
        BACKEND_KEYS.iter().map(|keys| (keys.0, keys)).collect();
    let (kind, keys) = *table.choice(reader, "kind", &kinds)?.into_inner();
    table.only(reader, &[&["kind"], keys].concat());
    match kind {
        "env" => {
            let files = table.texts(reader, "files").map_or_else(
                || DEFAULT_FILES.iter().map(PathBuf::from).collect(),
                |files| {
                    files
                        .into_iter()
                        .map(|file| PathBuf::from(file.into_inner()))
                        .collect()
                },
            );
            Some(BackendSettings::Env { files })
        }
        "file" => {
            if table.get("directory").is_none() {
                let advice = "write the folder, as in `directory = \"/run/secrets\"`";
                table.missing(reader, "directory", advice);
            }
            let choices = [
                ("as-written", NameCase::AsWritten),
                ("lower-case", NameCase::LowerCase),
            ];
            let names = table.choice(reader, "names", &choices);
            Some(BackendSettings::File {
                directory: PathBuf::from(table.text(reader, "directory")?.into_inner()),
                names: names.map(Spanned::into_inner).unwrap_or_default(),
            })
        }
        "vault" => vault::read(reader, table).map(|vault| BackendSettings::Vault(Box::new(vault))),
        "plugin" => {
            if table.get("plugin").is_none() {
                table.missing(reader, "plugin", "write which of [plugins] it is");
            }
            let prefix = table.text(reader, "prefix");
            if let Some(prefix) = prefix
                .as_ref()
                .filter(|prefix| prefix.get_ref().contains(char::is_control))
            {
                let wanted = "a text without control characters";
                malformed(
                    reader,
                    "prefix",
                    wanted,
                    "prefix = \"app/\"",
                    &prefix.span(),
                );
            }
            Some(BackendSettings::Plugin {
                plugin: table.text(reader, "plugin")?.into_inner(),
                prefix: prefix.map(Spanned::into_inner).unwrap_or_default(),
            })
        }
        "aws-secrets-manager" => {
            let aws = aws::read(reader, table, AwsStore::SecretsManager);
            Some(BackendSettings::Aws(aws))
        }
        _ => {
            let aws = aws::read(reader, table, AwsStore::ParameterStore);
            Some(BackendSettings::Aws(aws))
        }
    }
}
