//! The backend against answers in the shape that the reference of the Connect API has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_onepassword_connect::OnePasswordConnect;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, Reference, Response};

const VAULT_ID: &str = "ftz4pm2xxwmwrsd7rjqn7grzfz";
const ITEM_ID: &str = "2fcbqwe9ndg175zg2dzwftvkpa";
const VAULTS: &str = "http://localhost:8080/v1/vaults?filter=name%20eq%20%22App%20Vault%22";
const ITEMS: &str =
    "http://localhost:8080/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items?filter=title%20eq%20%22db%22";
const ITEM: &str =
    "http://localhost:8080/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items/2fcbqwe9ndg175zg2dzwftvkpa";

fn item(fields: &str) -> Response {
    let body = format!(
        r#"{{"id":"{ITEM_ID}","title":"db","vault":{{"id":"{VAULT_ID}"}},"category":"LOGIN","version":3,"fields":{fields}}}"#
    );
    Response::new(200, body)
}

const FIELDS: &str = r#"[
    {"id":"username","type":"STRING","purpose":"USERNAME","label":"user name","value":"dummy-user"},
    {"id":"a1","type":"CONCEALED","label":"token","value":"dummy"},
    {"id":"a2","type":"STRING","label":"empty"},
    {"id":"a3","type":"STRING","label":"twice","value":"1"},
    {"id":"a4","type":"STRING","label":"twice","value":"2"},
    {"id":"a5","type":"STRING","label":"odd","value":5}
]"#;

/// A server with one vault and one item.
fn host() -> FakeHost {
    let host = host_without_item();
    host.answer("GET", ITEM, item(FIELDS));
    host
}

