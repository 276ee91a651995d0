//! The backend against answers in the shape that the reference of the Kubernetes API has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_kubernetes::Kubernetes;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, Reference, Response};

const URL: &str = "https://kubernetes.default.svc/api/v1/namespaces/default/secrets/app";

fn secret(data: &str) -> Response {
    let body = format!(
        r#"{{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"app","namespace":"default","resourceVersion":"837"}}{data},"type":"Opaque"}}"#
    );
    Response::new(200, body)
}

fn fetch(path: &str, response: Response) -> Result<Document, Error> {
    let host = FakeHost::of::<Kubernetes>();
    host.answer("GET", URL, response);
    Kubernetes::fetch(&host, &[Reference::new(path)]).remove(0)
}

const DATA: &str = r#","data":{"user":"ZHVtbXk=","password":"cGEic3M="}"#;

#[test]
fn a_key_is_read_with_the_version_of_its_secret() {
    let document = fetch("app/user", secret(DATA)).unwrap();
    assert_eq!(document, Document::new("dummy").version("837"));
}

#[test]
fn bytes_that_are_no_text_are_read_as_they_are() {
    let document = fetch("app/raw", secret(r#","data":{"raw":"/wA="}"#)).unwrap();
    assert_eq!(document.bytes, [0xff, 0x00]);
}

#[test]
fn a_whole_secret_is_an_object_of_texts() {
    let document = fetch("app", secret(DATA)).unwrap();
    assert_eq!(document.bytes, br#"{"password":"pa\"ss","user":"dummy"}"#);
}

#[test]
fn a_whole_secret_with_bytes_that_are_no_text_is_refused() {
    let answer = fetch("app", secret(r#","data":{"raw":"/wA="}"#));
    assert!(matches!(answer, Err(Error::Other(text)) if text.contains("name/key")));
}

#[test]
fn a_missing_secret_and_a_missing_key_are_not_found() {
    let status =
        r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}"#;
    assert_eq!(
        fetch("app", Response::new(404, status)),
        Err(Error::NotFound)
    );
    assert_eq!(fetch("app/other", secret(DATA)), Err(Error::NotFound));
    for none in ["", r#","data":null"#, r#","data":{}"#] {
        assert_eq!(fetch("app/user", secret(none)), Err(Error::NotFound));
        assert_eq!(fetch("app", secret(none)).unwrap().bytes, b"{}");
    }
}

#[test]
fn a_404_that_is_not_the_api_servers_is_no_absence() {
    for body in [
        "",
        "default backend - 404",
        "{}",
        r#"{"kind":"Status"}"#,
        r#"{"kind":"Status","reason":"Forbidden"}"#,
        r#"{"kind":"Error","reason":"NotFound"}"#,
    ] {
        let answer = fetch("app/user", Response::new(404, body));
        assert!(matches!(answer, Err(Error::Other(_))), "{body}");
    }
}

#[test]
fn a_key_that_is_no_base64_is_no_document() {
    for data in [
        r#","data":{"user":"?"}"#,
        r#","data":{"user":5}"#,
        r#","data":[]"#,
    ] {
        assert!(matches!(
            fetch("app/user", secret(data)),
            Err(Error::Other(_))
        ));
        assert!(matches!(fetch("app", secret(data)), Err(Error::Other(_))));
    }
}

#[test]
fn a_batch_reads_each_secret_once() {
    let host = FakeHost::of::<Kubernetes>();
    host.answer("GET", URL, secret(DATA));
    let paths = ["app/user", "app/password", "app", "app/other"];
    let answers = Kubernetes::fetch(&host, &paths.map(Reference::new));
    assert_eq!(host.batches(), [1]);
    assert_eq!(answers[1].as_ref().unwrap().bytes, b"pa\"ss");
    assert_eq!(answers[3], Err(Error::NotFound));
}

#[test]
fn what_can_be_no_secret_costs_no_request() {
    let host = FakeHost::of::<Kubernetes>();
    let paths = ["", "/key", "app/", "a/b/c", "..", "../key"];
    for answer in Kubernetes::fetch(&host, &paths.map(Reference::new)) {
        assert!(matches!(answer, Err(Error::InvalidReference(_))));
    }
    let versioned = [Reference::new("app").at("837")];
    let answers = Kubernetes::fetch(&host, &versioned);
    assert!(matches!(answers[0], Err(Error::InvalidReference(_))));
    assert!(host.batches().is_empty());
}

#[test]
fn settings_choose_the_namespace() {
    let host = FakeHost::of::<Kubernetes>()
        .with_setting("address", "https://10.0.0.1:6443/")
        .with_setting("namespace", "team");
    let url = "https://10.0.0.1:6443/api/v1/namespaces/team/secrets/app";
    host.answer("GET", url, secret(DATA));
    assert!(Kubernetes::fetch(&host, &[Reference::new("app")])[0].is_ok());
}

#[test]
fn failures_are_told_apart() {
    let app = Reference::new("app/user");
    assert_failures::<Kubernetes>(FakeHost::of::<Kubernetes>, &app, "GET", URL);
}
