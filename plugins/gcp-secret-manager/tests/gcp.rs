//! The backend against answers in the shape that the reference of Secret Manager's API has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_gcp_secret_manager::GcpSecretManager;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, HttpError, Reference, Response};

const URL: &str =
    "https://secretmanager.googleapis.com/v1/projects/api/secrets/key/versions/latest:access";
const TOKEN: &str =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";

fn host() -> FakeHost {
    FakeHost::of::<GcpSecretManager>().with_setting("project", "api")
}

/// The payload `123456789`, whose checksum is the test vector of CRC32C.
fn payload(data: &str, checksum: &str) -> Response {
    let body = format!(
        r#"{{"name":"projects/12345/secrets/key/versions/3","payload":{{"data":"{data}","dataCrc32c":"{checksum}"}}}}"#
    );
    Response::new(200, body)
}

fn good() -> Response {
    payload("MTIzNDU2Nzg5", "3808858755")
}

fn absent() -> Response {
    let body = r#"{"error":{"code":404,"message":"Secret not found","status":"NOT_FOUND"}}"#;
    Response::new(404, body)
}

fn fetch(response: Response) -> Result<Document, Error> {
    let host = host();
    host.answer("GET", URL, response);
    GcpSecretManager::fetch(&host, &[Reference::new("key")]).remove(0)
}

#[test]
fn the_latest_version_is_read_and_named() {
    assert_eq!(
        fetch(good()).unwrap(),
        Document::new("123456789").version("3")
    );
}

#[test]
fn a_payload_that_lost_bytes_is_no_document() {
    for (data, checksum) in [
        ("MTIzNDU2Nzg5", "3808858754"),
        ("MTIzNDU2Nzg4", "3808858755"),
        ("MTIzNDU2Nzg5", "-1"),
        ("?", "3808858755"),
    ] {
        assert!(matches!(
            fetch(payload(data, checksum)),
            Err(Error::Other(_))
        ));
    }
}

#[test]
fn a_payload_may_come_without_checksum_and_be_empty() {
    let body = r#"{"name":"projects/1/secrets/key/versions/1","payload":{}}"#;
    assert_eq!(fetch(Response::new(200, body)).unwrap().bytes, b"");
}

#[test]
fn a_missing_secret_is_not_found() {
    assert_eq!(fetch(absent()), Err(Error::NotFound));
}

#[test]
fn a_404_that_is_not_the_apis_is_no_absence() {
    for body in [
        "",
        "<html>Error 404 (Not Found)</html>",
        "{}",
        r#"{"status":"NOT_FOUND"}"#,
        r#"{"error":{"code":404}}"#,
    ] {
        let answer = fetch(Response::new(404, body));
        assert!(matches!(answer, Err(Error::Other(_))), "{body}");
    }
}

#[test]
fn a_disabled_version_is_no_absence() {
    let body = r#"{"error":{"code":400,"status":"FAILED_PRECONDITION"}}"#;
    let answer = fetch(Response::new(400, body));
    assert!(matches!(answer, Err(Error::Other(text)) if text.contains("disabled")));
}

#[test]
fn a_path_may_name_the_project_and_a_reference_the_version() {
    let host = FakeHost::of::<GcpSecretManager>();
    let url =
        "https://secretmanager.googleapis.com/v1/projects/other/secrets/key/versions/2:access";
    host.answer("GET", url, good());
    let reference = Reference::new("projects/other/secrets/key").at("2");
    let short = Reference::new("key");
    let answers = GcpSecretManager::fetch(&host, &[reference.clone(), short, reference]);
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(Error::InvalidReference(_))));
    assert_eq!(answers[2], answers[0]);
    assert_eq!(host.batches(), [1]);
}

#[test]
fn regional_secrets_have_their_own_address() {
    let address = "https://secretmanager.europe-west3.rep.googleapis.com";
    let host = host()
        .with_setting("address", address)
        .with_setting("location", "europe-west3");
    let url = format!(
        "{address}/v1/projects/api/locations/europe-west3/secrets/key/versions/latest:access"
    );
    host.answer("GET", &url, good());
    assert!(GcpSecretManager::fetch(&host, &[Reference::new("key")])[0].is_ok());
}

#[test]
fn what_can_be_no_secret_costs_no_request() {
    let host = host().with_setting("token", "metadata");
    let paths = [
        "",
        "..",
        "a/b",
        "projects//secrets/a",
        "projects/../secrets/a",
    ];
    for answer in GcpSecretManager::fetch(&host, &paths.map(Reference::new)) {
        assert!(matches!(answer, Err(Error::InvalidReference(_))));
    }
    assert!(host.batches().is_empty());
}

#[test]
fn the_token_of_the_machine_is_asked_for_once() {
    let host = host().with_setting("token", "metadata");
    let token = r#"{"access_token":"dummy-token","expires_in":3599,"token_type":"Bearer"}"#;
    host.answer("GET", TOKEN, Response::new(200, token));
    host.answer("GET", URL, good());
    host.answer("GET", &URL.replace("key", "other"), absent());
    let answers = GcpSecretManager::fetch(&host, &[Reference::new("key"), Reference::new("other")]);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Error::NotFound));
    assert_eq!(host.batches(), [1, 2]);
    let requests = host.requests();
    assert_eq!(requests[0].headers[0].name, "metadata-flavor");
    assert_eq!(requests[1].headers[0].value, "Bearer dummy-token");
}

#[test]
fn without_a_token_nothing_is_asked() {
    let fetch = |answer: Result<Response, HttpError>| {
        let host = host().with_setting("token", "metadata");
        match answer {
            Ok(response) => host.answer("GET", TOKEN, response),
            Err(error) => host.fail("GET", TOKEN, error),
        }
        let answer = GcpSecretManager::fetch(&host, &[Reference::new("key")]).remove(0);
        assert_eq!(host.requests().len(), 1);
        answer.unwrap_err()
    };
    assert!(matches!(
        fetch(Ok(Response::new(404, ""))),
        Error::Unauthenticated(_)
    ));
    assert!(matches!(
        fetch(Ok(Response::new(503, ""))),
        Error::Unavailable(_)
    ));
    assert!(matches!(
        fetch(Err(HttpError::Timeout)),
        Error::Unavailable(_)
    ));
    for body in [
        "{}",
        "",
        r#"{"access_token":""}"#,
        r#"{"access_token":"a\r\nb: c"}"#,
    ] {
        assert!(matches!(
            fetch(Ok(Response::new(200, body))),
            Error::Other(_)
        ));
    }
}

#[test]
fn an_unknown_way_to_a_token_is_an_error() {
    let host = host().with_setting("token", "file");
    let answers = GcpSecretManager::fetch(&host, &[Reference::new("key")]);
    assert!(matches!(answers[0], Err(Error::Other(_))));
    assert!(host.batches().is_empty());
}

#[test]
fn failures_are_told_apart() {
    assert_failures::<GcpSecretManager>(host, &Reference::new("key"), "GET", URL);
}
