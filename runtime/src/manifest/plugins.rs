//! `[plugins.NAME]`: components, what they are granted, and what the host adds for them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;

use super::entries::malformed;
use super::error::ManifestError;
use super::names::is_word;
use super::plugin_model::{Allow, ComponentSource, InertInterface, Plugin};
use super::reader::{Reader, Table};
use super::{component, credentials, limits};
use crate::outbound::HttpOrigin;

/// Keys of `[plugins.NAME]`.
pub(super) const PLUGIN_KEYS: &[&str] = &[
    "component",
    "sha256",
    "signed-by",
    "ca-file",
    "settings",
    "allow",
    "credentials",
    "limits",
];
/// Keys of `allow`: only what the host enforces may be granted.
pub(super) const ALLOW_KEYS: &[&str] = &[
    "http",
    "private-addresses",
    "link-local-addresses",
    "clock",
    "inert",
];

pub(super) fn read(reader: &mut Reader, section: &Table<'_, '_>) -> BTreeMap<String, Plugin> {
    section
        .tables(reader)
        .into_iter()
        .map(|(name, table)| {
            if !is_word(name.get_ref()) {
                let error = ManifestError::BadPluginName {
                    name: name.get_ref().clone(),
                };
                reader.refuse(&error, &name.span());
            }
            let plugin = plugin(reader, name.span(), &table);
            (name.into_inner(), plugin)
        })
        .collect()
}

fn plugin(reader: &mut Reader, span: Range<usize>, table: &Table<'_, '_>) -> Plugin {
    table.only(reader, PLUGIN_KEYS);
    let component = component::read(reader, table);
    let sha256 = sha256(reader, table);
    let signed_by = signed_by(reader, table);
    let ca_file = table
        .text(reader, "ca-file")
        .and_then(|text| credentials::path_of(reader, "ca-file", &text));
    let settings = settings(reader, table);
    let allow = table
        .table(reader, "allow")
        .map(|table| allow(reader, &table))
        .unwrap_or_default();
    let credentials = table
        .table(reader, "credentials")
        .map(|table| {
            credentials::read(reader, &table, |reader, origin, span| {
                granted(reader, "credentials", &allow.http, origin, span);
            })
        })
        .unwrap_or_default();
    let limits = table
        .table(reader, "limits")
        .map(|table| limits::read(reader, &table))
        .unwrap_or_default();
    // One that has no source is declared all the same: its mistake is reported, so there is no
    // manifest, and what names it has no second mistake.
    let nowhere = || Spanned::new(span.clone(), ComponentSource::Path(PathBuf::new()));
    Plugin {
        component: component.unwrap_or_else(nowhere),
        span,
        sha256,
        signed_by,
        ca_file,
        settings,
        allow,
        credentials,
        limits,
    }
}

fn settings(reader: &mut Reader, table: &Table<'_, '_>) -> BTreeMap<String, String> {
    let Some(settings) = table.table(reader, "settings") else {
        return BTreeMap::new();
    };
    settings
        .entries()
        .into_iter()
        .filter_map(|(key, value)| {
            reader.conceal(value);
            let text = settings.text(reader, key.get_ref())?;
            Some((key.get_ref().to_string(), text.into_inner()))
        })
        .collect()
}

/// A digest in lower-case hex.
pub(crate) fn sha256(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Spanned<String>> {
    let text = table.text(reader, "sha256")?;
    let digest = component::hex_digest(text.get_ref());
    if digest.is_none() {
        let wanted = "a digest of 64 hexadecimal digits";
        let example = "what `sha256sum plugin.wasm` prints";
        malformed(reader, "sha256", wanted, example, &text.span());
    }
    Some(Spanned::new(text.span(), digest?))
}

/// A public key of minisign, as one line.
pub(crate) fn signed_by(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Spanned<String>> {
    let text = table.text(reader, "signed-by")?;
    if minisign_verify::PublicKey::from_base64(text.get_ref()).is_err() {
        let wanted = "a public key of minisign";
        let example = "the line of `minisign.pub` that begins with `RW`";
        malformed(reader, "signed-by", wanted, example, &text.span());
        return None;
    }
    Some(text)
}

fn allow(reader: &mut Reader, table: &Table<'_, '_>) -> Allow {
    table.only(reader, ALLOW_KEYS);
    let http: BTreeSet<HttpOrigin> = origins(reader, table, "http", "allow.http")
        .into_iter()
        .map(Spanned::into_inner)
        .collect();
    let mut among_http = |key, shown| -> BTreeSet<HttpOrigin> {
        let origins = origins(reader, table, key, shown);
        for origin in &origins {
            granted(reader, shown, &http, origin.get_ref(), &origin.span());
        }
        origins.into_iter().map(Spanned::into_inner).collect()
    };
    let private_addresses = among_http("private-addresses", "allow.private-addresses");
    let link_local_addresses = among_http("link-local-addresses", "allow.link-local-addresses");
    Allow {
        private_addresses,
        link_local_addresses,
        http,
        clock: table.boolean(reader, "clock").unwrap_or(false),
        inert: inert(reader, table),
    }
}

/// Interfaces that may be imported and do nothing.
pub(crate) fn inert(reader: &mut Reader, table: &Table<'_, '_>) -> BTreeSet<InertInterface> {
    let choices = InertInterface::ALL.map(|interface| (interface.name(), interface));
    table
        .choices(reader, "inert", &choices)
        .unwrap_or_default()
        .into_iter()
        .collect()
}

/// A list of origins; messages call its key `shown`.
pub(crate) fn origins(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &str,
    shown: &str,
) -> Vec<Spanned<HttpOrigin>> {
    table
        .texts(reader, key)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|text| {
            let origin = origin_of(reader, shown, &text)?;
            Some(Spanned::new(text.span(), origin))
        })
        .collect()
}

/// The origin that `text` is, under a key called `key`.
pub(crate) fn origin_of(
    reader: &mut Reader,
    key: &str,
    text: &Spanned<String>,
) -> Option<HttpOrigin> {
    match HttpOrigin::parse(text.get_ref()) {
        Ok(origin) => Some(origin),
        Err(fault) => {
            let key = key.to_owned();
            reader.refuse(&ManifestError::BadOrigin { key, fault }, &text.span());
            None
        }
    }
}

/// Says so if `allow.http` does not have `origin`.
fn granted(
    reader: &mut Reader,
    key: &'static str,
    http: &BTreeSet<HttpOrigin>,
    origin: &HttpOrigin,
    span: &Range<usize>,
) {
    if !http.contains(origin) {
        let origin = origin.to_string();
        reader.refuse(&ManifestError::OriginNotAllowed { key, origin }, span);
    }
}
