//! No bytes make a rule panic, and every answer is on the rule's list.

use proptest::prelude::*;
use secret_run_sdk::{Kind, ParameterSpec, Parameters, Rule, Value};
use secret_run_standard::RULES;

/// One megabyte: more than any host passes on.
const LARGE: usize = 1 << 20;

/// What a parameter could be. Nonsense too: the host checks the kind, not the sense.
fn parameter(spec: &ParameterSpec) -> impl Strategy<Value = Option<(String, Value)>> + use<> {
    let name = spec.name.to_owned();
    let choices: Vec<_> = spec
        .choices
        .iter()
        .map(|choice| (*choice).to_owned())
        .collect();
    let value = match spec.kind {
        Kind::Text if !choices.is_empty() => proptest::sample::select(choices)
            .prop_map(Value::Text)
            .boxed(),
        Kind::Text => proptest::collection::vec(any::<char>(), 0..20)
            .prop_map(|text| Value::Text(text.into_iter().collect()))
            .boxed(),
        Kind::Integer => any::<i64>().prop_map(Value::Integer).boxed(),
        Kind::Number => any::<f64>().prop_map(Value::Number).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::TextList => proptest::collection::vec("[a-z]{0,4}".prop_map(String::from), 0..4)
            .prop_map(Value::TextList)
            .boxed(),
    };
    proptest::option::of(value).prop_map(move |value| Some((name.clone(), value?)))
}

fn parameters(rule: &Rule) -> impl Strategy<Value = Parameters> + use<> {
    let each: Vec<_> = rule.parameters().iter().map(parameter).collect();
    each.prop_map(|given| given.into_iter().flatten().collect())
}

fn rule_and_parameters() -> impl Strategy<Value = (Rule, Parameters)> {
    proptest::sample::select(RULES).prop_flat_map(|rule| (Just(rule), parameters(&rule)))
}

/// Starts that lead a rule past its first checks.
const STARTS: [&str; 24] = [
    "",
    " ",
    "\"",
    "postgres://",
    "mongodb+srv://",
    "https://",
    "redis://u:p@",
    "sk_live_",
    "sk_test_",
    "whsec_",
    "bot1:",
    "1:",
    "https://hooks.slack.com/services/",
    "ghp_",
    "AKIA",
    "0x",
    "{\"kty\":\"",
    "eyJhbGciOiJIUzI1NiJ9.",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "AGE-SECRET-KEY-1",
    "<",
    "password=",
    "your-",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let start = proptest::sample::select(STARTS.as_slice());
    let text = proptest::collection::vec(32_u8..127, 0..80);
    let middle = prop_oneof![text, proptest::collection::vec(any::<u8>(), 0..80)];
    let end =
        proptest::sample::select(["", "=", "\n", "@h/d", "\n-----END PRIVATE KEY-----"].as_slice());
    (start, middle, end)
        .prop_map(|(start, middle, end)| [start.as_bytes(), &middle, end.as_bytes()].concat())
}

fn assert_known(rule: &Rule, answer: Result<(), secret_run_sdk::ViolationText>) {
    if let Err(text) = answer {
        assert!(
            rule.violations().contains(&text),
            "{}: {}",
            rule.name(),
            text.code
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_bytes_make_a_rule_panic((rule, parameters) in rule_and_parameters(), value in bytes()) {
        assert_known(&rule, rule.check_parameters(&parameters));
        assert_known(&rule, rule.validate(&parameters, &value));
    }
}

#[test]
fn a_megabyte_of_anything_gets_an_answer() {
    let nested = "[".repeat(LARGE).into_bytes();
    let url = [b"postgres://".as_slice(), &[b'@'; LARGE]].concat();
    let pem = "-----BEGIN PRIVATE KEY-----\n"
        .repeat(LARGE / 28)
        .into_bytes();
    let words = "change-me-".repeat(LARGE / 10).into_bytes();
    let values = [
        vec![0; LARGE],
        vec![b'a'; LARGE],
        vec![b'='; LARGE],
        nested,
        url,
        pem,
        words,
    ];
    for rule in RULES {
        for value in &values {
            assert_known(rule, rule.validate(&Parameters::default(), value));
        }
    }
}
