//! `[plugins.NAME.credentials."ORIGIN"]`: reading what the host adds to requests.
//!
//! All texts in these tables are concealed: people write tokens where the name of a variable
//! belongs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::credential::{
    CredentialPiece, CredentialSpec, CredentialTemplate, CredentialText, RESERVED_HEADERS,
};
use super::entries::malformed;
use super::error::ManifestError;
use super::names::is_variable;
use super::plugins::origin_of;
use super::reader::{Reader, Table, Value};
use crate::outbound::HttpOrigin;

/// Keys of `[plugins.NAME.credentials."ORIGIN"]`.
pub(super) const CREDENTIAL_KEYS: &[&str] = &["bearer", "basic", "header", "query", "value"];
/// Keys of `basic`.
pub(super) const BASIC_KEYS: &[&str] = &["username", "password"];
/// The keys that say where a credential goes: one of them stands in each table.
const PLACES: [&str; 4] = ["bearer", "basic", "header", "query"];
const ONE_PLACE: &str = "write one of `bearer`, `basic`, `header` and `query`; several credentials of an origin are \
     a list of tables";

/// The credentials of each origin; where each origin stands is told to `at`.
pub(super) fn read(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    mut at: impl FnMut(&mut Reader, &HttpOrigin, &Range<usize>),
) -> BTreeMap<HttpOrigin, Vec<CredentialSpec>> {
    let mut found: BTreeMap<HttpOrigin, Vec<CredentialSpec>> = BTreeMap::new();
    for (key, value) in table.entries() {
        reader.conceal(value);
        let written = Spanned::new(key.span(), key.get_ref().to_string());
        let origin = origin_of(reader, "credentials", &written);
        if let Some(origin) = &origin {
            at(reader, origin, &key.span());
        }
        for (span, spec) in of_origin(reader, table, &written, value) {
            let Some(origin) = &origin else { continue };
            let specs = found.entry(origin.clone()).or_default();
            if specs.iter().any(|other| other.place() == spec.place()) {
                let error = ManifestError::DuplicateCredential {
                    place: spec.place(),
                    origin: origin.to_string(),
                };
                reader.refuse(&error, &span);
                continue;
            }
            specs.push(spec);
        }
    }
    found
}

/// One table, or a list of tables.
fn of_origin(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &Spanned<String>,
    value: &Value<'_>,
) -> Vec<(Range<usize>, CredentialSpec)> {
    let name = format!(
        "[{}.\"{}\"]",
        table.name().trim_matches(['[', ']']),
        key.get_ref()
    );
    let items: Vec<(Range<usize>, &Value<'_>)> = match value.get_ref() {
        DeValue::Array(items) => items.iter().map(|item| (item.span(), item)).collect(),
        _ => vec![(key.span(), value)],
    };
    items
        .into_iter()
        .filter_map(|(span, item)| {
            let table = Table::of(reader, name.clone(), key.get_ref(), span.clone(), item)?;
            Some((span, credential(reader, &table)?))
        })
        .collect()
}

fn credential(reader: &mut Reader, table: &Table<'_, '_>) -> Option<CredentialSpec> {
    table.only(reader, CREDENTIAL_KEYS);
    let places: Vec<&'static str> = PLACES
        .into_iter()
        .filter(|place| table.get(place).is_some())
        .collect();
    let place = match places[..] {
        [place] => place,
        [] => {
            table.missing(reader, "bearer", ONE_PLACE);
            return None;
        }
        [first, second, ..] => {
            table.conflict(reader, first, second, ONE_PLACE);
            return None;
        }
    };
    match place {
        "bearer" | "basic" if table.get("value").is_some() => {
            let advice = "`value` stands beside `header` and `query` only";
            table.conflict(reader, place, "value", advice);
            None
        }
        "bearer" => text(reader, table, "bearer", false).map(CredentialSpec::Bearer),
        "basic" => {
            let basic = table.table(reader, "basic")?;
            basic.only(reader, BASIC_KEYS);
            let username = required(reader, &basic, "username", true);
            let password = required(reader, &basic, "password", false);
            Some(CredentialSpec::Basic {
                username: username?,
                password: password?,
            })
        }
        "header" => {
            let name = header(reader, table);
            let value = required(reader, table, "value", false);
            Some(CredentialSpec::Header {
                name: name?,
                value: value?,
            })
        }
        _ => {
            let name = query(reader, table);
            let value = required(reader, table, "value", false);
            Some(CredentialSpec::Query {
                name: name?,
                value: value?,
            })
        }
    }
}

