//! The backend against answers in the shape that Doppler's API reference has.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_doppler::Doppler;
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{Backend, Document, Error, Reference, Response};

const URL: &str = "https://api.doppler.com/v3/configs/config/secrets/download?format=json";
const SECRETS: &str = r#"{"DOPPLER_CONFIG":"prd","API_KEY":"dummy\nkey","EMPTY":"","ODD":5}"#;

fn fetch(names: &[&str], response: Response) -> Vec<Result<Document, Error>> {
    let host = FakeHost::of::<Doppler>();
    host.answer("GET", URL, response);
    let references: Vec<_> = names.iter().copied().map(Reference::new).collect();
    let answers = Doppler::fetch(&host, &references);
    assert_eq!(host.batches(), [1]);
    answers
}

#[test]
fn one_request_serves_the_whole_batch() {
    let names = ["API_KEY", "MISSING", "EMPTY", "ODD", "API_KEY"];
    let answers = fetch(&names, Response::new(200, SECRETS));
    assert_eq!(answers[0].as_ref().unwrap().bytes, b"dummy\nkey");
    assert_eq!(answers[1], Err(Error::NotFound));
    assert_eq!(answers[2].as_ref().unwrap().bytes, b"");
    assert!(matches!(answers[3], Err(Error::Other(_))));
    assert_eq!(answers[4], answers[0]);
}

#[test]
fn a_missing_config_is_not_a_missing_secret() {
    let body = r#"{"messages":["Could not find requested config 'prd'"],"success":false}"#;
    let answers = fetch(&["API_KEY"], Response::new(404, body));
    assert!(matches!(&answers[0], Err(Error::Other(text)) if text.contains("config")));
}

#[test]
fn settings_choose_the_config() {
    let host = FakeHost::of::<Doppler>()
        .with_setting("project", "api")
        .with_setting("config", "prd eu");
    let url = format!("{URL}&project=api&config=prd%20eu");
    host.answer("GET", &url, Response::new(200, SECRETS));
    assert!(Doppler::fetch(&host, &[Reference::new("API_KEY")])[0].is_ok());
}

#[test]
fn what_can_be_no_secret_of_doppler_costs_no_request() {
    let host = FakeHost::of::<Doppler>();
    let references = [
        Reference::new(""),
        Reference::new("api_key"),
        Reference::new("A/B"),
        Reference::new("API_KEY").at("3"),
    ];
    for answer in Doppler::fetch(&host, &references) {
        assert!(matches!(answer, Err(Error::InvalidReference(_))));
    }
    assert!(host.batches().is_empty());
}

#[test]
fn failures_are_told_apart() {
    let reference = Reference::new("API_KEY");
    assert_failures::<Doppler>(FakeHost::of::<Doppler>, &reference, "GET", URL);
}
