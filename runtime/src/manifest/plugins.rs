//! `[plugins.NAME]`: components, what they are granted, and what the host adds for them.

use std::collections::BTreeMap;

use toml::Spanned;

use super::entries::malformed;
use super::model::Plugin;
use super::reader::{Reader, Table};

/// Keys of `[plugins.NAME]`.
pub(super) const PLUGIN_KEYS: &[&str] =
    &["component", "sha256", "settings", "allow", "credentials"];
/// Keys of `allow`: only what the host enforces may be granted.
pub(super) const ALLOW_KEYS: &[&str] = &["http"];
/// Keys of `[plugins.NAME.credentials."ORIGIN"]`.
pub(super) const CREDENTIAL_KEYS: &[&str] = &["header", "value"];

pub(super) fn read(reader: &mut Reader, section: &Table<'_, '_>) -> BTreeMap<String, Plugin> {
    section
        .tables(reader)
        .into_iter()
        .filter_map(|(name, table)| {
            let plugin = plugin(reader, name.span(), &table)?;
            Some((name.into_inner(), plugin))
        })
        .collect()
}

fn plugin(
    reader: &mut Reader,
    span: std::ops::Range<usize>,
    table: &Table<'_, '_>,
) -> Option<Plugin> {
    table.only(reader, PLUGIN_KEYS);
    if let Some(settings) = table.table(reader, "settings") {
        for (key, value) in settings.entries() {
            reader.conceal(value);
            settings.text(reader, key.get_ref());
        }
    }
    if let Some(allow) = table.table(reader, "allow") {
        allow.only(reader, ALLOW_KEYS);
        allow.texts(reader, "http");
    }
    credentials(reader, table);
    let sha256 = table
        .text(reader, "sha256")
        .and_then(|digest| digest_of(reader, &digest));
    if table.get("component").is_none() {
        table.missing(reader, "component", "write the path of the .wasm file");
    }
    let component = table.text(reader, "component")?.into_inner();
    Some(Plugin {
        span,
        component,
        sha256,
    })
}

fn digest_of(reader: &mut Reader, digest: &Spanned<String>) -> Option<String> {
    let text = digest.get_ref();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    let example = "what `sha256sum plugin.wasm` prints";
    malformed(
        reader,
        "sha256",
        "a digest of 64 hexadecimal digits",
        example,
        &digest.span(),
    );
    None
}

fn credentials(reader: &mut Reader, table: &Table<'_, '_>) {
    let Some(credentials) = table.table(reader, "credentials") else {
        return;
    };
    for (_, origin) in credentials.tables(reader) {
        if let Some(value) = origin.get("value") {
            reader.conceal(value);
        }
        origin.only(reader, CREDENTIAL_KEYS);
        origin.text(reader, "header");
        if !matches!(
            origin.get("value").map(Spanned::get_ref),
            Some(toml::de::DeValue::Table(_))
        ) {
            origin.text(reader, "value");
        } else if let Some(file) = origin.table(reader, "value") {
            file.only(reader, &["file"]);
            file.text(reader, "file");
        }
    }
}
