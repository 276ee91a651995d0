//! `[secrets.NAME]` and `[config.NAME]`.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::cache;
use super::credentials::path_of;
use super::error::ManifestError;
use super::mode::FileMode;
use super::model::{About, Class, Condition, Deliver, Entry, Origin, Previous, Required};
use super::names::is_variable;
use super::origin;
use super::parameters;
use super::reader::{Reader, Table};
use crate::policy::changes_loading;
use crate::rule::Catalog;

/// Keys of `[secrets.NAME]`.
pub(super) const SECRET_KEYS: &[&str] = &[
    "description",
    "owner",
    "tier",
    "rotate-every",
    "key",
    "from",
    "compose",
    "validate",
    "required",
    "previous",
    "deliver",
    "cache",
    "allow-dangerous-name",
];
/// Keys of `[config.NAME]`.
pub(super) const CONFIG_KEYS: &[&str] = &[
    "description",
    "owner",
    "key",
    "from",
    "compose",
    "default",
    "validate",
    "required",
    "allow-dangerous-name",
];
/// Keys of `previous`.
pub(super) const PREVIOUS_KEYS: &[&str] = &["name", "grace"];
/// Keys of `deliver` as a table.
pub(super) const DELIVER_KEYS: &[&str] = &["file", "mode"];

pub(super) fn read(
    reader: &mut Reader,
    section: &Table<'_, '_>,
    class: Class,
    catalog: &Catalog,
) -> Vec<Entry> {
    section
        .tables(reader)
        .into_iter()
        .map(|(name, table)| entry(reader, &name, &table, class, catalog))
        .collect()
}

fn entry(
    reader: &mut Reader,
    name: &Spanned<String>,
    table: &Table<'_, '_>,
    class: Class,
    catalog: &Catalog,
) -> Entry {
    let known = match class {
        Class::Secret => SECRET_KEYS,
        Class::Config => CONFIG_KEYS,
    };
    let values: &[&str] = match class {
        Class::Secret => &["default", "value"],
        Class::Config => &[],
    };
    refuse_values(reader, table, values);
    table.only_or(reader, known, values);
    let allow_dangerous = table
        .boolean(reader, "allow-dangerous-name")
        .unwrap_or(false);
    variable_name(reader, name.get_ref(), &name.span(), allow_dangerous);
    let (default, previous, deliver) = match class {
        Class::Secret => (
            None,
            previous(reader, table, allow_dangerous),
            deliver(reader, table).unwrap_or_default(),
        ),
        Class::Config => (table.text(reader, "default"), None, Deliver::Environment),
    };
    if default.is_some() {
        table.conflict(
            reader,
            "default",
            "required",
            "an entry with a default is never missing",
        );
    }
    Entry {
        name: name.get_ref().clone(),
        span: name.span(),
        class,
        about: about(reader, table),
        origin: origin::read(reader, table).unwrap_or(Origin::OwnName),
        default,
        required: required(reader, table).unwrap_or(Required::Always),
        checks: parameters::checks(reader, table, catalog),
        previous,
        deliver,
        cache: match class {
            Class::Secret => cache::of(reader, table),
            Class::Config => None,
        },
    }
}

/// A secret has no value in the manifest: not a default, not a literal.
pub(super) fn refuse_values(reader: &mut Reader, table: &Table<'_, '_>, keys: &[&str]) {
    for key in keys {
        let (Some(span), Some(value)) = (table.key_span(key), table.get(key)) else {
            continue;
        };
        reader.conceal(value);
        let error = ManifestError::ValueInManifest {
            key: (*key).to_owned(),
            table: table.name().to_owned(),
        };
        reader.refuse(&error, &span);
    }
}

fn variable_name(reader: &mut Reader, name: &str, span: &Range<usize>, allow_dangerous: bool) {
    if !is_variable(name) {
        let name = name.to_owned();
        reader.refuse(&ManifestError::BadName { name }, span);
    } else if let Some(reason) = changes_loading(name)
        && !allow_dangerous
    {
        let name = name.to_owned();
        reader.refuse(&ManifestError::DangerousName { name, reason }, span);
    }
}

