//! Asks a backend, and holds whatever it answers to what holds of every answer.

use std::fmt::Debug;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use secret_runtime::backend::{Answers, Document, FetchError, Fetching, Request};
use secret_runtime::error::Explain;
use tokio::runtime::{Builder, Runtime};

use super::Source;

/// In every document of the checks, so that a text which shows one is found.
pub(super) const MARK: &str = "dummy-value-of-the-contract";
/// A text with so much of it shows a document, or a part.
const PART: &str = "dummy-val";

/// One answer, to be compared. It is a test's own value, so that it may be shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Document(Vec<u8>, Option<String>),
    Absent,
    /// The kind of the error.
    Refused(&'static str),
}

impl Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Document(bytes, version) => {
                let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
                write!(f, "{} bytes {shown:?} of version {version:?}", bytes.len())
            }
            Self::Absent => f.write_str("absent"),
            Self::Refused(kind) => write!(f, "refused as {kind}"),
        }
    }
}

impl Reply {
    #[track_caller]
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Document(bytes, _) => bytes,
            other => panic!("{other:?} where a document is"),
        }
    }
}

/// The answers, or the kind of the error that stands for all of them.
pub(super) type Replies = Result<Vec<Reply>, &'static str>;

/// A value for a document: no other name has the same.
pub(super) fn value(name: &str) -> Vec<u8> {
    format!("{MARK}: {name}").into_bytes()
}

/// Puts a document for each name, and answers a request for each.
pub(super) fn seed(source: &mut dyn Source, names: &[&str]) -> Vec<Request> {
    let put = |name: &&str| {
        let path = source.path(name);
        source.put(&path, &value(name));
        at(path)
    };
    names.iter().map(put).collect()
}

pub(super) fn at(path: impl Into<String>) -> Request {
    Request {
        path: path.into(),
        version: None,
    }
}

/// Asks for a batch.
#[track_caller]
pub(super) fn ask(source: &dyn Source, requests: &[Request]) -> Replies {
    let backend = source.backend();
    let answers = complete(backend.waits(), backend.fetch(requests));
    judged(answers, requests.len())
}

/// Asks for a batch that has answers.
#[track_caller]
pub(super) fn answers(source: &dyn Source, requests: &[Request]) -> Vec<Reply> {
    ask(source, requests).unwrap_or_else(|kind| panic!("no answers at all: {kind}"))
}

/// Asks for two batches at the same time.
#[track_caller]
pub(super) fn ask_both(source: &dyn Source, one: &[Request], other: &[Request]) -> [Replies; 2] {
    let backend = source.backend();
    let both = async { tokio::join!(backend.fetch(one), backend.fetch(other)) };
    let both = complete(backend.waits(), both);
    [judged(both.0, one.len()), judged(both.1, other.len())]
}

/// Asks, and gives up after the backend has begun.
pub(super) fn ask_and_give_up(source: &dyn Source, requests: &[Request]) {
    let backend = source.backend();
    let mut fetching: Fetching<'_> = backend.fetch(requests);
    complete(true, async {
        let begun = std::future::poll_fn(|context| {
            let _ = fetching.as_mut().poll(context);
            Poll::Ready(())
        });
        begun.await;
        // What it waits for gets its chance to come.
        tokio::task::yield_now().await;
    });
    drop(fetching);
}

thread_local! {
    /// A backend's connections belong to the loop of their first request.
    static EVENT_LOOP: Runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop can be made");
}

/// What does not wait has its answers at once, without anything that could wait for it.
#[track_caller]
fn complete<F: Future>(waits: bool, future: F) -> F::Output {
    if waits {
        return EVENT_LOOP.with(|event_loop| event_loop.block_on(future));
    }
    let future: Pin<&mut F> = pin!(future);
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a backend that does not wait has no answer at once"),
    }
}

/// Holds answers to what is true of all: there is one for each request, none is a document of
/// no bytes, and nothing that could be shown to somebody shows a value.
#[track_caller]
fn judged(answers: Result<Answers, FetchError>, asked: usize) -> Replies {
    shows_no_value(&answers);
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => return Err(explained(&error)),
    };
    for notice in &answers.notices {
        explained(&notice.warning);
        let about = notice.request;
        assert!(
            about.is_none_or(|about| about < asked),
            "a notice about request {about:?} of {asked}"
        );
    }
    let given = answers.documents.len();
    assert_eq!(given, asked, "one answer for each request");
    Ok(answers.documents.into_iter().map(reply).collect())
}

#[track_caller]
fn reply(answer: Result<Option<Document>, FetchError>) -> Reply {
    match answer {
        Ok(None) => Reply::Absent,
        Err(error) => Reply::Refused(explained(&error)),
        Ok(Some(document)) => {
            let bytes = document.bytes.expose();
            assert!(!bytes.is_empty(), "a document of no bytes is absent");
            Reply::Document(bytes.to_vec(), document.version)
        }
    }
}

/// Asserts that an error says what it is and what to do, and nothing of a value; answers its
/// kind.
#[track_caller]
fn explained(error: &FetchError) -> &'static str {
    let problem = error.problem();
    shows_no_value(&problem);
    let kind = error.kind();
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    assert!(kind.split('-').all(word), "{kind:?} is no stable token");
    assert!(!error.to_string().is_empty(), "{kind} says nothing");
    let hint = error.hint().unwrap_or_default();
    assert!(!hint.is_empty(), "{kind} does not say what to do");
    for text in [&error.to_string(), &hint] {
        shows_no_value(text);
        assert!(!text.contains(PART), "{kind} shows a value: {text}");
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        assert!(!text.contains(PART), "{kind} shows a value: {text}");
        cause = error.source();
    }
    kind
}

#[track_caller]
fn shows_no_value(shown: &impl Debug) {
    let text = format!("{shown:?}");
    assert!(!text.contains(PART), "`Debug` shows a value: {text}");
}
