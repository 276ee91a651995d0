//! The backend against answers in the shape that etcd's documentation of the gateway has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_etcd::Etcd;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, Reference, Response};
use secret_run_sdk_writer::Writer;

const RANGE: &str = "http://127.0.0.1:2379/v3/kv/range";
const PUT: &str = "http://127.0.0.1:2379/v3/kv/put";
const HEADER: &str = r#""header":{"cluster_id":"12585971608760269493","member_id":"13847567121247652255","revision":"12","raft_term":"3"}"#;

/// The answer to a range with one key, `foo`.
fn found(rest: &str) -> Response {
    let body = format!(
        r#"{{{HEADER},"kvs":[{{"key":"Zm9v","create_revision":"2","mod_revision":"5","version":"3"{rest}}}],"count":"1"}}"#
    );
    Response::new(200, body)
}

fn missing() -> Response {
    Response::new(200, format!("{{{HEADER}}}"))
}

fn fetch(reference: Reference, response: Response) -> Result<Document, Error> {
    let host = FakeHost::of::<Etcd>();
    host.answer("POST", RANGE, response);
    Etcd::fetch(&host, &[reference]).remove(0)
}

#[test]
fn a_key_is_read_with_the_revision_of_its_last_change() {
    let document = fetch(Reference::new("foo"), found(r#","value":"ZHVtbXk=""#)).unwrap();
    assert_eq!(document, Document::new("dummy").version("5"));
}

#[test]
fn a_value_that_the_gateway_leaves_out_is_empty() {
    assert_eq!(fetch(Reference::new("foo"), found("")).unwrap().bytes, b"");
}

#[test]
fn a_missing_key_is_not_found() {
    assert_eq!(
        fetch(Reference::new("foo"), missing()),
        Err(Error::NotFound)
    );
}

#[test]
fn an_answer_without_a_header_is_not_the_absence_of_a_key() {
    let answer = fetch(Reference::new("foo"), Response::new(200, "{}"));
    assert!(matches!(answer, Err(Error::Other(_))));
}

#[test]
fn another_service_at_the_address_is_not_the_absence_of_a_key() {
    let answer = fetch(Reference::new("foo"), Response::new(404, "page not found"));
    assert!(matches!(answer, Err(Error::Other(_))));
}

#[test]
fn a_value_that_is_no_base64_is_no_document() {
    for rest in [r#","value":"?""#, r#","value":5"#] {
        let answer = fetch(Reference::new("foo"), found(rest));
        assert!(matches!(answer, Err(Error::Other(_))), "{rest}");
    }
}

#[test]
fn a_version_is_a_revision_of_the_store() {
    let host = FakeHost::of::<Etcd>();
    host.answer("POST", RANGE, found(r#","value":"ZHVtbXk=""#));
    assert!(Etcd::fetch(&host, &[Reference::new("foo").at("7")])[0].is_ok());
    assert_eq!(host.requests()[0].body, br#"{"key":"Zm9v","revision":"7"}"#);
}

#[test]
fn a_version_that_is_no_revision_costs_no_request() {
    let host = FakeHost::of::<Etcd>();
    for version in ["0", "-1", "latest", "", "9223372036854775808"] {
        let answers = Etcd::fetch(&host, &[Reference::new("foo").at(version)]);
        assert!(
            matches!(answers[0], Err(Error::InvalidReference(_))),
            "{version}"
        );
    }
    assert!(host.batches().is_empty());
}

#[test]
fn a_compacted_revision_is_said_to_be_one() {
    let body = r#"{"error":"etcdserver: mvcc: required revision has been compacted","code":11,"message":"etcdserver: mvcc: required revision has been compacted","details":[]}"#;
    let Err(Error::Other(text)) = fetch(Reference::new("foo").at("1"), Response::new(400, body))
    else {
        unreachable!("a compacted revision is an error of its own")
    };
    assert!(text.contains("compacted"));
}

#[test]
fn a_refused_request_is_no_absence() {
    let body = r#"{"error":"etcdserver: user name is empty","code":3}"#;
    for body in [body, "", "[]"] {
        let answer = fetch(Reference::new("foo"), Response::new(400, body));
        assert!(matches!(answer, Err(Error::Other(text)) if text.contains("token")));
    }
}

#[test]
fn a_batch_goes_out_at_once_and_asks_once_for_each_key() {
    let host = FakeHost::of::<Etcd>();
    host.answer("POST", RANGE, found(r#","value":"ZHVtbXk=""#));
    host.answer("POST", RANGE, missing());
    let foo = Reference::new("foo");
    let answers = Etcd::fetch(
        &host,
        &[foo.clone(), Reference::new("bar"), foo, Reference::new("")],
    );
    assert_eq!(host.batches(), [2]);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Error::NotFound));
    assert_eq!(answers[2], answers[0]);
    assert!(matches!(answers[3], Err(Error::InvalidReference(_))));
}

#[test]
fn failures_are_told_apart() {
    let foo = Reference::new("foo");
    assert_failures::<Etcd>(FakeHost::of::<Etcd>, &foo, "POST", RANGE);
}

#[test]
fn a_write_answers_with_the_revision_that_it_became() {
    let host = FakeHost::of::<Etcd>();
    host.answer("POST", PUT, missing());
    let version = Etcd::put(&host, "foo", b"dummy").unwrap();
    assert_eq!(version.as_deref(), Some("12"));
    assert_eq!(
        host.requests()[0].body,
        br#"{"key":"Zm9v","value":"ZHVtbXk="}"#
    );
}

#[test]
fn a_write_that_etcd_does_not_confirm_failed() {
    for (status, body) in [(200, "{}"), (200, r#"{"header":{}}"#), (404, ""), (503, "")] {
        let host = FakeHost::of::<Etcd>();
        host.answer("POST", PUT, Response::new(status, body));
        let answer = Etcd::put(&host, "foo", b"dummy");
        assert!(!matches!(answer, Ok(_) | Err(Error::NotFound)), "{status}");
    }
}

#[test]
fn keys_are_listed_by_their_prefix() {
    let host = FakeHost::of::<Etcd>();
    host.answer("POST", RANGE, found(""));
    assert_eq!(Etcd::list(&host, "fo").unwrap(), ["foo"]);
    assert_eq!(
        host.requests()[0].body,
        br#"{"key":"Zm8=","keys_only":true,"limit":"1000","range_end":"ZnA="}"#
    );
    assert_eq!(Etcd::list(&host, "").unwrap(), ["foo"]);
    assert_eq!(
        host.requests()[1].body,
        br#"{"key":"AA==","keys_only":true,"limit":"1000","range_end":"AA=="}"#
    );
}

#[test]
fn a_description_has_the_revision() {
    let host = FakeHost::of::<Etcd>();
    host.answer("POST", RANGE, found(""));
    host.answer("POST", RANGE, missing());
    let description = Etcd::describe(&host, "foo").unwrap();
    assert_eq!(description.version.as_deref(), Some("5"));
    assert_eq!(Etcd::describe(&host, "foo"), Err(Error::NotFound));
}
