#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod hosts;

use std::collections::HashMap;

use ::url::Url;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

const AWKWARD: &str = "p@ss:w/o?r#d %41 \"quoted\" 'x' {X} }}{{ \\ é 😀 + & = ; \t\n";

fn render(template: &str, values: &[(&str, &[u8])]) -> Result<Vec<u8>, ComposeError> {
    let values: HashMap<&str, SecretValue> = values
        .iter()
        .map(|(name, value)| (*name, SecretValue::copy_of(value)))
        .collect();
    let template = Template::parse(template).unwrap();
    template
        .render(|name| values.get(name))
        .map(|value| value.expose().to_vec())
}

fn text(template: &str, values: &[(&str, &str)]) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    String::from_utf8(render(template, &values).unwrap()).unwrap()
}

fn refusal(template: &str, value: &str) -> &'static str {
    render(template, &[("X", value.as_bytes())])
        .unwrap_err()
        .kind()
}

fn fault(template: &str) -> (&'static str, Range<usize>) {
    let error = Template::parse(template).unwrap_err();
    (error.kind(), error.span())
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

#[test]
fn an_awkward_password_survives_in_every_place_of_a_url() {
    let made = text(
        "redis://{USER}:{PASSWORD}@{HOST}:{PORT}/{DB}?token={PASSWORD}&x=1#{PASSWORD}",
        &[
            ("USER", AWKWARD),
            ("PASSWORD", AWKWARD),
            ("HOST", "redis.internal"),
            ("PORT", "6380"),
            ("DB", AWKWARD),
        ],
    );
    let url = Url::parse(&made).unwrap();
    assert_eq!(decoded(url.username()), AWKWARD);
    assert_eq!(decoded(url.password().unwrap()), AWKWARD);
    assert_eq!(url.host_str(), Some("redis.internal"));
    assert_eq!(url.port(), Some(6380));
    let segments: Vec<_> = url.path_segments().unwrap().map(decoded).collect();
    assert_eq!(segments, [AWKWARD]);
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["token"], AWKWARD);
    assert_eq!(query["x"], "1");
    assert_eq!(decoded(url.fragment().unwrap()), AWKWARD);
}

#[test]
fn a_password_alone_and_a_user_alone_are_encoded() {
    assert_eq!(
        text("redis://:{X}@h:1/0", &[("X", "a@b")]),
        "redis://:a%40b@h:1/0"
    );
    assert_eq!(text("https://{X}@h/", &[("X", "a:b")]), "https://a%3Ab@h/");
}

#[test]
fn the_last_literal_at_ends_user_and_password() {
    assert_eq!(text("x://a@b:{X}@h", &[("X", "/")]), "x://a@b:%2F@h");
    assert_eq!(text("x://{X}/a@b", &[("X", "host")]), "x://host/a@b");
}

#[test]
fn bytes_that_are_no_text_are_encoded_one_by_one() {
    assert_eq!(
        render("x://:{X}@h", &[("X", b"\xff\x00a")]).unwrap(),
        b"x://:%FF%00a@h"
    );
    assert_eq!(render("{X}", &[("X", b"\xff\x00a")]).unwrap(), b"\xff\x00a");
}

#[test]
fn a_port_is_a_number_from_1_to_65535_and_whole() {
    for value in [
        "0", "65536", "", "1a", "+1", "-1", " 1", "1/", "000080", "٣",
    ] {
        assert_eq!(refusal("x://h:{X}/", value), "compose-port", "{value:?}");
    }
    assert_eq!(text("x://h:{X}", &[("X", "65535")]), "x://h:65535");
    assert_eq!(fault("x://h:8{X}"), ("template-port", 7..10));
    assert_eq!(fault("x://h:{X}0"), ("template-port", 6..9));
}

#[test]
fn a_scheme_is_inserted_whole_or_not_at_all() {
    assert_eq!(
        text("{X}://h/{Y}", &[("X", "https"), ("Y", "/")]),
        "https://h/%2F"
    );
    for value in ["", "1a", "a:", "a b", "javascript:x", "é"] {
        assert_eq!(refusal("{X}://h", value), "compose-scheme", "{value:?}");
    }
    assert_eq!(fault("http{X}://h"), ("template-scheme", 4..7));
    assert_eq!(fault("{X}{Y}://h"), ("template-scheme", 0..3));
}

#[test]
fn nested_schemes_are_urls_too() {
    assert_eq!(
        text("jdbc:postgresql://h/db?password={X}", &[("X", "&")]),
        "jdbc:postgresql://h/db?password=%26"
    );
    assert_eq!(
        text("postgresql+asyncpg://:{X}@h", &[("X", "@")]),
        "postgresql+asyncpg://:%40@h"
    );
}

