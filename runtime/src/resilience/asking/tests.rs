//! A backend of scripted answers, which notes what it was asked.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::collections::VecDeque;
use std::sync::Mutex;

use thiserror::Error;

use super::*;
use crate::backend::{Fetching, Version};
use crate::resilience::Deadline;
use crate::secret::SecretValue;

#[derive(Debug, Clone, Copy, Error)]
#[error("dummy")]
struct Trouble(Nature);

impl Explain for Trouble {
    fn kind(&self) -> &'static str {
        "dummy"
    }

    fn nature(&self) -> Nature {
        self.0
    }
}

const OUTAGE: Nature = Nature::Outage { retry_after: None };

/// What is answered to one request.
#[derive(Clone, Copy)]
enum Says {
    Found,
    Absent,
    Fails(Nature),
}

/// What is done with a batch.
enum Does {
    Each(Vec<Says>),
    Whole(Nature),
    Hangs,
}

struct Scripted {
    script: Mutex<VecDeque<Does>>,
    asked: Mutex<Vec<Vec<String>>>,
    keeps_trying: bool,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Does>) -> Self {
        Self {
            script: Mutex::new(script.into_iter().collect()),
            asked: Mutex::default(),
            keeps_trying: false,
        }
    }

    fn asked(&self) -> Vec<Vec<String>> {
        self.asked.lock().unwrap().clone()
    }
}

impl Backend for Scripted {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        let paths = requests.iter().map(|request| request.path.clone());
        self.asked.lock().unwrap().push(paths.collect());
        let does = self.script.lock().unwrap().pop_front();
        Box::pin(async move {
            let says = match does.expect("no further attempt is in the script") {
                Does::Each(says) => says,
                Does::Whole(nature) => return Err(FetchError::new(Trouble(nature))),
                Does::Hangs => std::future::pending().await,
            };
            let documents = says.into_iter().map(|says| match says {
                Says::Found => Ok(Some(Document::plain(SecretValue::copy_of(b"dummy")))),
                Says::Absent => Ok(None),
                Says::Fails(nature) => Err(FetchError::new(Trouble(nature))),
            });
            Ok(Answers {
                documents: documents.collect(),
                notices: Vec::new(),
            })
        })
    }

    fn waits(&self) -> bool {
        true
    }

    fn keeps_trying(&self) -> bool {
        self.keeps_trying
    }
}

fn terms(attempts: u32, time: Duration) -> Terms {
    Terms {
        backend: "dummy".into(),
        deadline: Deadline::new(Instant::now(), time, time),
        attempts,
    }
}

/// Asks for a, b and c.
async fn ask_three(backend: &Scripted, terms: &Terms) -> Result<Answers, FetchError> {
    let requests = ["a", "b", "c"].map(|path| Request {
        path: path.into(),
        version: None,
    });
    ask(backend, &requests, terms).await
}

fn told(answers: &Answers) -> Vec<&'static str> {
    let documents = answers.documents.iter();
    let told = documents.map(|answer| match answer {
        Ok(Some(_)) => "found",
        Ok(None) => "absent",
        Err(error) => error.kind(),
    });
    told.collect()
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn only_what_failed_by_an_outage_is_asked_again() {
    let backend = Scripted::new([
        Does::Each(vec![
            Says::Found,
            Says::Fails(OUTAGE),
            Says::Fails(Nature::Denied),
        ]),
        Does::Each(vec![Says::Absent]),
    ]);
    let answers = ask_three(&backend, &terms(3, MINUTE)).await.unwrap();
    assert_eq!(told(&answers), ["found", "absent", "dummy"]);
    assert_eq!(backend.asked(), [vec!["a", "b", "c"], vec!["b"]]);
}

