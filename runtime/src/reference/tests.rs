#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use proptest::prelude::*;

use super::*;
use crate::error::Explain;

fn fault(text: &str) -> (&'static str, Range<usize>) {
    let error = Reference::parse_absolute(text).unwrap_err();
    (error.kind(), error.span())
}

#[test]
fn a_reference_has_a_backend_a_path_a_version_and_a_field() {
    let reference = Reference::parse_absolute("vault:app/db?version=3#user.name").unwrap();
    assert_eq!(reference.backend(), Some("vault"));
    assert_eq!(reference.path(), "app/db");
    assert_eq!(reference.version(), Some("3"));
    assert_eq!(reference.field().map(Field::as_str), Some("user.name"));
}

#[test]
fn only_the_first_colon_ends_the_backend() {
    let text = "aws:arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf#/a.b";
    let reference = Reference::parse_absolute(text).unwrap();
    assert_eq!(reference.backend(), Some("aws"));
    assert_eq!(
        reference.path(),
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf"
    );
    assert_eq!(reference.to_string(), text);
}

#[test]
fn a_key_names_no_backend() {
    let reference = Reference::parse_relative("arn:aws:x?version=AWSPREVIOUS").unwrap();
    assert_eq!(reference.backend(), None);
    assert_eq!(reference.path(), "arn:aws:x");
    assert_eq!(reference.version(), Some("AWSPREVIOUS"));
    assert_eq!(reference.backend_in_path(), Some("arn"));
    let plain = Reference::parse_relative("database_url").unwrap();
    assert_eq!(
        (plain.path(), plain.backend_in_path()),
        ("database_url", None)
    );
}

#[test]
fn nothing_is_percent_decoded() {
    let reference = Reference::parse_absolute("v:a%2Fb%23").unwrap();
    assert_eq!(reference.path(), "a%2Fb%23");
}

#[test]
fn faults_are_shown_where_they_stand() {
    for (text, expected) in [
        ("", ("reference-without-backend", 0..0)),
        ("app/db", ("reference-without-backend", 0..6)),
        (":app", ("reference-without-backend", 0..1)),
        ("app#a:b", ("reference-without-backend", 0..7)),
        ("my vault:x", ("reference-backend-name", 0..8)),
        ("v:", ("reference-without-path", 2..2)),
        ("v:#f", ("reference-without-path", 2..2)),
        ("v:?version=1", ("reference-without-path", 2..2)),
        ("v:a?", ("reference-query-key", 4..4)),
        ("v:a?ver=1", ("reference-query-key", 4..7)),
        ("v:a?version=1&x=2", ("reference-query-key", 14..15)),
        ("v:a?version=", ("reference-empty-version", 4..12)),
        ("v:a?version", ("reference-empty-version", 4..11)),
        (
            "v:a?version=1&version=2",
            ("reference-second-version", 14..23),
        ),
        ("v:a#", ("field-empty", 4..4)),
        ("v:a#b..c", ("field-empty", 5..6)),
        ("v:a#b?version=2", ("reference-version-after-field", 5..15)),
        ("v:a#b#c", ("reference-second-hash", 5..7)),
        ("v:a\nb", ("reference-control-character", 3..4)),
        ("v: a", ("reference-white-space", 2..4)),
        ("v:a ?version=1", ("reference-white-space", 2..4)),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
}

#[test]
fn a_version_after_the_field_is_explained() {
    let error = Reference::parse_absolute("v:a#b?version=2").unwrap_err();
    assert!(
        error
            .hint()
            .unwrap()
            .contains("`backend:path?version=V#field`")
    );
}

#[test]
fn odd_names_are_put_together_from_parts_and_shown_as_a_table() {
    let field = Field::parse("/a#b").unwrap();
    let reference = Reference::from_parts(Some("v"), "wh\"at?", Some("1"), Some(field)).unwrap();
    assert_eq!(
        reference.to_string(),
        r#"{ backend = "v", path = "wh\"at?", version = "1", field = "/a#b" }"#
    );
    assert_eq!(
        Reference::from_parts(None, "", None, None)
            .unwrap_err()
            .kind(),
        "reference-without-path"
    );
    assert_eq!(
        Reference::from_parts(Some("a b"), "x", None, None)
            .unwrap_err()
            .kind(),
        "reference-backend-name"
    );
    assert_eq!(
        Reference::from_parts(None, "x", Some(""), None)
            .unwrap_err()
            .kind(),
        "reference-empty-version"
    );
    assert_eq!(
        Reference::from_parts(None, "x\0", None, None)
            .unwrap_err()
            .kind(),
        "reference-control-character"
    );
}

#[test]
fn an_error_never_repeats_the_text() {
    for text in [
        "hunter2",
        "hunter2:",
        "v:hunter2?hunter2=hunter2",
        "v:x#hunter2#",
    ] {
        let error = Reference::parse_absolute(text).unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.hint());
        assert!(!said.contains("hunter2"), "{said}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_spans_stay_inside(text in any::<String>()) {
        for parsed in [Reference::parse_absolute(&text), Reference::parse_relative(&text)] {
            if let Err(error) = parsed {
                prop_assert!(text.get(error.span()).is_some());
            }
        }
    }

    #[test]
    fn what_is_shown_parses_to_the_same(
        text in "[a-z0-9-]{1,4}:[a-z:/ %.]{1,6}(\\?version=[a-z0-9:=?]{1,4})?(#[a-z./~01?]{1,6})?"
    ) {
        if let Ok(reference) = Reference::parse_absolute(&text) {
            prop_assert_eq!(reference.to_string(), text.clone());
            prop_assert_eq!(Reference::parse_absolute(&text).unwrap(), reference);
        }
        let relative = &text[text.find(':').unwrap() + 1..];
        if let Ok(reference) = Reference::parse_relative(relative) {
            prop_assert_eq!(reference.to_string(), relative);
        }
    }

    #[test]
    fn parts_are_shown_as_what_gives_them_back(
        backend in proptest::option::of("[a-z]{1,3}"),
        path in "[a#?& :/\"\\\\]{1,5}",
        version in proptest::option::of("[a#?& :=]{1,4}"),
        field in proptest::option::of("/[a#?& =]{1,4}"),
    ) {
        let field = field.map(|field| Field::parse(&field).unwrap());
        let parts = Reference::from_parts(backend.as_deref(), &path, version.as_deref(), field).unwrap();
        let text = parts.to_string();
        if !text.starts_with('{') {
            let parsed = match backend {
                Some(_) => Reference::parse_absolute(&text),
                None => Reference::parse_relative(&text),
            };
            prop_assert_eq!(parsed.unwrap(), parts);
        }
    }
}