#[test]
fn behind_a_semicolon_an_encoding_is_said() {
    for template in [
        "jdbc:sqlserver://db:1433;user=sa;password={X}",
        "jdbc:sqlserver://db;password={X}",
        "jdbc:sqlserver://db;serverSpn=a/b?c#d;password={X}",
        "jdbc:sqlserver://db\\instance;password={X}",
        "jdbc:sqlserver://[::1]:1433;password={X}",
        "jdbc:sqlserver://db:1433;user=sa@db;password={X}",
        "x://h;a={X}",
    ] {
        let at = template.len() - 3;
        assert_eq!(
            fault(template),
            ("template-property", at..at + 3),
            "{template}"
        );
        let raw = template.replace("{X}", "{X:raw}");
        assert_eq!(text(&raw, &[("X", "a;b")]), template.replace("{X}", "a;b"));
        let braces = template.replace("{X}", "{{{X:raw}}}");
        let made = text(&braces, &[("X", "a;b")]);
        assert_eq!(made, template.replace("{X}", "{a;b}"));
    }
    let made = text(
        "jdbc:sqlserver://{HOST}:{PORT};user=sa@{HOST:raw}",
        &[("HOST", "db"), ("PORT", "1433")],
    );
    assert_eq!(made, "jdbc:sqlserver://db:1433;user=sa@db");
    assert_eq!(
        text("jdbc:sqlserver://{X};a=b", &[("X", "::1")]),
        "jdbc:sqlserver://[::1];a=b"
    );
    // A user of the URL has semicolons as well, and a path behind one is a path.
    let imap = text("imap://{X};AUTH=*@h/{X}", &[("X", "a b")]);
    assert_eq!(imap, "imap://a%20b;AUTH=*@h/a%20b");
    assert_eq!(text("x://h;v=1/{X}", &[("X", "a b")]), "x://h;v=1/a%20b");
    let template = Template::parse("jdbc:sqlserver://db:1433;user=sa@db;password={X:raw}").unwrap();
    assert!(!template.has_literal_password());
}

#[test]
fn what_is_no_url_takes_values_as_they_are() {
    for template in [
        "Bearer {X}",
        "Server=tcp:h;Password={X}",
        "{X}",
        "see http://h/{X}",
        "{X}:y",
    ] {
        let made = text(template, &[("X", AWKWARD)]);
        assert_eq!(made, template.replace("{X}", AWKWARD));
    }
}

#[test]
fn an_encoding_can_be_said_outright() {
    assert_eq!(text("x://h/{X:raw}", &[("X", "a/b?c")]), "x://h/a/b?c");
    assert_eq!(text("x://{X:raw}@h", &[("X", "u:p")]), "x://u:p@h");
    assert_eq!(text("k={X:percent}", &[("X", "a b")]), "k=a%20b");
    assert_eq!(text("{X:base64}", &[("X", "f")]), "Zg==");
    assert_eq!(text("{X:base64}", &[("X", "fo")]), "Zm8=");
    assert_eq!(text("{X:base64}", &[("X", "foob?~")]), "Zm9vYj9+");
    assert_eq!(text("{X:base64}", &[("X", "")]), "");
}

#[test]
fn json_strings_come_back_from_a_parser() {
    let awkward = format!("{AWKWARD}\u{1}\u{1f}\u{7f}\r\u{8}");
    let made = text("{{\"k\":\"{X:json}\"}}", &[("X", &awkward)]);
    let parsed: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(parsed["k"], awkward);
    assert_eq!(
        render("\"{X:json}\"", &[("X", b"\xff")])
            .unwrap_err()
            .kind(),
        "compose-not-text"
    );
}

#[test]
fn doubled_braces_are_literal() {
    assert_eq!(text("{{{X}}}", &[("X", "v")]), "{v}");
    assert_eq!(text("{{X}} {X}", &[("X", "v")]), "{X} v");
}

#[test]
fn names_are_listed_once_and_places_each_time() {
    let template = Template::parse("{B}-{A}-{B:raw}").unwrap();
    assert_eq!(template.names(), ["B", "A"]);
    let places: Vec<_> = template.places().collect();
    assert_eq!(places, [("B", 0..3), ("A", 4..7), ("B", 8..15)]);
}

#[test]
fn faults_are_shown_where_they_stand() {
    for (template, expected) in [
        ("", ("template-without-insert", 0..0)),
        ("plain", ("template-without-insert", 0..5)),
        ("{{X}}", ("template-without-insert", 0..5)),
        ("a{X", ("template-unclosed-brace", 1..2)),
        ("{A{B}}", ("template-unclosed-brace", 0..1)),
        ("{X}}", ("template-stray-brace", 3..4)),
        ("a}b", ("template-stray-brace", 1..2)),
        ("{}", ("template-without-name", 0..2)),
        ("{:raw}", ("template-without-name", 0..6)),
        ("{1A}", ("template-name", 1..3)),
        ("{A B}", ("template-name", 1..4)),
        ("${VAR-x}", ("template-name", 2..7)),
        ("{é}", ("template-name", 1..3)),
        ("{X:hex}", ("template-encoding", 2..6)),
        ("{X:}", ("template-encoding", 2..3)),
    ] {
        assert_eq!(fault(template), expected, "{template:?}");
    }
}