#[tokio::test]
async fn versions_of_one_document_are_asked_again_together() {
    let versions = [
        ("pair", None),
        ("pair", Some(Version::Previous)),
        ("other", None),
        ("denied", None),
        ("denied", Some(Version::Previous)),
    ];
    let requests = versions.map(|(path, version)| Request {
        path: path.into(),
        version,
    });
    let denied = Says::Fails(Nature::Denied);
    let backend = Scripted::new([
        Does::Each(vec![
            Says::Fails(OUTAGE),
            Says::Absent,
            Says::Found,
            denied,
            Says::Fails(OUTAGE),
        ]),
        Does::Each(vec![Says::Found, Says::Found, Says::Found]),
    ]);
    let answers = ask(&backend, &requests, &terms(3, MINUTE)).await.unwrap();
    assert_eq!(
        told(&answers),
        ["found", "found", "found", "dummy", "found"]
    );
    // Who was denied is not asked for that once more.
    assert_eq!(backend.asked()[1], ["pair", "pair", "denied"]);
}

#[tokio::test]
async fn what_is_denied_absent_or_wrong_is_asked_once() {
    let none = [
        Says::Absent,
        Says::Fails(Nature::Denied),
        Says::Fails(Nature::Fault),
    ];
    let backend = Scripted::new([Does::Each(none.to_vec())]);
    let answers = ask_three(&backend, &terms(3, MINUTE)).await.unwrap();
    assert_eq!(told(&answers), ["absent", "dummy", "dummy"]);
    for nature in [Nature::Denied, Nature::Fault] {
        let backend = Scripted::new([Does::Whole(nature)]);
        let error = ask_three(&backend, &terms(3, MINUTE)).await.unwrap_err();
        assert_eq!(error.to_string(), "dummy");
        assert_eq!(backend.asked().len(), 1);
    }
}

#[tokio::test]
async fn an_outage_that_lasts_is_said_once_and_with_its_attempts() {
    let backend = Scripted::new([Does::Whole(OUTAGE), Does::Whole(OUTAGE)]);
    let error = ask_three(&backend, &terms(2, MINUTE)).await.unwrap_err();
    assert_eq!(error.to_string(), "dummy, also after 2 attempts");
    let backend = Scripted::new([Does::Whole(OUTAGE)]);
    let error = ask_three(&backend, &terms(1, MINUTE)).await.unwrap_err();
    assert_eq!(error.to_string(), "dummy");
}

#[tokio::test]
async fn what_was_answered_stays_when_the_rest_fails_as_a_whole() {
    let backend = Scripted::new([
        Does::Each(vec![Says::Found, Says::Fails(OUTAGE), Says::Absent]),
        Does::Whole(OUTAGE),
    ]);
    let answers = ask_three(&backend, &terms(2, MINUTE)).await.unwrap();
    assert_eq!(told(&answers), ["found", "dummy", "absent"]);
    let error = answers.documents[1].as_ref().unwrap_err();
    assert_eq!(error.to_string(), "dummy, also after 2 attempts");
}

#[tokio::test]
async fn a_backend_that_hangs_ends_at_the_deadline_and_says_what_was_before() {
    let backend = Scripted::new([Does::Whole(OUTAGE), Does::Hangs]);
    let error = ask_three(&backend, &terms(3, Duration::from_secs(1)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "backend-deadline");
    assert_eq!(
        error.to_string(),
        "`dummy` did not answer within 1s, the deadline of this backend; the attempt before: dummy"
    );
}

#[tokio::test]
async fn nobody_waits_for_an_attempt_that_would_be_too_late() {
    let after = Nature::Outage {
        retry_after: Some(MINUTE),
    };
    let backend = Scripted::new([Does::Whole(after)]);
    let asked = Instant::now();
    let error = ask_three(&backend, &terms(3, MINUTE)).await.unwrap_err();
    assert_eq!(error.to_string(), "dummy");
    assert!(asked.elapsed() < MINUTE / 2, "it waited");
}

#[tokio::test]
async fn who_keeps_trying_is_asked_once() {
    let mut backend = Scripted::new([Does::Whole(OUTAGE)]);
    backend.keeps_trying = true;
    let error = ask_three(&backend, &terms(3, MINUTE)).await.unwrap_err();
    assert_eq!(error.to_string(), "dummy");
    assert_eq!(backend.asked().len(), 1);
}
