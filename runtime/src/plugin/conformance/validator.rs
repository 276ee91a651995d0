//! The checks of a validator.

use wasmtime::component::Component;

use super::Conformance;
use super::subject::Subject;
use super::verdict::Outcome;
use crate::error::Explain;
use crate::plugin::catalogue;
use crate::plugin::error::PluginError;
use crate::plugin::rejection::{Failure, Rejection};
use crate::plugin::validator::Validator;
use crate::rule::{Catalog, Check, ParameterKind, ParameterSpec, ParameterValue, RuleSpec};
use crate::secret::SecretValue;

/// The longest value and text that is tried.
const LONG: usize = 64 * 1024;

/// Makes all checks. Without rules there is nothing to judge by.
pub(super) fn check(subject: &Subject, component: Component, found: &mut Conformance) {
    let start = || Validator::of_component(&subject.name, component.clone(), subject.limits);
    let mut validator = match start() {
        Ok(validator) => validator,
        Err(error) => {
            found.add("rules", RULES, Outcome::broken(&error));
            return;
        }
    };
    let outcome = rules(&mut validator, start());
    let goes_on = outcome == Outcome::Passed;
    found.add("rules", RULES, outcome);
    if !goes_on {
        return;
    }
    let catalog = validator.catalog().clone();
    let outcome = nonsense(&mut validator, &catalog);
    found.add(
        "parameters",
        "parameters of every kind and size are accepted, or refused with a listed code",
        outcome,
    );
    let outcome = judge(&mut validator, start, &catalog);
    found.add(
        "values",
        "values of any bytes are accepted, or rejected with a listed code, twice the same",
        outcome,
    );
}

const RULES: &str = "`rules` gives a catalogue as the contract wants it, and the same each time";

fn rules(validator: &mut Validator, other: Result<Validator, PluginError>) -> Outcome {
    let other = match other {
        Ok(other) => other,
        Err(error) => return Outcome::broken(&error),
    };
    let again = match &mut validator.instance {
        Some(instance) => instance.rules(&mut validator.watchdog),
        None => Err(Failure::Start),
    };
    let again = match again {
        Ok(again) => catalogue::read(again),
        Err(failure) => return Outcome::broken(&failure),
    };
    if again.as_ref() != Ok(validator.catalog()) || other.catalog() != validator.catalog() {
        return Outcome::failed(
            "two calls of `rules` gave different answers",
            "answer constants: the manifest is held against them, and later the values",
        );
    }
    if validator.catalog().iter().next().is_none() {
        return Outcome::failed("it has no rule", "answer at least one rule");
    }
    Outcome::Passed
}

/// Each kind of parameter with what is hardest to read of it.
fn nonsense(validator: &mut Validator, catalog: &Catalog) -> Outcome {
    for rule in catalog {
        for variant in 0..VARIANTS {
            let check = check_of(rule, |spec| hard(spec, variant));
            match validator.check_parameters(&check) {
                Ok(()) | Err(Rejection::Parameters { .. } | Rejection::Value { .. }) => {}
                Err(error) => return of_rule(rule, "odd parameters", &error),
            }
        }
    }
    Outcome::Passed
}

fn judge(
    validator: &mut Validator,
    start: impl Fn() -> Result<Validator, PluginError>,
    catalog: &Catalog,
) -> Outcome {
    let mut unjudged = None;
    for rule in catalog {
        let check = check_of(rule, |spec| spec.required.then(|| easy(spec)));
        match validator.check_parameters(&check) {
            Ok(()) => {}
            Err(Rejection::Parameters { .. } | Rejection::Value { .. }) => {
                unjudged = Some(rule);
                continue;
            }
            Err(error) => return of_rule(rule, "its parameters", &error),
        }
        for (what, bytes) in values() {
            let value = SecretValue::new(bytes);
            let mut fresh = match start() {
                Ok(fresh) => fresh,
                Err(error) => return Outcome::broken(&error),
            };
            let said = [
                validator.validate(&check, &value),
                validator.validate(&check, &value),
                fresh.validate(&check, &value),
            ];
            for verdict in &said {
                if let Err(error @ (Rejection::Failed { .. } | Rejection::Check(_))) = verdict {
                    return of_rule(rule, what, error);
                }
            }
            if said.iter().any(|verdict| *verdict != said[0]) {
                return Outcome::failed(
                    format!(
                        "the rule `{}` judges {what} differently each time",
                        rule.name
                    ),
                    "let nothing but the value and the parameters decide",
                );
            }
        }
    }
    match unjudged {
        None => Outcome::Passed,
        Some(rule) => Outcome::skipped(
            format!(
                "the rule `{}` refuses the parameters that were made up for it",
                rule.name
            ),
            "test it with values of your own, with `secret-run check`",
        ),
    }
}

