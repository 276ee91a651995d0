//! Values in the place of a host.

use super::*;

#[test]
fn a_host_is_a_name_an_address_or_a_list_of_them() {
    for (value, made) in [
        ("db.internal", "x://db.internal/"),
        ("10.0.0.1", "x://10.0.0.1/"),
        ("::1", "x://[::1]/"),
        ("[::1]", "x://[::1]/"),
        ("[2001:db8::1]:6379", "x://[2001:db8::1]:6379/"),
        ("a:1,b,::1,[::2]:65535", "x://a:1,b,[::1],[::2]:65535/"),
        ("bücher.example", "x://bücher.example/"),
    ] {
        assert_eq!(text("x://{X}/", &[("X", value)]), made);
    }
}

#[test]
fn what_could_move_the_end_of_a_host_is_refused() {
    for value in [
        "",
        "a@b",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a b",
        "a\nb",
        "a\0",
        "a\t",
        "http://a",
        "a%40b",
        "a,",
        ",a",
        "a:",
        "a:0",
        "a:65536",
        "a:1:2",
        ":1",
        "[::1",
        "::1]",
        "[a]",
        "[::1]1",
        "fe80::1%eth0",
        "a\u{2028}b",
        "a;b",
        "a|b",
        "a\"b",
        "a{b",
        "a\u{ff0f}b",
    ] {
        assert_eq!(refusal("x://{X}/", value), "compose-host", "{value:?}");
    }
    assert_eq!(
        render("x://{X}", &[("X", b"\xff")]).unwrap_err().kind(),
        "compose-host"
    );
}

#[test]
fn a_host_before_a_port_is_one_host() {
    assert_eq!(text("x://{X}:1", &[("X", "::1")]), "x://[::1]:1");
    assert_eq!(refusal("x://{X}:1", "a:2"), "compose-host");
    assert_eq!(refusal("x://{X}:1", "a,b"), "compose-host");
}

#[test]
fn a_part_of_a_host_is_a_part_of_a_name() {
    assert_eq!(
        text("x://db-{X}.example.com", &[("X", "eu")]),
        "x://db-eu.example.com"
    );
    assert_eq!(text("x://{A}{B}", &[("A", "a"), ("B", "b")]), "x://ab");
    for value in ["::1", "a:1", "a,b", "", "a/b"] {
        assert_eq!(
            refusal("x://{X}.example.com", value),
            "compose-host",
            "{value}"
        );
    }
}

#[test]
fn brackets_of_the_template_take_an_address() {
    assert_eq!(text("x://u@[{X}]:1/", &[("X", "::1")]), "x://u@[::1]:1/");
    assert_eq!(refusal("x://[{X}]", "a"), "compose-host");
    assert_eq!(fault("x://[::1]{X}"), ("template-after-bracket", 9..12));
}

#[test]
fn several_hosts_of_a_template_each_have_a_port() {
    assert_eq!(
        text(
            "mongodb://{U}:{P}@{A}:{N},{B}:{N}/db",
            &[
                ("U", "u"),
                ("P", ":"),
                ("A", "a"),
                ("B", "::2"),
                ("N", "27017")
            ]
        ),
        "mongodb://u:%3A@a:27017,[::2]:27017/db"
    );
}