fn about(reader: &mut Reader, table: &Table<'_, '_>) -> About {
    let tier = table.integer(reader, "tier").and_then(|tier| {
        let number = u8::try_from(*tier.get_ref())
            .ok()
            .filter(|n| (1..=9).contains(n));
        if number.is_none() {
            malformed(
                reader,
                "tier",
                "a tier from 1 (critical) to 9",
                "tier = 1",
                &tier.span(),
            );
        }
        number
    });
    About {
        description: table.text(reader, "description").map(Spanned::into_inner),
        owner: table.text(reader, "owner").map(Spanned::into_inner),
        tier,
        rotate_every: duration(reader, table, "rotate-every"),
    }
}

/// `required = true | false | { when = { NAME = "value" } }`.
pub(super) fn required(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Required> {
    let value = table.get("required")?;
    match value.get_ref() {
        DeValue::Boolean(true) => Some(Required::Always),
        DeValue::Boolean(false) => Some(Required::Never),
        DeValue::Table(_) => {
            let required = table.table(reader, "required")?;
            required.only(reader, &["when"]);
            if required.get("when").is_none() {
                required.missing(reader, "when", "write `{ when = { NAME = \"value\" } }`");
            }
            let when = required.table(reader, "when")?;
            let conditions = when
                .entries()
                .into_iter()
                .filter_map(|(name, _)| {
                    let values = match when.get(name.get_ref())?.get_ref() {
                        DeValue::Array(_) => when.texts(reader, name.get_ref())?,
                        _ => vec![when.text(reader, name.get_ref())?],
                    };
                    Some(Condition {
                        name: Spanned::new(name.span(), name.get_ref().to_string()),
                        values: values.into_iter().map(Spanned::into_inner).collect(),
                    })
                })
                .collect();
            Some(Required::When(conditions))
        }
        _ => {
            reader.wrong_type(
                "required",
                "true, false, or `{ when = { NAME = \"value\" } }`",
                value,
            );
            None
        }
    }
}

fn previous(reader: &mut Reader, table: &Table<'_, '_>, allow_dangerous: bool) -> Option<Previous> {
    let previous = table.table(reader, "previous")?;
    previous.only(reader, PREVIOUS_KEYS);
    const NAME: &str = "write the variable that gets the version before";
    const GRACE: &str = "write how long the version before is honoured, as in `grace = \"48h\"`";
    for (key, advice) in [("name", NAME), ("grace", GRACE)] {
        if previous.get(key).is_none() {
            previous.missing(reader, key, advice);
        }
    }
    let name = previous.text(reader, "name")?;
    variable_name(reader, name.get_ref(), &name.span(), allow_dangerous);
    let grace = duration(reader, &previous, "grace")?;
    Some(Previous { name, grace })
}

/// `deliver = "environment" | "file" | { file = "path", mode = "0400" }`.
fn deliver(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Deliver> {
    let value = table.get("deliver")?;
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        let choices = [("environment", false), ("file", true)];
        let in_memory = table.choice(reader, "deliver", &choices)?;
        return Some(if in_memory.into_inner() {
            Deliver::Memory
        } else {
            Deliver::Environment
        });
    }
    let deliver = table.table(reader, "deliver")?;
    deliver.only(reader, DELIVER_KEYS);
    if deliver.get("file").is_none() {
        deliver.missing(
            reader,
            "file",
            "write the file's path, or `deliver = \"file\"` for none",
        );
    }
    let mode = deliver.text(reader, "mode").map_or_else(
        || Some(FileMode::default()),
        |text| {
            let mode = FileMode::parse(text.get_ref());
            if mode.is_none() {
                let wanted = "a mode that lets the owner read and gives others nothing";
                let example = "mode = \"0400\" or \"0440\"";
                malformed(reader, "mode", wanted, example, &text.span());
            }
            mode
        },
    );
    let path = deliver.text(reader, "file")?;
    let path = path_of(reader, "file", &path)?;
    Some(Deliver::File { path, mode: mode? })
}

/// A text such as `48h`.
pub(super) fn duration(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &'static str,
) -> Option<Duration> {
    let text = table.text(reader, key)?;
    match humantime::parse_duration(text.get_ref()) {
        Ok(duration) => Some(duration),
        Err(_) => {
            malformed(
                reader,
                key,
                "a duration",
                "\"90d\", \"48h\" or \"30m\"",
                &text.span(),
            );
            None
        }
    }
}

/// Says that a text does not have the form it must have.
pub(crate) fn malformed(
    reader: &mut Reader,
    key: &str,
    wanted: &'static str,
    example: &'static str,
    span: &Range<usize>,
) {
    let key = key.to_owned();
    reader.refuse(
        &ManifestError::Malformed {
            key,
            wanted,
            example,
        },
        span,
    );
}