/// The same, which has not said yet what it answers when it is asked for the item.
fn host_without_item() -> FakeHost {
    let host = FakeHost::of::<OnePasswordConnect>().with_setting("vault", "App Vault");
    let vaults = format!(r#"[{{"id":"{VAULT_ID}","name":"App Vault"}}]"#);
    host.answer("GET", VAULTS, Response::new(200, vaults));
    let items = format!(r#"[{{"id":"{ITEM_ID}","title":"db","vault":{{"id":"{VAULT_ID}"}}}}]"#);
    host.answer("GET", ITEMS, Response::new(200, items));
    host
}

fn fetch(path: &str) -> Result<Document, Error> {
    OnePasswordConnect::fetch(&host(), &[Reference::new(path)]).remove(0)
}

#[test]
fn a_field_is_read_by_its_label_or_id_with_the_version_of_its_item() {
    let expected = Document::new("dummy").version("3");
    assert_eq!(fetch("db/token").unwrap(), expected);
    assert_eq!(fetch("db/a1").unwrap(), expected);
    assert_eq!(fetch("App Vault/db/username").unwrap().bytes, b"dummy-user");
    assert_eq!(fetch("db/empty").unwrap().bytes, b"");
}

#[test]
fn a_label_that_says_not_which_field_is_an_error() {
    assert!(matches!(fetch("db/twice"), Err(Error::Other(text)) if text.contains("ID")));
    assert!(matches!(fetch("db/odd"), Err(Error::Other(_))));
    assert_eq!(fetch("db/a4").unwrap().bytes, b"2");
}

#[test]
fn a_missing_field_and_a_missing_item_are_not_found() {
    assert_eq!(fetch("db/missing"), Err(Error::NotFound));
    let host = host();
    host.answer(
        "GET",
        &ITEMS.replace("db", "none"),
        Response::new(200, "[]"),
    );
    let answers = OnePasswordConnect::fetch(&host, &[Reference::new("none/token")]);
    assert_eq!(answers, [Err(Error::NotFound)]);
}

#[test]
fn an_item_that_is_gone_is_not_found_and_another_404_is_no_absence() {
    let fetch = |body: &str| {
        let host = host_without_item();
        host.answer("GET", ITEM, Response::new(404, body));
        OnePasswordConnect::fetch(&host, &[Reference::new("db/token")]).remove(0)
    };
    let own = fetch(r#"{"status":404,"message":"item 2fcbqwe9ndg175zg2dzwftvkpa not found"}"#);
    assert_eq!(own, Err(Error::NotFound));
    for body in [
        "",
        "default backend - 404",
        "{}",
        r#"{"status":"404"}"#,
        r#"{"status":502}"#,
    ] {
        assert!(matches!(fetch(body), Err(Error::Other(_))), "{body}");
    }
}

#[test]
fn a_missing_vault_is_not_a_missing_secret() {
    let host = FakeHost::of::<OnePasswordConnect>();
    let url = VAULTS.replace("App%20Vault", "none");
    host.answer("GET", &url, Response::new(200, "[]"));
    let answers = OnePasswordConnect::fetch(&host, &[Reference::new("none/db/token")]);
    assert!(matches!(&answers[0], Err(Error::Other(text)) if text.contains("vault")));
    assert_eq!(host.batches(), [1]);
}

#[test]
fn a_title_of_several_items_is_an_error() {
    let host = host();
    let two = format!(r#"[{{"id":"{ITEM_ID}"}},{{"id":"{VAULT_ID}"}}]"#);
    host.answer("GET", &ITEMS.replace("db", "two"), Response::new(200, two));
    let answers = OnePasswordConnect::fetch(&host, &[Reference::new("two/token")]);
    assert!(matches!(&answers[0], Err(Error::Other(text)) if text.contains("several")));
}

#[test]
fn a_batch_takes_three_rounds_and_asks_nothing_twice() {
    let host = host();
    host.answer(
        "GET",
        &ITEMS.replace("db", "none"),
        Response::new(200, "[]"),
    );
    let paths = [
        "db/token",
        "db/username",
        "none/token",
        "App Vault/db/a4",
        "db",
    ];
    let answers = OnePasswordConnect::fetch(&host, &paths.map(Reference::new));
    assert_eq!(host.batches(), [1, 2, 1]);
    assert_eq!(answers[1].as_ref().unwrap().bytes, b"dummy-user");
    assert_eq!(answers[2], Err(Error::NotFound));
    assert_eq!(answers[3].as_ref().unwrap().bytes, b"2");
    assert!(matches!(answers[4], Err(Error::InvalidReference(_))));
}

#[test]
fn ids_are_not_looked_up() {
    let host = host();
    let by_id = Reference::new(format!("{VAULT_ID}/{ITEM_ID}/token"));
    // One that needs a look-up between two that do not.
    let references = [by_id.clone(), Reference::new("db/username"), by_id];
    let answers = OnePasswordConnect::fetch(&host, &references);
    assert_eq!(answers[0].as_ref().unwrap().bytes, b"dummy");
    assert_eq!(answers[1].as_ref().unwrap().bytes, b"dummy-user");
    assert_eq!(answers[2], answers[0]);

    let host = self::host();
    OnePasswordConnect::fetch(&host, &references[..1]);
    assert_eq!(host.batches(), [1]);
}

#[test]
fn what_can_be_no_field_costs_no_request() {
    let host = host();
    let paths = ["", "db", "/token", "db/", "a/b/c/d", "//"];
    for answer in OnePasswordConnect::fetch(&host, &paths.map(Reference::new)) {
        assert!(matches!(answer, Err(Error::InvalidReference(_))));
    }
    let versioned = [Reference::new("db/token").at("2")];
    let answers = OnePasswordConnect::fetch(&host, &versioned);
    assert!(matches!(answers[0], Err(Error::InvalidReference(_))));
    let without_vault = FakeHost::of::<OnePasswordConnect>();
    let answers = OnePasswordConnect::fetch(&without_vault, &[Reference::new("db/token")]);
    assert!(matches!(answers[0], Err(Error::InvalidReference(_))));
    assert!(host.batches().is_empty() && without_vault.batches().is_empty());
}

#[test]
fn a_title_cannot_change_the_filter() {
    let host = host();
    let title = format!(r#"{VAULT_ID}/x" or title eq "y/token"#);
    let answers = OnePasswordConnect::fetch(&host, &[Reference::new(title)]);
    assert!(matches!(answers[0], Err(Error::InvalidReference(_))));
    assert!(host.batches().is_empty());
}

#[test]
fn failures_are_told_apart_in_each_round() {
    let reference = Reference::new("db/token");
    assert_failures::<OnePasswordConnect>(host, &reference, "GET", ITEM);
    for url in [VAULTS, ITEMS] {
        assert_failures::<OnePasswordConnect>(host, &reference, "GET", url);
    }
}