fn header(reader: &mut Reader, table: &Table<'_, '_>) -> Option<String> {
    let text = table.text(reader, "header")?;
    let name = http::HeaderName::from_bytes(text.get_ref().as_bytes()).ok();
    match name {
        None => {
            let wanted = "the name of a header";
            let example = "header = \"authorization\"";
            malformed(reader, "header", wanted, example, &text.span());
            None
        }
        Some(name) if RESERVED_HEADERS.contains(&name.as_str()) => {
            let name = name.as_str().to_owned();
            reader.refuse(&ManifestError::ReservedHeader { name }, &text.span());
            None
        }
        Some(name) => Some(name.as_str().to_owned()),
    }
}

fn query(reader: &mut Reader, table: &Table<'_, '_>) -> Option<String> {
    let text = table.text(reader, "query")?;
    if text.get_ref().is_empty() || text.get_ref().contains(char::is_control) {
        let wanted = "the name of a query's parameter";
        malformed(reader, "query", wanted, "query = \"token\"", &text.span());
        return None;
    }
    Some(text.into_inner())
}

fn required(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &'static str,
    may_be_literal: bool,
) -> Option<CredentialText> {
    if table.get(key).is_none() {
        let advice = "write a text with `{NAME}` of a variable, or `{ file = \"path\" }`";
        table.missing(reader, key, advice);
    }
    text(reader, table, key, may_be_literal)
}

/// `"...{NAME}..."` or `{ file = "path" }`.
fn text(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &'static str,
    may_be_literal: bool,
) -> Option<CredentialText> {
    let value = table.get(key)?;
    if matches!(value.get_ref(), DeValue::Table(_)) {
        let file = table.table(reader, key)?;
        file.only(reader, &["file"]);
        if file.get("file").is_none() {
            file.missing(reader, "file", "write the file's path");
        }
        let path = file.text(reader, "file")?;
        return path_of(reader, "file", &path).map(CredentialText::File);
    }
    let text = table.text(reader, key)?;
    let Some(template) = template(text.get_ref()) else {
        let wanted = "a text in which `{NAME}` stands for a variable of the launcher";
        let example = "\"Bearer {API_TOKEN}\"; a literal brace is doubled";
        malformed(reader, key, wanted, example, &text.span());
        return None;
    };
    if !may_be_literal && template.variables().next().is_none() {
        let error = ManifestError::CredentialInManifest {
            key: key.to_owned(),
            table: table.name().to_owned(),
        };
        reader.refuse(&error, &text.span());
        return None;
    }
    Some(CredentialText::Template(template))
}

/// A path that something can be at.
pub(super) fn path_of(reader: &mut Reader, key: &str, text: &Spanned<String>) -> Option<PathBuf> {
    if text.get_ref().is_empty() || text.get_ref().contains(char::is_control) {
        let example = "a path relative to the manifest, or one that begins with `/`";
        malformed(reader, key, "a path", example, &text.span());
        return None;
    }
    Some(PathBuf::from(text.get_ref()))
}

/// The pieces of `text`; `None` if the braces do not match, what stands in them is no
/// variable's name, or there is a character that no request could carry.
fn template(text: &str) -> Option<CredentialTemplate> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            literal.push_str(brace);
            rest = after;
            continue;
        }
        let (name, after) = rest.split_once('}').filter(|_| brace == "{")?;
        if !is_variable(name) {
            return None;
        }
        if !literal.is_empty() {
            pieces.push(CredentialPiece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(CredentialPiece::Variable(name.to_owned()));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(CredentialPiece::Literal(literal));
    }
    let sendable = pieces.iter().all(|piece| match piece {
        CredentialPiece::Literal(text) => !text.contains(char::is_control),
        CredentialPiece::Variable(_) => true,
    });
    sendable.then(|| CredentialTemplate::new(pieces))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::CredentialPiece::{Literal, Variable};
    use super::*;

    #[test]
    fn a_template_is_taken_apart_at_its_braces() {
        let pieces = |text| template(text).unwrap().pieces().to_vec();
        assert_eq!(
            pieces("Bearer {A}:{B_2}"),
            [
                Literal("Bearer ".into()),
                Variable("A".into()),
                Literal(":".into()),
                Variable("B_2".into()),
            ]
        );
        assert_eq!(
            pieces("{{{A}}}"),
            [
                Literal("{".into()),
                Variable("A".into()),
                Literal("}".into())
            ]
        );
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn a_template_with_broken_braces_is_none() {
        for text in [
            "{", "}", "{}", "{A", "A}", "{A{B}}", "{1}", "{A:raw}", "{A} }", "a\n{A}",
        ] {
            assert_eq!(template(text), None, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_literal_text() {
        let shown = format!("{:?}", template("dummy-token{A}").unwrap());
        assert_eq!(shown, "[Literal(..), Variable(\"A\")]");
    }
}
