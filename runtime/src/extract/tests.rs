#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn take(document: &str, field: &str) -> Result<String, ExtractError> {
    extract(document.as_bytes(), &Field::parse(field).unwrap())
        .map(|value| String::from_utf8(value.expose().to_vec()).unwrap())
}

fn kind(document: &str, field: &str) -> &'static str {
    take(document, field).unwrap_err().kind()
}

#[test]
fn numbers_and_booleans_keep_their_spelling() {
    for spelling in [
        "1.0",
        "1e5",
        "0.10",
        "-0",
        "1E+400",
        "true",
        "false",
        "123456789012345678901234567890",
    ] {
        assert_eq!(
            take(&format!("{{\"a\": {spelling} }}"), "a").unwrap(),
            spelling
        );
    }
}

#[test]
fn objects_and_arrays_come_back_as_written() {
    let document = r#"{"a" : {"x" :1, "x":[ 2 ,"\u0041"]} }"#;
    assert_eq!(
        take(document, "a").unwrap(),
        r#"{"x" :1, "x":[ 2 ,"\u0041"]}"#
    );
    assert_eq!(take("[[],{ }]", "/1").unwrap(), "{ }");
}

#[test]
fn strings_are_unescaped_and_not_quoted() {
    let document = r#"{"only":"a\"b\\c\/d\b\f\n\r\t\u00e9\ud83d\ude00é😀"}"#;
    assert_eq!(
        take(document, "only").unwrap(),
        "a\"b\\c/d\u{8}\u{c}\n\r\té😀é😀"
    );
    assert_eq!(take(r#"{"a":""}"#, "a").unwrap(), "");
}

#[test]
fn dots_and_pointers_lead_into_the_document() {
    let document = r#"{"a":{"b":"1","c.d":"2","e/f":"3","~":"4","":"5"},"l":[10,[20]]}"#;
    for (field, value) in [
        ("a.b", "1"),
        ("/a/b", "1"),
        ("/a/c.d", "2"),
        ("/a/e~1f", "3"),
        ("/a/~0", "4"),
        ("/a/", "5"),
        ("l.0", "10"),
        ("/l/1/0", "20"),
    ] {
        assert_eq!(take(document, field).unwrap(), value, "{field}");
    }
}

#[test]
fn a_key_counts_as_it_reads_not_as_it_is_spelled() {
    assert_eq!(take(r#"{"\u0061":1}"#, "a").unwrap(), "1");
    assert_eq!(kind(r#"{"\u0061":1,"a":1}"#, "a"), "field-ambiguous");
}

#[test]
fn a_key_that_stands_twice_on_the_way_is_ambiguous_and_beside_it_is_not() {
    assert_eq!(
        kind(r#"{"a":{"b":1},"a":{"b":1}}"#, "a.b"),
        "field-ambiguous"
    );
    assert_eq!(
        kind(r#"{"a":{"b":1,"b":2,"b":3}}"#, "a.b"),
        "field-ambiguous"
    );
    assert_eq!(take(r#"{"a":{"b":1},"z":0,"z":0}"#, "a.b").unwrap(), "1");
}

#[test]
fn null_missing_and_flat_are_told_apart() {
    assert_eq!(kind(r#"{"a":null}"#, "a"), "field-null");
    assert_eq!(kind(r#"{"a":null}"#, "a.b"), "field-not-nested");
    assert_eq!(kind(r#"{"a":"{\"b\":1}"}"#, "a.b"), "field-not-nested");
    assert_eq!(kind(r#""text""#, "a"), "field-not-nested");
    assert_eq!(kind("1e999999", "a"), "field-not-nested");
    assert_eq!(kind("{}", "a"), "field-missing");
    assert_eq!(kind("[1]", "1"), "field-missing");
    assert_eq!(kind("[1]", "/-"), "field-missing");
    assert_eq!(kind("[1]", "99999999999999999999999999"), "field-missing");
    assert_eq!(kind("[1]", "00"), "field-not-an-index");
    assert_eq!(kind("[1]", "first"), "field-not-an-index");
}

#[test]
fn what_is_not_json_is_refused_wherever_the_fault_stands() {
    for document in [
        "",
        " ",
        "hunter2",
        "{",
        r#"{"a":1"#,
        r#"{"a":1}}"#,
        r#"{"a":1} x"#,
        r#"{"a":1,}"#,
        r#"{"a":1,"b":01}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":1,"b":"\x"}"#,
        "{'a':1}",
        "{a:1}",
        "\u{feff}\u{feff}{\"a\":1}",
    ] {
        assert_eq!(kind(document, "a"), "document-not-json", "{document}");
    }
    let bytes = extract(b"{\"a\":\"\xff\"}", &Field::parse("a").unwrap());
    assert_eq!(bytes.unwrap_err(), ExtractError::NotUtf8);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(take("\u{feff}{\"a\":1}\n", "a").unwrap(), "1");
}

#[test]
fn half_of_a_surrogate_pair_is_an_error_not_a_replacement() {
    for escape in [
        r"\ud83d",
        r"\ude00",
        r"\ud83dx",
        r"\ud83d\ud83d",
        r"\ud83d\n",
    ] {
        assert_eq!(
            kind(&format!("{{\"a\":\"{escape}\"}}"), "a"),
            "field-not-text"
        );
    }
    assert_eq!(kind(r#"{"\ud83d":1,"a":1}"#, "a"), "document-bad-key");
    assert_eq!(take(r#"{"b":"\ud83d","a":1}"#, "a").unwrap(), "1");
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert_eq!(
        take(&format!("{{\"x\":{deep},\"a\":1}}"), "a").unwrap(),
        "1"
    );
    assert_eq!(take(&deep, "/0").unwrap().len(), deep.len() - 2);
    assert_eq!(kind(&"[".repeat(1_000_000), "a"), "document-not-json");
}

#[test]
fn a_huge_document_gives_up_its_last_field() {
    let mut document = String::from("{");
    for n in 0..100_000 {
        document.push_str(&format!("\"key{n}\":\"value {n}\","));
    }
    document.push_str("\"last\":\"here\"}");
    assert_eq!(take(&document, "last").unwrap(), "here");
}

#[test]
fn a_slip_is_answered_with_the_nearest_keys() {
    let document = r#"{"password":1,"passwords":2,"PASSWORD":3,"pass_word":4,"host":5}"#;
    let error = take(document, "pasword").unwrap_err();
    assert!(matches!(&error, ExtractError::Missing { near, .. } if near.len() == 3));
    assert!(error.hint().unwrap().contains("`password`"));
}

#[test]
fn errors_show_nothing_of_a_document_whose_keys_are_secrets() {
    let document =
        r#"{"sk_live_4eC39HqLyjWDarjtT1zdp7dc":"alice","hunter2!":"bob","\u001b[31mtoken":0}"#;
    for field in ["token", "hunter3!", "api.key", "/sk live"] {
        let error = take(document, field).unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.hint());
        for part in ["4eC39", "hunter2", "alice", "bob", "31m"] {
            assert!(!said.contains(part), "{said}");
        }
    }
    let said = format!("{:?}", take(r#"{"a": hunter2}"#, "a").unwrap_err());
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_missing_dotted_field_is_explained_with_the_pointer_form() {
    let hint = take(r#"{"x.y":1}"#, "x.y").unwrap_err().hint().unwrap();
    assert!(hint.contains("`#/x.y`"), "{hint}");
}

#[test]
fn fields_that_are_none_are_refused_at_their_place() {
    for (text, kind, span) in [
        ("", "field-empty", 0..0),
        ("a..b", "field-empty", 1..2),
        (".a", "field-empty", 0..0),
        ("a.", "field-empty", 1..2),
        ("a\nb", "field-control-character", 1..2),
        ("/a~2", "field-tilde", 2..3),
        ("/a~", "field-tilde", 2..3),
    ] {
        let error = Field::parse(text).unwrap_err();
        assert_eq!((error.kind(), error.span()), (kind, span), "{text:?}");
    }
    assert_eq!(
        Field::parse(&"/a".repeat(129)).unwrap_err().kind(),
        "field-too-deep"
    );
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[ab./~0]{0,2}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_extraction_panic(document in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = extract(&document, &Field::parse("a.0").unwrap());
    }

    #[test]
    fn no_text_makes_a_field_panic(text in any::<String>()) {
        if let Ok(field) = Field::parse(&text) {
            prop_assert_eq!(field.as_str(), text);
        }
    }

    #[test]
    fn extraction_agrees_with_a_parsed_tree(tree in json(), path in "(/([ab.0]|~0|~1){0,2}){1,3}") {
        let document = serde_json::to_string_pretty(&tree).unwrap();
        let taken = take(&document, &path);
        match tree.pointer(&path) {
            None | Some(Value::Null) => prop_assert!(taken.is_err()),
            Some(Value::String(text)) => prop_assert_eq!(&taken.unwrap(), text),
            Some(other) => prop_assert_eq!(
                &serde_json::from_str::<Value>(&taken.unwrap()).unwrap(),
                other
            ),
        }
    }
}
