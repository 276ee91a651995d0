//! `validate = ...`: rules and their parameters.

use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Reader, Table, Value};
use crate::rule::{Catalog, Check, ParameterValue};

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
            let check = Check {
                rule: rule.to_string(),
                parameters: Vec::new(),
            };
            for error in catalog.refuse(&check) {
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
            let rule = table.text(reader, "rule")?.into_inner();
            let parameters = table
                .entries()
                .into_iter()
                .filter(|(key, _)| key.get_ref() != "rule")
                .filter_map(|(key, value)| {
                    let parameter = parameter(reader, key.get_ref(), value)?;
                    Some((key.get_ref().to_string(), parameter))
                })
                .collect();
            let check = Check { rule, parameters };
            for error in catalog.refuse(&check) {
                let parameter = error.parameter().and_then(|name| table.key_span(name));
                reader.say(&error, &parameter.unwrap_or_else(|| value.span()));
            }
            Some(Spanned::new(value.span(), check))
        }
        _ => {
            reader.wrong_type("validate", WANTED, value);
            None
        }
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