#[test]
fn a_password_that_is_written_out_is_noticed() {
    for (template, noticed) in [
        ("x://app:hunter2@{HOST}/", true),
        ("x://{USER}:hunter2@{HOST}/", true),
        ("x://:a@b@{HOST}/", true),
        ("x://app:{PASSWORD}@{HOST}/", false),
        ("x://app:v1-{PASSWORD}@{HOST}/", false),
        ("x://app:@{HOST}/", false),
        ("x://app@{HOST}/", false),
        ("x://{HOST}:80/a:b@c", false),
        ("a:b@{HOST}", false),
        (
            "jdbc:sqlserver://{HOST}:1433;user=sa;password=hunter2",
            true,
        ),
        ("jdbc:sqlserver://{HOST};PWD = hunter2;encrypt=true", true),
        (
            "jdbc:sqlserver://{HOST}:1433;user=sa;password={PASSWORD:raw}",
            false,
        ),
        (
            "jdbc:sqlserver://{HOST};password={{{PASSWORD:raw}}};encrypt=true",
            false,
        ),
        ("x://{HOST}/;password=hunter2", false),
    ] {
        let parsed = Template::parse(template).unwrap();
        assert_eq!(parsed.has_literal_password(), noticed, "{template}");
    }
}

#[test]
fn a_missing_value_is_named() {
    let error = render("{A}{B}", &[("A", b"a")]).unwrap_err();
    assert_eq!(
        error,
        ComposeError::Missing {
            name: "B".to_owned()
        }
    );
}

#[test]
fn errors_name_the_entry_and_never_the_value() {
    for template in ["x://{X}/", "x://h:{X}", "{X}://h", "x://{X}:1"] {
        let error = render(template, &[("X", b"hunter2 hunter2")]).unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.hint());
        assert!(said.contains('X') && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn an_outcome_fills_its_buffer_exactly() {
    let template = Template::parse("x://{X}@h/{X:json}{X:base64}").unwrap();
    let value = SecretValue::copy_of(b"a\"\n b");
    let made = template.render(|_| Some(&value)).unwrap();
    assert_eq!(made.expose(), b"x://a%22%0A%20b@h/a\\\"\\n bYSIKIGI=");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(
        template in any::<String>(),
        braces in "[a:/@\\[\\]?#,{}X0]{0,24}",
        value in any::<Vec<u8>>(),
    ) {
        let value = SecretValue::new(value);
        for text in [template, format!("x://{braces}"), braces] {
            match Template::parse(&text) {
                Ok(template) => drop(template.render(|_| Some(&value))),
                Err(error) => prop_assert!(text.get(error.span()).is_some()),
            }
        }
    }

    #[test]
    fn a_value_is_never_parsed_again(value in "[{}XY:raw ]{0,16}") {
        let made = text("<{X}|{X}>", &[("X", &value), ("Y", "inserted")]);
        prop_assert_eq!(made, format!("<{value}|{value}>"));
    }

    #[test]
    fn percent_encoding_round_trips_for_any_bytes(value in any::<Vec<u8>>()) {
        let made = render("x://:{X}@h/", &[("X", &value)]).unwrap();
        let url = Url::parse(std::str::from_utf8(&made).unwrap()).unwrap();
        let password = url.password().unwrap_or_default();
        prop_assert_eq!(percent_decode_str(password).collect::<Vec<u8>>(), value);
        prop_assert_eq!(url.host_str(), Some("h"));
    }

    #[test]
    fn an_accepted_host_is_the_host_of_the_url(value in "[a-z0-9.:@/?#%\\[\\]\\\\ -]{1,8}") {
        let Ok(made) = render("https://u:p@{X}:8443/path", &[("X", value.as_bytes())]) else {
            return Ok(());
        };
        if let Ok(url) = Url::parse(std::str::from_utf8(&made).unwrap()) {
            prop_assert_eq!(url.username(), "u");
            prop_assert_eq!(url.port(), Some(8443));
            prop_assert_eq!(url.path(), "/path");
        }
    }

    #[test]
    fn json_round_trips_for_any_text(value in any::<String>()) {
        let made = text("\"{X:json}\"", &[("X", &value)]);
        prop_assert_eq!(serde_json::from_str::<String>(&made).unwrap(), value);
    }
}
