//! What a backend must be given before it starts.

use crate::backend_guest::{BackendGuest, Import};
use crate::bed::Bed;
use crate::messenger::{messenger, wanting};

#[test]
fn a_backend_that_sends_requests_must_be_granted_an_origin() {
    let bed = Bed::of(&BackendGuest::default().importing(&[Import::Http]));
    let problem = bed.refuses("", "plugin-import-not-granted");
    assert!(problem.message.contains("secret-run:plugin/http@0.1.0"));
    // Some origin does for the import; the guest declares none, so it gets none.
    bed.run("allow.http = [\"https://api.example.com\"]\n")
        .unwrap();
}

#[test]
fn a_backend_that_needs_another_origin_is_not_started() {
    let mut guest = messenger(&[]);
    for (origin, is_required) in [
        ("https://needed.example.com", true),
        ("{url}", true),
        ("https://spared.example.com", false),
    ] {
        let origin = (origin.to_owned(), "to read".to_owned(), is_required);
        guest.about.origins.push(origin);
    }
    let bed = Bed::of(&guest);
    let settings = "settings.url = \"https://set.example.com:8200/v1\"\n";
    let allow = |origins: &str| format!("{settings}allow.http = [{origins}]\n");
    let problem = bed.refuses(
        &allow("\"https://other.example.com\", \"https://needed.example.com\""),
        "plugin-needs-more",
    );
    assert!(problem.message.contains("`https://set.example.com:8200`"));
    assert!(!problem.message.contains("spared"), "{}", problem.message);
    bed.refuses(
        &allow("\"https://set.example.com:8200\""),
        "plugin-needs-more",
    );
    // Port and scheme count.
    bed.refuses(
        &allow("\"http://needed.example.com\", \"https://set.example.com\""),
        "plugin-needs-more",
    );
}

#[test]
fn settings_are_those_that_the_backend_reads() {
    let mut guest = BackendGuest::default().importing(&[Import::Settings]);
    for (name, is_required, default) in [
        ("project", true, None),
        ("region", true, Some("example-1")),
        ("stage", false, None),
    ] {
        let default = default.map(str::to_owned);
        let setting = (
            name.to_owned(),
            format!("The {name}."),
            is_required,
            default,
        );
        guest.about.settings.push(setting);
    }
    let bed = Bed::of(&guest);
    bed.run("settings.project = \"example\"\n").unwrap();
    let problem = bed.refuses("", "plugin-setting-missing");
    assert!(problem.message.contains("`project`"), "{}", problem.message);
    let lines = "settings = { project = \"example\", stgae = \"dummy-value\" }\n";
    let problem = bed.refuses(lines, "plugin-setting-unknown");
    assert!(problem.message.contains("`stgae`"), "{}", problem.message);
    assert!(problem.hint.is_some_and(|hint| hint.contains("stage")));
}

#[test]
fn what_it_says_of_itself_is_said_without_any_grant() {
    // It sends a request when it is asked what it is.
    let mut guest = messenger(&["https://api.example.com"]);
    guest.on_about = "(drop (call $get_url (i32.const 48) (i32.const 3)))
        (if (i32.eqz (call $get_url (i32.const 0x300) (i32.const 23))) (then (unreachable)))"
        .to_owned();
    guest.fields += "(data (i32.const 0x300) \"https://api.example.com\")";
    let bed = Bed::of(&guest);
    let lines = "allow.http = [\"https://api.example.com\"]\n";
    bed.refuses(lines, "plugin-http-denied");

    let guest = BackendGuest {
        on_about: "(unreachable)".to_owned(),
        ..BackendGuest::default()
    };
    Bed::of(&guest).refuses("", "plugin-trapped");
}

#[test]
fn what_it_says_of_itself_is_within_reason() {
    for origin in ["ftp://example.com", "https://*.example.com", "{nowhere}"] {
        let bed = Bed::of(&wanting(BackendGuest::default(), &[origin]));
        bed.refuses("", "plugin-origin");
    }
    let setting = |name: &str| (name.to_owned(), "A setting.".to_owned(), false, None);
    for names in [vec!["same", "same"], vec!["Not A Word"]] {
        let mut guest = BackendGuest::default();
        guest.about.settings.extend(names.into_iter().map(setting));
        Bed::of(&guest).refuses("", "plugin-about");
    }
}
