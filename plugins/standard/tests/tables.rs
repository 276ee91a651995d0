//! Every rule against its table of accepted and refused values, and against what the contract
//! asks of names and texts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use secret_run_sdk::{Parameters, Rule, Value, ViolationText};
use secret_run_standard::RULES;
use toml::{Table, Value as Toml};

#[test]
fn every_rule_answers_as_its_table_says() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let table = table(rule);
        let mut expect = |case: &Toml, check: fn(&Rule, &Toml) -> Answer, wanted: Option<&str>| {
            let code = check(rule, case).err().map(|text| text.code);
            if code != wanted {
                wrong.push(format!(
                    "{}: {code:?} instead of {wanted:?} for {case}",
                    rule.name()
                ));
            }
        };
        for case in cases(&table, "accept") {
            expect(case, validate, None);
            expect(case, check_parameters, None);
        }
        for case in cases(&table, "reject") {
            expect(case, validate, Some(code(case)));
            expect(case, check_parameters, None);
        }
        for case in cases(&table, "refuse-parameters") {
            expect(case, check_parameters, Some(code(case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_violation_has_a_case() {
    for rule in RULES {
        let table = table(rule);
        let refusals = cases(&table, "reject")
            .iter()
            .chain(cases(&table, "refuse-parameters"));
        let used: BTreeSet<_> = refusals.map(code).collect();
        let declared: BTreeSet<_> = rule.violations().iter().map(|text| text.code).collect();
        assert_eq!(used, declared, "{}", rule.name());
        assert!(
            !cases(&table, "accept").is_empty(),
            "{}: nothing is accepted",
            rule.name()
        );
        assert!(
            !cases(&table, "reject").is_empty(),
            "{}: nothing is refused",
            rule.name()
        );
    }
}

#[test]
fn every_table_belongs_to_a_rule() {
    let rules: BTreeSet<_> = RULES.iter().map(table_file).collect();
    let tables: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(tables, rules);
}

#[test]
fn every_parameter_is_used_in_a_table() {
    for rule in RULES {
        let table = table(rule);
        let all = ["accept", "reject", "refuse-parameters"].map(|kind| cases(&table, kind));
        let given: BTreeSet<_> = all
            .iter()
            .flat_map(|cases| cases.iter())
            .filter_map(|case| case.get("parameters"))
            .flat_map(|parameters| parameters.as_table().unwrap().keys().map(String::as_str))
            .collect();
        let declared: BTreeSet<_> = rule.parameters().iter().map(|spec| spec.name).collect();
        assert_eq!(given, declared, "{}", rule.name());
    }
}

#[test]
fn rules_are_sorted_and_each_has_its_own_name() {
    assert!(RULES.is_sorted_by(|one, next| one.name() < next.name()));
}

#[test]
fn names_and_codes_are_lower_case_words_joined_by_dashes() {
    let is_token = |name: &str| {
        name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
    };
    for rule in RULES {
        assert!(is_token(rule.name()), "{}", rule.name());
        assert!(rule.summary().ends_with('.'), "{}", rule.name());
        for parameter in rule.parameters() {
            assert!(
                is_token(parameter.name),
                "{}: {}",
                rule.name(),
                parameter.name
            );
            assert!(
                parameter.summary.ends_with('.'),
                "{}: {}",
                rule.name(),
                parameter.name
            );
        }
        let violations = rule.violations();
        let codes: BTreeSet<_> = violations.iter().map(|text| text.code).collect();
        assert_eq!(
            codes.len(),
            violations.len(),
            "{}: a code is there twice",
            rule.name()
        );
        assert!(
            codes.iter().all(|code| is_token(code)),
            "{}: {codes:?}",
            rule.name()
        );
    }
}

#[test]
fn messages_complete_a_sentence_and_hints_are_sentences() {
    for text in RULES.iter().flat_map(Rule::violations) {
        assert!(
            text.message.starts_with(|c: char| c.is_ascii_lowercase()),
            "{text:?}"
        );
        assert!(!text.message.ends_with('.'), "{text:?}");
        assert!(
            text.hint
                .starts_with(|c: char| c.is_ascii_uppercase() || c == '`'),
            "{text:?}"
        );
        assert!(text.hint.ends_with('.'), "{text:?}");
        assert!(
            text.message.len() <= 100 && text.hint.len() <= 120,
            "{text:?}"
        );
    }
}

type Answer = Result<(), ViolationText>;

fn validate(rule: &Rule, case: &Toml) -> Answer {
    rule.validate(&parameters(case), &value(case))
}

fn check_parameters(rule: &Rule, case: &Toml) -> Answer {
    rule.check_parameters(&parameters(case))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tables")
}

fn table_file(rule: &Rule) -> PathBuf {
    folder().join(rule.name()).with_extension("toml")
}

fn table(rule: &Rule) -> Table {
    let file = table_file(rule);
    let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("no table {}", file.display()));
    text.parse()
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn cases<'a>(table: &'a Table, kind: &str) -> &'a [Toml] {
    table
        .get(kind)
        .map_or(&[], |cases| cases.as_array().unwrap())
}

fn code(case: &Toml) -> &str {
    case["code"].as_str().unwrap()
}

fn value(case: &Toml) -> Vec<u8> {
    if let Some(value) = case.get("value") {
        return value.as_str().unwrap().into();
    }
    let digits = case["value-hex"].as_str().unwrap();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn parameters(case: &Toml) -> Parameters {
    let given = case
        .get("parameters")
        .map(|given| given.as_table().unwrap().clone());
    let read = |value: Toml| match value {
        Toml::String(text) => Value::Text(text),
        Toml::Integer(integer) => Value::Integer(integer),
        Toml::Float(number) => Value::Number(number),
        Toml::Boolean(boolean) => Value::Boolean(boolean),
        Toml::Array(list) => Value::TextList(
            list.iter()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect(),
        ),
        other => panic!("no parameter is {other}"),
    };
    given
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name, read(value)))
        .collect()
}
