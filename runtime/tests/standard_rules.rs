//! The standard component, held to its own tables: what each rule accepts, what it rejects
//! and with which code, and which parameters it refuses.
//!
//! The embedded component is tested. With `SECRET_RUN_STANDARD_WASM` set to the path of a
//! component and the feature `compile`, that one is tested in its place.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use secret_runtime::error::Explain as _;
use secret_runtime::plugin::{Rejection, Validator, standard_catalog};
use secret_runtime::rule::{Check, ParameterValue};
use secret_runtime::secret::SecretValue;
use toml::Value;

fn validator() -> Validator {
    let Some(path) = std::env::var_os("SECRET_RUN_STANDARD_WASM") else {
        return Validator::standard().unwrap();
    };
    fresh(Path::new(&path))
}

#[cfg(feature = "compile")]
fn fresh(path: &Path) -> Validator {
    let wasm = fs::read(path).unwrap();
    Validator::compile("standard", &wasm, secret_runtime::plugin::Limits::default()).unwrap()
}

#[cfg(not(feature = "compile"))]
fn fresh(path: &Path) -> Validator {
    panic!("testing {} takes the feature `compile`", path.display())
}

fn tables() -> Vec<(String, toml::Table)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/standard/tables");
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let rule = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let table = fs::read_to_string(&file).unwrap().parse();
            (
                rule,
                table.unwrap_or_else(|error| panic!("{}: {error}", file.display())),
            )
        })
        .collect()
}

fn rows<'a>(table: &'a toml::Table, key: &str) -> impl Iterator<Item = &'a toml::Table> {
    let rows = table
        .get(key)
        .map_or(&[][..], |rows| rows.as_array().unwrap().as_slice());
    rows.iter().map(|row| row.as_table().unwrap())
}

fn check(rule: &str, row: &toml::Table) -> Check {
    let parameters = row
        .get("parameters")
        .map(|parameters| parameters.as_table().unwrap());
    let parameters = parameters.into_iter().flatten();
    Check {
        plugin: None,
        rule: rule.to_owned(),
        parameters: parameters
            .map(|(name, value)| (name.clone(), parameter(value)))
            .collect(),
    }
}

fn parameter(value: &Value) -> ParameterValue {
    match value {
        Value::String(text) => ParameterValue::Text(text.clone()),
        Value::Integer(integer) => ParameterValue::Integer(*integer),
        Value::Float(number) => ParameterValue::Number(*number),
        Value::Boolean(boolean) => ParameterValue::Boolean(*boolean),
        Value::Array(list) => ParameterValue::TextList(
            list.iter()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect(),
        ),
        other => panic!("no parameter is a {}", other.type_str()),
    }
}

fn value(row: &toml::Table) -> SecretValue {
    let text = |key: &str| row.get(key).map(|value| value.as_str().unwrap());
    match (text("value"), text("value-hex")) {
        (Some(value), None) => SecretValue::copy_of(value.as_bytes()),
        (None, Some(hex)) => SecretValue::new(bytes(hex)),
        _ => panic!("a row has either `value` or `value-hex`: {row:?}"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter(|char| !char.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn code(row: &toml::Table) -> &str {
    row["code"].as_str().unwrap()
}

#[test]
fn each_rule_has_a_table_and_each_table_a_rule() {
    let rules: Vec<_> = validator().catalog().names().map(str::to_owned).collect();
    let tables = tables();
    for (rule, table) in &tables {
        assert!(rules.contains(rule), "there is no rule `{rule}`");
        assert!(
            rows(table, "accept").next().is_some(),
            "`{rule}` accepts nothing"
        );
        assert!(
            rows(table, "reject").next().is_some(),
            "`{rule}` rejects nothing"
        );
    }
    for rule in rules {
        assert!(
            tables.iter().any(|(table, _)| *table == rule),
            "there is no table for `{rule}`"
        );
    }
}

#[test]
fn accepted_values_pass() {
    let mut validator = validator();
    for (rule, table) in tables() {
        for row in rows(&table, "accept") {
            let check = check(&rule, row);
            assert_eq!(
                validator.check_parameters(&check),
                Ok(()),
                "{rule}: {row:?}"
            );
            assert_eq!(
                validator.validate(&check, &value(row)),
                Ok(()),
                "{rule}: {row:?}"
            );
        }
    }
}

#[test]
fn rejected_values_fail_with_their_code() {
    let mut validator = validator();
    for (rule, table) in tables() {
        for row in rows(&table, "reject") {
            let check = check(&rule, row);
            assert_eq!(
                validator.check_parameters(&check),
                Ok(()),
                "{rule}: {row:?}"
            );
            let verdict = validator.validate(&check, &value(row));
            let rejection = verdict.expect_err(&format!("{rule} accepts {row:?}"));
            assert_eq!(
                (rejection.kind(), rejection.code()),
                ("invalid-value", Some(code(row))),
                "{rule}: {row:?}"
            );
        }
    }
}

#[test]
fn refused_parameters_fail_with_their_code() {
    let mut validator = validator();
    for (rule, table) in tables() {
        for row in rows(&table, "refuse-parameters") {
            let verdict = validator.check_parameters(&check(&rule, row));
            let rejection = verdict.expect_err(&format!("{rule} accepts {row:?}"));
            assert_eq!(
                (rejection.kind(), rejection.code()),
                ("invalid-parameters", Some(code(row))),
                "{rule}: {row:?}"
            );
        }
    }
}

#[test]
fn what_a_rule_does_not_declare_is_refused_without_asking() {
    let mut validator = Validator::standard().unwrap();
    let check = Check {
        plugin: None,
        rule: "no-such-rule".to_owned(),
        parameters: Vec::new(),
    };
    let rejection = validator
        .validate(&check, &SecretValue::copy_of(b"x"))
        .unwrap_err();
    assert!(matches!(rejection, Rejection::Check(_)), "{rejection:?}");
    assert_eq!(rejection.kind(), "unknown-rule");
}

#[test]
fn two_validators_of_one_process_judge_side_by_side() {
    let judge = || {
        let mut validator = Validator::standard().unwrap();
        let check = Check {
            plugin: None,
            rule: "uuid".to_owned(),
            parameters: Vec::new(),
        };
        for _ in 0..100 {
            let good = SecretValue::copy_of(b"5f0c8a4e-3f0b-4f2e-9d53-6d5a3c1b2e7f");
            assert_eq!(validator.validate(&check, &good), Ok(()));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(judge);
        scope.spawn(judge);
    });
}

#[test]
fn the_catalogue_is_known_without_starting_anything() {
    assert_eq!(standard_catalog(), Validator::standard().unwrap().catalog());
    assert!(standard_catalog().iter().next().is_some());
}

/// The build script wrote the one, the host asks the component for the other, judges and
/// cleans it. So the texts in the binary are such as any component's would have to be.
#[cfg(feature = "compile")]
#[test]
fn the_catalogue_in_the_binary_is_what_the_component_answers() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist/standard.wasm");
    assert_eq!(fresh(&committed).catalog(), standard_catalog());
}
