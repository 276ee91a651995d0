//! Reading a lock: all mistakes at once, each with its place.
//!
//! A lock is written by this program and changed by people and merges. What is not exactly a
//! lock is refused, so that nothing in it is passed over in a review.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Spanned;

use super::error::LockError;
use super::{Grants, LARGEST_LOCK, LockFile, LockedPlugin, Needs, VERSION};
use crate::error::Problems;
use crate::manifest::forms::{
    Reader, Table, inert, is_word, malformed, origins, sha256, signed_by,
};
use crate::manifest::{ManifestError, Source};
use crate::outbound::HttpOrigin;

const ROOT_KEYS: &[&str] = &["version", "plugins"];
const PLUGIN_KEYS: &[&str] = &[
    "component",
    "sha256",
    "world",
    "imports",
    "signed-by",
    "needs",
    "grants",
];
const NEEDS_KEYS: &[&str] = &["http"];
const GRANT_KEYS: &[&str] = &[
    "http",
    "private-addresses",
    "link-local-addresses",
    "clock",
    "inert",
    "credentials",
    "limits",
    "ca-file",
];
const ADVICE: &str = "run `secret-run plugin add` for this plugin, which writes it";

impl LockFile {
    /// Reads `text`, which stands in the file `path`.
    ///
    /// # Errors
    /// All mistakes of the lock, in the order of the file. Of another version it is said that
    /// it is one, and nothing else.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        let mut reader = Reader::new(Source::new(path, text));
        let lock = document(&mut reader, text);
        let (_, problems) = reader.finish();
        let (lock, _) = Problems::unless(lock, problems)?;
        Ok(lock.unwrap_or_default())
    }
}

/// The lock; `None` if a problem was reported that says it all.
fn document(reader: &mut Reader, text: &str) -> Option<LockFile> {
    if text.len() > LARGEST_LOCK {
        let limit = LARGEST_LOCK;
        reader.say(&LockError::TooLarge { limit }, &(0..0));
        return None;
    }
    let document = reader.document(text, |message| LockError::Syntax { message })?;
    let root = Table::root("the lock", &document);
    if root.get("version").is_none() {
        root.missing(reader, "version", "begin the file with `version = 1`");
    } else if let Some(version) = root.integer(reader, "version")
        && *version.get_ref() != VERSION
    {
        let found = *version.get_ref();
        reader.say(&LockError::UnknownVersion { found }, &version.span());
        return None;
    }
    root.only(reader, ROOT_KEYS);
    let Some(plugins) = root.table(reader, "plugins") else {
        return Some(LockFile::default());
    };
    let plugins = plugins.tables(reader).into_iter();
    let plugins = plugins.filter_map(|(name, table)| {
        if !is_word(name.get_ref()) {
            let error = ManifestError::BadPluginName {
                name: name.get_ref().clone(),
            };
            reader.refuse(&error, &name.span());
        }
        Some((name.into_inner(), plugin(reader, &table)?))
    });
    Some(LockFile {
        plugins: plugins.collect(),
    })
}

fn plugin(reader: &mut Reader, table: &Table<'_, '_>) -> Option<LockedPlugin> {
    table.only(reader, PLUGIN_KEYS);
    for key in ["component", "sha256", "world"] {
        if table.get(key).is_none() {
            table.missing(reader, key, ADVICE);
        }
    }
    let component = line(reader, table, "component");
    let sha256 = sha256(reader, table);
    let world = line(reader, table, "world");
    let imports = lines(reader, table, "imports");
    let signed_by = signed_by(reader, table);
    let needs = table
        .table(reader, "needs")
        .map(|table| {
            table.only(reader, NEEDS_KEYS);
            Needs {
                http: origin_set(reader, &table, "http"),
            }
        })
        .unwrap_or_default();
    let grants = table
        .table(reader, "grants")
        .map(|table| grants(reader, &table))
        .unwrap_or_default();
    Some(LockedPlugin {
        component: component?,
        sha256: sha256?.into_inner(),
        world: world?,
        imports,
        signed_by: signed_by.map(Spanned::into_inner),
        needs,
        grants,
    })
}

fn grants(reader: &mut Reader, table: &Table<'_, '_>) -> Grants {
    table.only(reader, GRANT_KEYS);
    Grants {
        http: origin_set(reader, table, "http"),
        private_addresses: origin_set(reader, table, "private-addresses"),
        link_local_addresses: origin_set(reader, table, "link-local-addresses"),
        clock: table.boolean(reader, "clock").unwrap_or(false),
        inert: inert(reader, table),
        credentials: lines(reader, table, "credentials"),
        limits: lines(reader, table, "limits"),
        ca_file: line(reader, table, "ca-file"),
    }
}

fn origin_set(reader: &mut Reader, table: &Table<'_, '_>, key: &str) -> BTreeSet<HttpOrigin> {
    origins(reader, table, key, key)
        .into_iter()
        .map(Spanned::into_inner)
        .collect()
}

fn line(reader: &mut Reader, table: &Table<'_, '_>, key: &str) -> Option<String> {
    let text = table.text(reader, key)?;
    one_line(reader, key, text)
}

fn lines(reader: &mut Reader, table: &Table<'_, '_>, key: &str) -> BTreeSet<String> {
    table
        .texts(reader, key)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|text| one_line(reader, key, text))
        .collect()
}

/// These texts are shown in messages, so they are lines without control characters.
fn one_line(reader: &mut Reader, key: &str, text: Spanned<String>) -> Option<String> {
    if text.get_ref().is_empty() || text.get_ref().contains(char::is_control) {
        let example = "what `secret-run plugin add` writes";
        malformed(reader, key, "a line of text", example, &text.span());
        return None;
    }
    Some(text.into_inner())
}