fn of_rule(rule: &RuleSpec, what: &str, error: &impl Explain) -> Outcome {
    Outcome::failed(
        format!("the rule `{}`, given {what}: {error}", rule.name),
        "judge any bytes: return a listed code, and never give up",
    )
}

fn values() -> [(&'static str, Vec<u8>); 6] {
    [
        ("an empty value", Vec::new()),
        ("a value of one byte", b"a".to_vec()),
        ("a value of NUL bytes", vec![0; 8]),
        (
            "a value that is no UTF-8",
            b"\xff\xfe\x80dummy\xc0\xaf".to_vec(),
        ),
        (
            "a value of text in several scripts",
            "dummy-ключ-鍵-🔑".into(),
        ),
        ("a value of 64 KiB", vec![b'a'; LONG]),
    ]
}

fn check_of(rule: &RuleSpec, value: impl Fn(&ParameterSpec) -> Option<ParameterValue>) -> Check {
    let parameters = rule.parameters.iter();
    let parameters = parameters.filter_map(|spec| Some((spec.name.to_string(), value(spec)?)));
    Check {
        plugin: None,
        rule: rule.name.to_string(),
        parameters: parameters.collect(),
    }
}

/// What a parameter is most likely to accept.
fn easy(spec: &ParameterSpec) -> ParameterValue {
    let text = || match spec.choices.first() {
        Some(choice) => choice.to_string(),
        None => "a".to_owned(),
    };
    match spec.kind {
        ParameterKind::Text => ParameterValue::Text(text()),
        ParameterKind::Integer => ParameterValue::Integer(1),
        ParameterKind::Number => ParameterValue::Number(1.0),
        ParameterKind::Boolean => ParameterValue::Boolean(true),
        ParameterKind::TextList => ParameterValue::TextList(vec![text()]),
    }
}

/// How many values `hard` has for each kind.
const VARIANTS: usize = 4;

/// What a parameter is least likely to expect. The host lets through only what the rule
/// declares, so a text with choices is one of them.
fn hard(spec: &ParameterSpec, variant: usize) -> Option<ParameterValue> {
    let text = |variant: usize| {
        if let Some(choice) = spec.choices.get(variant % spec.choices.len().max(1)) {
            return choice.to_string();
        }
        let long = || "(".repeat(LONG);
        [
            String::new(),
            "\0\u{202e}".to_owned(),
            "(((*[".to_owned(),
            long(),
        ][variant]
            .clone()
    };
    Some(match spec.kind {
        ParameterKind::Text => ParameterValue::Text(text(variant)),
        ParameterKind::Integer => ParameterValue::Integer([i64::MIN, i64::MAX, -1, 0][variant]),
        ParameterKind::Number => {
            ParameterValue::Number([f64::NAN, f64::INFINITY, f64::MIN, -0.0][variant])
        }
        ParameterKind::Boolean => ParameterValue::Boolean(variant.is_multiple_of(2)),
        ParameterKind::TextList => ParameterValue::TextList(match variant {
            0 => Vec::new(),
            1 => (0..1000).map(|_| text(2)).collect(),
            variant => vec![text(variant), text(0)],
        }),
    })
}
