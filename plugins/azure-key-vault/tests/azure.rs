//! The backend against answers in the shape that the reference of Key Vault's API has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_azure_key_vault::AzureKeyVault;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, Reference, Response};

const URL: &str = "https://example.vault.azure.net/secrets/key?api-version=7.4";
const IDENTITY: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net";
const LOGIN: &str = "https://login.microsoftonline.com/example.com/oauth2/v2.0/token";

fn host() -> FakeHost {
    FakeHost::of::<AzureKeyVault>().with_setting("vault", "https://example.vault.azure.net/")
}

fn secret() -> Response {
    let body = r#"{"value":"dummy","id":"https://example.vault.azure.net/secrets/key/4387e9f3d6e14c459867679a90fd0f79","attributes":{"enabled":true,"created":1493938410,"updated":1493938410,"recoveryLevel":"Recoverable+Purgeable"}}"#;
    Response::new(200, body)
}

fn absent() -> Response {
    let body = r#"{"error":{"code":"SecretNotFound","message":"A secret was not found"}}"#;
    Response::new(404, body)
}

fn token() -> Response {
    Response::new(
        200,
        r#"{"token_type":"Bearer","expires_in":"3599","access_token":"dummy-token"}"#,
    )
}

fn fetch(response: Response) -> Result<Document, Error> {
    let host = host();
    host.answer("GET", URL, response);
    AzureKeyVault::fetch(&host, &[Reference::new("key")]).remove(0)
}

#[test]
fn the_current_version_is_read_and_named() {
    let expected = Document::new("dummy")
        .version("4387e9f3d6e14c459867679a90fd0f79")
        .created_at(1_493_938_410);
    assert_eq!(fetch(secret()).unwrap(), expected);
}

#[test]
fn a_reference_may_name_the_version() {
    let host = host();
    let url = "https://example.vault.azure.net/secrets/key/4387e9f3?api-version=7.4";
    host.answer("GET", url, secret());
    let reference = Reference::new("key").at("4387e9f3");
    assert!(AzureKeyVault::fetch(&host, &[reference])[0].is_ok());
}

#[test]
fn a_missing_secret_is_not_found() {
    assert_eq!(fetch(absent()), Err(Error::NotFound));
}

#[test]
fn a_404_that_is_not_the_vaults_is_no_absence() {
    for body in [
        "",
        "default backend - 404",
        "{}",
        r#"{"error":"SecretNotFound"}"#,
        r#"{"error":{"code":"ResourceNotFound"}}"#,
    ] {
        let answer = fetch(Response::new(404, body));
        assert!(matches!(answer, Err(Error::Other(_))), "{body}");
    }
}

#[test]
fn an_application_without_a_token_is_refused_whatever_the_status() {
    for status in [400, 401, 404] {
        let host = host()
            .with_setting("token", "client-credentials")
            .with_setting("tenant", "example.com");
        host.answer("POST", LOGIN, Response::new(status, "dummy-upstream"));
        let answers = AzureKeyVault::fetch(&host, &[Reference::new("key")]);
        assert!(matches!(answers[0], Err(Error::Unauthenticated(_))));
    }
}

#[test]
fn an_answer_without_value_or_id_is_no_document() {
    for body in ["{}", r#"{"value":5,"id":"a/b"}"#, r#"{"value":"dummy"}"#] {
        assert!(matches!(
            fetch(Response::new(200, body)),
            Err(Error::Other(_))
        ));
    }
}

#[test]
fn what_can_be_no_secret_costs_no_request() {
    let host = host().with_setting("token", "managed-identity");
    let long = "a".repeat(128);
    let paths = ["", "..", "a/b", "a_b", "a?b", long.as_str()];
    for answer in AzureKeyVault::fetch(&host, &paths.map(Reference::new)) {
        assert!(matches!(answer, Err(Error::InvalidReference(_))));
    }
    let version = [Reference::new("key").at("..")];
    let answers = AzureKeyVault::fetch(&host, &version);
    assert!(matches!(answers[0], Err(Error::InvalidReference(_))));
    assert!(host.batches().is_empty());
}

#[test]
fn a_batch_goes_out_at_once_after_one_request_for_the_token() {
    let host = host().with_setting("token", "managed-identity");
    host.answer("GET", IDENTITY, token());
    host.answer("GET", URL, secret());
    host.answer("GET", &URL.replace("key", "other"), absent());
    let key = Reference::new("key");
    let references = [key.clone(), Reference::new("other"), key];
    let answers = AzureKeyVault::fetch(&host, &references);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Error::NotFound));
    assert_eq!(answers[2], answers[0]);
    assert_eq!(host.batches(), [1, 2]);
    assert_eq!(host.requests()[0].headers[0].name, "metadata");
    assert_eq!(host.requests()[1].headers[0].value, "Bearer dummy-token");
}

#[test]
fn an_identity_may_be_chosen() {
    let host = host()
        .with_setting("token", "managed-identity")
        .with_setting("client-id", "dummy-id");
    host.answer("GET", &format!("{IDENTITY}&client_id=dummy-id"), token());
    host.answer("GET", URL, secret());
    assert!(AzureKeyVault::fetch(&host, &[Reference::new("key")])[0].is_ok());
}

#[test]
fn client_credentials_are_exchanged_without_being_seen() {
    let host = host()
        .with_setting("token", "client-credentials")
        .with_setting("tenant", "example.com");
    host.answer("POST", LOGIN, token());
    host.answer("GET", URL, secret());
    assert!(AzureKeyVault::fetch(&host, &[Reference::new("key")])[0].is_ok());
    let form = "grant_type=client_credentials&scope=https%3A%2F%2Fvault.azure.net%2F.default";
    let request = &host.requests()[0];
    assert_eq!(request.body, form.as_bytes());
    assert!(
        request
            .headers
            .iter()
            .all(|header| header.name != "authorization")
    );
}

#[test]
fn settings_that_make_no_token_are_an_error() {
    for host in [
        host().with_setting("token", "client-credentials"),
        host().with_setting("token", "cli"),
        FakeHost::of::<AzureKeyVault>(),
    ] {
        let answers = AzureKeyVault::fetch(&host, &[Reference::new("key")]);
        assert!(matches!(answers[0], Err(Error::Other(_))));
        assert!(host.batches().is_empty());
    }
}

#[test]
fn a_refused_token_is_told_from_an_outage() {
    for (status, refused) in [
        (400, true),
        (401, true),
        (403, true),
        (404, false),
        (410, false),
        (429, false),
        (500, false),
    ] {
        let host = host().with_setting("token", "managed-identity");
        host.answer("GET", IDENTITY, Response::new(status, "dummy-upstream"));
        let error = AzureKeyVault::fetch(&host, &[Reference::new("key")])
            .remove(0)
            .unwrap_err();
        assert_eq!(
            matches!(error, Error::Unauthenticated(_)),
            refused,
            "{status}"
        );
        assert_eq!(matches!(error, Error::Unavailable(_)), !refused, "{status}");
        assert_eq!(host.requests().len(), 1);
    }
}

#[test]
fn failures_are_told_apart() {
    assert_failures::<AzureKeyVault>(host, &Reference::new("key"), "GET", URL);
}
