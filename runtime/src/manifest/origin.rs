//! Where a value comes from: `from`, `key` or `compose` of an entry or an override.
//!
//! People paste a value where it is asked for, so that what is refused here is never shown.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::error::ManifestError;
use super::model::Origin;
use super::reader::{Reader, Table, Value};
use crate::ciphertext::{is_ciphertext, lacks_mark};
use crate::extract::Field;
use crate::reference::{Reference, ReferenceError};
use crate::template::Template;

/// Keys of `from` as a table.
pub(super) const FROM_KEYS: &[&str] = &["backend", "path", "version", "field"];
/// Keys of `key` as a table.
pub(super) const KEY_KEYS: &[&str] = &["path", "version", "field"];

const COMPOSED_HAS_NO_KEY: &str = "a composed value is made of other values; keep one of the two";

/// `from`, `key`, or `compose`: at most one of them.
pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Origin> {
    let clash = table.conflict(reader, "compose", "from", COMPOSED_HAS_NO_KEY)
        | table.conflict(reader, "compose", "key", COMPOSED_HAS_NO_KEY)
        | table.conflict(reader, "compose", "previous", COMPOSED_HAS_NO_KEY)
        | table.conflict(
            reader,
            "from",
            "key",
            "`from` names backend and path, `key` a path in the environment's backend; keep one",
        );
    if clash {
        for key in ["from", "key", "compose"] {
            conceal(reader, table, key);
        }
        return None;
    }
    if table.get("compose").is_some() {
        return compose(reader, table);
    }
    if let Some(reference) = reference(reader, table, "from", FROM_KEYS, Reference::parse_absolute)
    {
        return Some(Origin::From(reference));
    }
    reference(reader, table, "key", KEY_KEYS, Reference::parse_relative).map(Origin::Key)
}

fn compose(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Origin> {
    let text = table.text(reader, "compose")?;
    match Template::parse(text.get_ref()) {
        Ok(template) if template.has_literal_password() => {
            conceal(reader, table, "compose");
            let error = ManifestError::ValueInManifest {
                key: "compose".into(),
                table: table.name().to_owned(),
            };
            reader.refuse(&error, &text.span());
            None
        }
        Ok(template) => Some(Origin::Compose(Spanned::new(text.span(), template))),
        Err(error) => {
            conceal(reader, table, "compose");
            let span = inside(reader, &text, error.span());
            reader.say(&error, &span);
            None
        }
    }
}

fn conceal(reader: &mut Reader, table: &Table<'_, '_>, key: &str) {
    if let Some(value) = table.get(key) {
        reader.conceal(value);
    }
}

fn reference(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &'static str,
    keys: &[&str],
    parse: fn(&str) -> Result<Reference, ReferenceError>,
) -> Option<Spanned<Reference>> {
    let value = table.get(key)?;
    if let DeValue::Table(_) = value.get_ref() {
        let parts = table.table(reader, key)?;
        parts.only(reader, keys);
        let path = parts.text(reader, "path");
        let lacks = |key| parts.get(key).is_none();
        if lacks("path") || (key == "from" && lacks("backend")) {
            reader.conceal(value);
        }
        if lacks("path") {
            parts.missing(
                reader,
                "path",
                "write where the document stands in the backend",
            );
        }
        if key == "from" && lacks("backend") {
            parts.missing(
                reader,
                "backend",
                "write the backend's name, as in [backends]",
            );
        }
        let text = |reader: &mut Reader, key| parts.text(reader, key).map(Spanned::into_inner);
        let (backend, version) = (text(reader, "backend"), text(reader, "version"));
        let field = match parts.text(reader, "field") {
            None => None,
            Some(field) => match Field::parse(field.get_ref()) {
                Ok(parsed) => Some(parsed),
                Err(error) => {
                    reader.conceal(value);
                    let span = inside(reader, &field, error.span());
                    reader.say(&error, &span);
                    return None;
                }
            },
        };
        let (path, backend, version) = (path?, backend.as_deref(), version.as_deref());
        conceal_ciphertext(reader, &path);
        return match Reference::from_parts(backend, path.get_ref(), version, field) {
            Ok(reference) => Some(Spanned::new(covering(value), reference)),
            Err(error) => {
                reader.conceal(value);
                reader.say(&error, &value.span());
                None
            }
        };
    }
    let text = table.text(reader, key)?;
    match parse(text.get_ref()) {
        Ok(reference) => {
            let path = Spanned::new(text.span(), reference.path().to_owned());
            conceal_ciphertext(reader, &path);
            Some(Spanned::new(text.span(), reference))
        }
        Err(error) => {
            reader.conceal(value);
            let span = inside(reader, &text, error.span());
            reader.say(&error, &span);
            None
        }
    }
}

/// All of a table. The span of one by dotted keys (`from.path = "a"`) is that of a key alone, and
/// who finds something wrong with it later conceals its span.
fn covering(table: &Value<'_>) -> Range<usize> {
    let mut span = table.span();
    if let DeValue::Table(parts) = table.get_ref() {
        for (_, part) in parts {
            span.start = span.start.min(part.span().start);
            span.end = span.end.max(part.span().end);
        }
    }
    span
}

/// No message shows ciphertext, which is long and nothing that anybody reads.
fn conceal_ciphertext(reader: &mut Reader, path: &Spanned<String>) {
    if is_ciphertext(path.get_ref()) || lacks_mark(path.get_ref()) {
        reader.source.conceal(path.span());
    }
}

/// The part of a string in the file that a part of its text comes from. Where the string
/// has escapes, the two differ in length, and the whole string is named instead.
fn inside(reader: &Reader, text: &Spanned<String>, part: Range<usize>) -> Range<usize> {
    let span = text.span();
    let quote = (span.len().saturating_sub(text.get_ref().len())) / 2;
    let plain = span.len() == text.get_ref().len() + 2 * quote
        && reader.source.slice(&(span.start + quote..span.end - quote)) == Some(text.get_ref());
    if plain {
        let from = span.start + quote;
        from + part.start.min(text.get_ref().len())..from + part.end.min(text.get_ref().len())
    } else {
        span
    }
}
