//! `validate = ...`: rules and their parameters.

use toml::Spanned;
use toml::de::DeValue;

use super::entries::malformed;
use super::names::is_word;
use super::reader::{Reader, Table, Value};
use crate::rule::{Catalog, Check, CheckError, ParameterValue};

/// `validate = "rule"`, `{ rule = "...", ... }`, or a list of these.
pub(super) fn checks(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    catalog: &Catalog,
) -> Vec<Spanned<Check>> {
    let Some(value) = table.get("validate") else {
        return Vec::new();
    };
    match value.get_ref() {
        DeValue::Array(items) => items
            .iter()
            .filter_map(|item| check(reader, table, item, catalog))
            .collect(),
        _ => check(reader, table, value, catalog).into_iter().collect(),
    }
}

fn check(
    reader: &mut Reader,
    entry: &Table<'_, '_>,
    value: &Value<'_>,
    catalog: &Catalog,
) -> Option<Spanned<Check>> {
    const WANTED: &str = "a rule's name, `{ rule = \"...\" }` with parameters, or a list of these";
    match value.get_ref() {
        DeValue::String(rule) => {
            let rule = Spanned::new(value.span(), rule.to_string());
            let Some(check) = named(reader, "validate", &rule, Vec::new()) else {
                reader.conceal(value);
                return None;
            };
            for error in refusals(catalog, &check) {
                reader.say(&error, &value.span());
            }
            Some(Spanned::new(value.span(), check))
        }
        DeValue::Table(_) => {
            let name = format!("`validate` of {}", entry.name());
            let table = Table::of(reader, name, "validate", value.span(), value)?;
            if table.get("rule").is_none() {
                table.missing(
                    reader,
                    "rule",
                    "write the rule's name; `secret-run rules` lists them",
                );
            }
            let rule = table.text(reader, "rule")?;
            let parameters = table
                .entries()
                .into_iter()
                .filter(|(key, _)| key.get_ref() != "rule")
                .filter_map(|(key, value)| {
                    let parameter = parameter(reader, key.get_ref(), value)?;
                    Some((key.get_ref().to_string(), parameter))
                })
                .collect();
            let Some(check) = named(reader, "rule", &rule, parameters) else {
                reader.conceal(value);
                return None;
            };
            for error in refusals(catalog, &check) {
                let name = error.parameter();
                match name.and_then(|name| Some((table.key_span(name)?, table.get(name)?))) {
                    // Nobody asked for it, so it could be a value.
                    Some((key, parameter)) => {
                        reader.conceal(parameter);
                        reader.say(&error, &key);
                    }
                    None => {
                        // Of a rule that there is not, no parameter is known.
                        if let CheckError::UnknownRule { .. } = error {
                            let parameters = table.entries().into_iter();
                            let parameters = parameters.filter(|(key, _)| key.get_ref() != "rule");
                            parameters.for_each(|(_, parameter)| reader.conceal(parameter));
                        }
                        reader.say(&error, &value.span());
                    }
                }
            }
            Some(Spanned::new(value.span(), check))
        }
        _ => {
            reader.wrong_type("validate", WANTED, value);
            None
        }
    }
}

/// `rule` or `plugin/rule`.
fn named(
    reader: &mut Reader,
    key: &str,
    written: &Spanned<String>,
    parameters: Vec<(String, ParameterValue)>,
) -> Option<Check> {
    let (plugin, rule) = match written.get_ref().split_once('/') {
        Some((plugin, rule)) => (Some(plugin.to_owned()), rule),
        None => (None, written.get_ref().as_str()),
    };
    if plugin.is_some() && !is_word(rule) {
        let wanted = "a plugin and a rule of it";
        malformed(reader, key, wanted, "\"acme/licence-key\"", &written.span());
        return None;
    }
    Some(Check {
        plugin,
        rule: rule.to_owned(),
        parameters,
    })
}

/// What the catalogue has against a check. The rules of a plugin are known when it is loaded,
/// which is not while a manifest is read.
fn refusals(catalog: &Catalog, check: &Check) -> Vec<CheckError> {
    match check.plugin {
        Some(_) => Vec::new(),
        None => catalog.refuse(check),
    }
}

fn parameter(reader: &mut Reader, key: &str, value: &Value<'_>) -> Option<ParameterValue> {
    const WANTED: &str = "a string, a number, true or false, or a list of strings";
    let found = match value.get_ref() {
        DeValue::String(text) => Some(ParameterValue::Text(text.to_string())),
        DeValue::Boolean(boolean) => Some(ParameterValue::Boolean(*boolean)),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(ParameterValue::Integer),
        DeValue::Float(float) => float.as_str().parse().ok().map(ParameterValue::Number),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(ParameterValue::TextList),
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    };
    if found.is_none() {
        reader.wrong_type(key, WANTED, value);
    }
    found
}
