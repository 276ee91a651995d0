//! Each reason for a refusal.

use std::borrow::Cow;

use super::*;

const fn spec(
    name: &'static str,
    kind: ParameterKind,
    choices: &'static [Cow<'static, str>],
) -> ParameterSpec {
    ParameterSpec {
        name: Cow::Borrowed(name),
        summary: Cow::Borrowed("What it does."),
        kind,
        required: matches!(name.as_bytes(), b"pattern"),
        choices: Cow::Borrowed(choices),
    }
}

static PARAMETERS: &[ParameterSpec] = &[
    spec("pattern", ParameterKind::Text, &[]),
    spec(
        "padding",
        ParameterKind::Text,
        &[Cow::Borrowed("required"), Cow::Borrowed("forbidden")],
    ),
    spec("min", ParameterKind::Number, &[]),
    spec(
        "schemes",
        ParameterKind::TextList,
        &[Cow::Borrowed("http"), Cow::Borrowed("https")],
    ),
];

static RULES: Catalog = Catalog::from_static(&[
    RuleSpec {
        name: Cow::Borrowed("regex"),
        summary: Cow::Borrowed("What it accepts."),
        parameters: Cow::Borrowed(PARAMETERS),
        violations: Cow::Borrowed(&[]),
    },
    RuleSpec {
        name: Cow::Borrowed("base64"),
        summary: Cow::Borrowed("What it accepts."),
        parameters: Cow::Borrowed(&[]),
        violations: Cow::Borrowed(&[]),
    },
]);

fn refusals(rule: &str, parameters: &[(&str, ParameterValue)]) -> Vec<CheckError> {
    RULES.refuse(&Check {
        plugin: None,
        rule: rule.to_owned(),
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    })
}

fn pattern() -> (&'static str, ParameterValue) {
    ("pattern", ParameterValue::Text("^a$".to_owned()))
}

#[track_caller]
fn assert_refused(errors: &[CheckError], kind: &str, message: &str, hint: Option<&str>) {
    let [error] = errors else {
        panic!("expected one error, not {errors:?}")
    };
    assert_eq!(
        (
            error.kind(),
            error.to_string().as_str(),
            error.hint().as_deref()
        ),
        (kind, message, hint)
    );
}

#[test]
fn what_the_rule_declares_is_allowed() {
    let list = ParameterValue::TextList(vec!["https".to_owned()]);
    let parameters = [
        pattern(),
        ("padding", ParameterValue::Text("forbidden".to_owned())),
        ("min", ParameterValue::Number(0.5)),
        ("schemes", list),
    ];
    assert_eq!(refusals("regex", &parameters), []);
}

#[test]
fn a_whole_number_is_a_number() {
    assert_eq!(
        refusals("regex", &[pattern(), ("min", ParameterValue::Integer(1))]),
        []
    );
}

#[test]
fn an_unknown_rule_is_refused_with_the_nearest_name() {
    assert_refused(
        &refusals("bas64", &[]),
        "unknown-rule",
        "there is no rule `bas64`",
        Some("did you mean `base64`?"),
    );
    assert_refused(
        &refusals("zzz", &[]),
        "unknown-rule",
        "there is no rule `zzz`",
        Some("`secret-run rules` lists them all"),
    );
}

#[test]
fn an_unknown_parameter_is_refused_with_the_known_ones() {
    let given = |name| [(name, ParameterValue::Boolean(true))];
    assert_refused(
        &refusals("base64", &given("size")),
        "unknown-parameter",
        "the rule `base64` has no parameter `size`",
        Some("this rule takes no parameters"),
    );
    let [pattern, typo] = [pattern(), ("paddin", ParameterValue::Boolean(true))];
    assert_refused(
        &refusals("regex", &[pattern.clone(), typo]),
        "unknown-parameter",
        "the rule `regex` has no parameter `paddin`",
        Some("did you mean `padding`?"),
    );
    assert_refused(
        &refusals("regex", &[pattern, ("zz", ParameterValue::Boolean(true))]),
        "unknown-parameter",
        "the rule `regex` has no parameter `zz`",
        Some("it takes `pattern`, `padding`, `min`, `schemes`"),
    );
}

#[test]
fn a_required_parameter_must_be_there() {
    assert_refused(
        &refusals("regex", &[]),
        "missing-parameter",
        "the rule `regex` needs the parameter `pattern`",
        Some("it must be a string: What it does."),
    );
}

#[test]
fn a_number_is_no_text() {
    assert_refused(
        &refusals("regex", &[("pattern", ParameterValue::Integer(1))]),
        "wrong-parameter-kind",
        "the parameter `pattern` of the rule `regex` must be a string, not a whole number",
        None,
    );
}

#[test]
fn a_text_outside_the_choices_is_refused_and_not_quoted() {
    let errors = refusals(
        "regex",
        &[
            pattern(),
            ("padding", ParameterValue::Text("requird".to_owned())),
        ],
    );
    assert_refused(
        &errors,
        "unknown-choice",
        "the parameter `padding` of the rule `regex` does not allow this text",
        Some("did you mean `required`?"),
    );
    let list = ParameterValue::TextList(vec!["http".to_owned(), "zzz".to_owned()]);
    assert_refused(
        &refusals("regex", &[pattern(), ("schemes", list)]),
        "unknown-choice",
        "the parameter `schemes` of the rule `regex` does not allow this text",
        Some("it allows `http`, `https`"),
    );
}

#[test]
fn all_reasons_are_given_at_once() {
    let errors = refusals(
        "regex",
        &[
            ("nope", ParameterValue::Boolean(true)),
            ("min", ParameterValue::Text("1".to_owned())),
        ],
    );
    let kinds: Vec<_> = errors.iter().map(Explain::kind).collect();
    assert_eq!(
        kinds,
        [
            "unknown-parameter",
            "wrong-parameter-kind",
            "missing-parameter"
        ]
    );
}
