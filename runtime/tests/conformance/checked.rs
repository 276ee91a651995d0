//! What is checked, and what came of it.

use std::time::Duration;

use secret_runtime::backend::Request;
use secret_runtime::outbound::{GrantedOrigin, HttpOrigin, Reach};
use secret_runtime::plugin::Limits;
use secret_runtime::plugin::conformance::{CheckVerdict, Conformance, Outcome, Subject, run};

use crate::backend_guest::{Answer, BackendGuest, FREE, Import, Profile};

/// What the guest's documents have in common.
pub(crate) const VALUE: &str = "dummy-value";

pub(crate) fn subject(wasm: Vec<u8>) -> Subject {
    let mut subject = Subject::of_component("guest", wasm);
    subject.limits = Limits {
        time: Duration::from_millis(500),
        ..subject.limits
    };
    subject
}

pub(crate) fn with_samples(guest: &BackendGuest) -> Subject {
    let mut subject = subject(guest.component());
    subject.references = vec![at("app/first"), at("app/second")];
    subject.missing = Some(at("app/nothing"));
    subject
}

pub(crate) fn at(path: &str) -> Request {
    Request {
        path: path.to_owned(),
        version: None,
    }
}

#[track_caller]
pub(crate) fn checked(subject: &Subject) -> Conformance {
    let conformance = run(subject).unwrap();
    let shown = format!("{conformance:?}");
    assert!(!shown.contains(VALUE), "{shown}");
    conformance
}

#[track_caller]
pub(crate) fn verdict<'a>(conformance: &'a Conformance, name: &str) -> &'a CheckVerdict {
    let mut checks = conformance.checks.iter();
    checks.find(|check| check.name == name).unwrap()
}

/// This check fails, and says so with advice; the same guest without the fault passes all.
#[track_caller]
pub(crate) fn assert_fails(subject: &Subject, name: &str, reason: &str) {
    let conformance = checked(subject);
    match &verdict(&conformance, name).outcome {
        Outcome::Failed(finding) => {
            assert!(finding.reason.contains(reason), "{finding:?}");
            assert!(!finding.advice.is_empty(), "{finding:?}");
        }
        outcome => panic!("{name}: {outcome:?}"),
    }
    assert!(!conformance.is_ok());
}

#[track_caller]
pub(crate) fn assert_ends(conformance: &Conformance, name: &str, outcome: &str) {
    let verdict = verdict(conformance, name);
    assert_eq!(verdict.outcome.name(), outcome, "{verdict:?}");
}

/// One that sends a request for each reference to the URL of a setting, and answers
/// `on_failure` when there is no response.
pub(crate) fn with_server(on_failure: &Answer) -> BackendGuest {
    let failure = BackendGuest {
        otherwise: on_failure.clone(),
        ..BackendGuest::default()
    };
    BackendGuest {
        about: Profile {
            summary: "Documents of a server.".to_owned(),
            settings: vec![("address".to_owned(), "The server.".to_owned(), true, None)],
            origins: vec![("{address}".to_owned(), "to read".to_owned(), true)],
        },
        on_each: format!(
            "(call $get (i32.const {FREE}) (i32.const 7) (i32.const {setting}))
            (if (call $get_url (i32.load offset=4 (i32.const {setting}))
                    (i32.load offset=8 (i32.const {setting})))
                (then (memory.copy (local.get $at) (global.get $otherwise) (i32.const 64))))",
            setting = FREE + 16,
        ),
        ..failure
    }
    .importing(&[Import::Settings, Import::Http])
    .with(&format!(r#"(data (i32.const {FREE}) "address")"#))
}

pub(crate) fn at_closed_port(guest: &BackendGuest) -> Subject {
    let mut subject = with_samples(guest);
    let address = "http://127.0.0.1:9";
    subject
        .settings
        .insert("address".to_owned(), format!("{address}/v1"));
    subject.origins.push(GrantedOrigin {
        origin: HttpOrigin::parse(address).unwrap(),
        reach: Reach {
            private: true,
            ..Reach::default()
        },
        credentials: Vec::new(),
    });
    subject
}
