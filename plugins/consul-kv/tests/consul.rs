//! The backend against answers in the shape that Consul's API documentation has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_consul_kv::ConsulKv;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, Reference, Response};
use secret_run_sdk_writer::Writer;

const URL: &str = "http://127.0.0.1:8500/v1/kv/app/key";

fn entry(value: &str) -> Response {
    let body = format!(
        r#"[{{"CreateIndex":100,"ModifyIndex":200,"LockIndex":0,"Key":"app/key","Flags":0,"Value":{value}}}]"#
    );
    Response::new(200, body)
}

/// What it answers where there is no key.
fn absent() -> Response {
    Response::new(404, "").with_header("x-consul-index", "1")
}

fn fetch(response: Response) -> Result<Document, Error> {
    let host = FakeHost::of::<ConsulKv>();
    host.answer("GET", URL, response);
    ConsulKv::fetch(&host, &[Reference::new("app/key")]).remove(0)
}

#[test]
fn a_key_is_read_with_its_index() {
    let document = fetch(entry("\"ZHVtbXk=\"")).unwrap();
    assert_eq!(document, Document::new("dummy").version("200"));
}

#[test]
fn a_key_without_a_value_is_empty() {
    assert_eq!(fetch(entry("null")).unwrap().bytes, b"");
}

#[test]
fn a_missing_key_is_not_found() {
    assert_eq!(fetch(absent()), Err(Error::NotFound));
}

#[test]
fn a_404_that_is_not_consuls_is_no_absence() {
    for body in ["", "default backend - 404", "404 page not found"] {
        let answer = fetch(Response::new(404, body));
        assert!(matches!(answer, Err(Error::Other(_))), "{body}");
        let host = FakeHost::of::<ConsulKv>();
        let url = "http://127.0.0.1:8500/v1/kv/app/?keys=true";
        host.answer("GET", url, Response::new(404, body));
        let listed = ConsulKv::list(&host, "app/");
        assert!(matches!(listed, Err(Error::Other(_))), "{body}");
    }
}

#[test]
fn a_value_that_is_no_base64_is_no_document() {
    for value in ["\"ZHVtbXk\"", "\"?\"", "5", "{}"] {
        assert!(
            matches!(fetch(entry(value)), Err(Error::Other(_))),
            "{value}"
        );
    }
}

#[test]
fn a_batch_goes_out_at_once_and_asks_once_for_each_key() {
    let host = FakeHost::of::<ConsulKv>();
    host.answer("GET", URL, entry("\"ZHVtbXk=\""));
    host.answer("GET", "http://127.0.0.1:8500/v1/kv/other", absent());
    let key = Reference::new("app/key");
    let answers = ConsulKv::fetch(
        &host,
        &[
            key.clone(),
            Reference::new("other"),
            key.clone().at("200"),
            Reference::new("../acl/tokens"),
            key,
        ],
    );
    assert_eq!(host.batches(), [2]);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Error::NotFound));
    assert!(matches!(answers[2], Err(Error::InvalidReference(_))));
    assert!(matches!(answers[3], Err(Error::InvalidReference(_))));
    assert_eq!(answers[4], answers[0]);
}

#[test]
fn an_empty_batch_asks_nothing() {
    let host = FakeHost::of::<ConsulKv>();
    assert!(ConsulKv::fetch(&host, &[]).is_empty());
    assert!(host.batches().is_empty());
}

#[test]
fn settings_choose_the_store() {
    let host = FakeHost::of::<ConsulKv>()
        .with_setting("address", "https://consul.example.com:8501/")
        .with_setting("datacenter", "eu 1")
        .with_setting("namespace", "team");
    let url = "https://consul.example.com:8501/v1/kv/a%3Fb?dc=eu%201&ns=team";
    host.answer("GET", url, entry("\"ZHVtbXk=\""));
    assert!(ConsulKv::fetch(&host, &[Reference::new("a?b")])[0].is_ok());
}

#[test]
fn failures_are_told_apart() {
    assert_failures::<ConsulKv>(
        FakeHost::of::<ConsulKv>,
        &Reference::new("app/key"),
        "GET",
        URL,
    );
}

#[test]
fn a_token_that_is_unknown_or_missing_is_told_from_one_that_may_not() {
    for (body, is_known) in [
        ("ACL not found", false),
        (
            "Permission denied: anonymous token lacks permission 'key:read' on \"app/key\". The \
             anonymous token is used implicitly when a request does not specify a token.",
            false,
        ),
        (
            "Permission denied: token with AccessorID '7d20' lacks permission 'key:read' on \
             \"app/key\"",
            true,
        ),
    ] {
        let error = fetch(Response::new(403, body)).unwrap_err();
        let may_not = matches!(error, Error::AccessDenied(_));
        let is_unknown = matches!(error, Error::Unauthenticated(_));
        assert_eq!((may_not, is_unknown), (is_known, !is_known), "{body}");
    }
}

#[test]
fn a_key_is_written_with_its_bytes() {
    let host = FakeHost::of::<ConsulKv>();
    host.answer("PUT", URL, Response::new(200, "true\n"));
    assert_eq!(ConsulKv::put(&host, "app/key", b"dummy\xff"), Ok(None));
    assert_eq!(host.requests()[0].body, b"dummy\xff");
}

#[test]
fn a_write_that_consul_does_not_confirm_failed() {
    for (status, body) in [(200, "false"), (200, ""), (404, ""), (500, "")] {
        let host = FakeHost::of::<ConsulKv>();
        host.answer("PUT", URL, Response::new(status, body));
        let answer = ConsulKv::put(&host, "app/key", b"dummy");
        assert!(!matches!(answer, Ok(_) | Err(Error::NotFound)), "{status}");
    }
}

#[test]
fn keys_are_listed_in_order_and_none_is_an_empty_list() {
    let host = FakeHost::of::<ConsulKv>();
    let url = "http://127.0.0.1:8500/v1/kv/app/?keys=true";
    host.answer("GET", url, Response::new(200, r#"["app/b","app/a"]"#));
    assert_eq!(ConsulKv::list(&host, "app/").unwrap(), ["app/a", "app/b"]);
    let all = "http://127.0.0.1:8500/v1/kv/?keys=true";
    host.answer("GET", all, absent());
    assert!(ConsulKv::list(&host, "").unwrap().is_empty());
}

#[test]
fn a_description_has_the_index() {
    let host = FakeHost::of::<ConsulKv>();
    host.answer("GET", URL, entry("\"ZHVtbXk=\""));
    let description = ConsulKv::describe(&host, "app/key").unwrap();
    assert_eq!(description.version.as_deref(), Some("200"));
    host.answer("GET", "http://127.0.0.1:8500/v1/kv/other", absent());
    assert_eq!(ConsulKv::describe(&host, "other"), Err(Error::NotFound));
}
