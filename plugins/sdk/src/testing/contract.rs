//! What every backend owes its user when a server does not answer as it should.

use super::FakeHost;
use crate::{Backend, Document, Error, HttpError, Outage, Reference, Response};

/// Stands in every body that a server sends: no error may repeat it.
const UPSTREAM: &str = "dummy-upstream";

/// Asserts that a backend says the right thing of every failure of the request that reads
/// `reference`: refusals, outages, and answers that are no answer. And that no error repeats what
/// the server sent.
///
/// `host` makes a launcher that answers whatever else the backend needs.
///
/// # Panics
/// When the backend says anything else.
pub fn assert_failures<B: Backend>(
    host: impl Fn() -> FakeHost,
    reference: &Reference,
    method: &str,
    url: &str,
) {
    let fetch = |answer: Result<Response, HttpError>| {
        let host = host();
        host.forget(method, url);
        host.push(method, url, answer);
        let mut answers = B::fetch(&host, std::slice::from_ref(reference));
        assert_eq!(answers.len(), 1, "one answer for each reference");
        let asked = |request: &crate::Request| request.method == method && request.url == url;
        assert!(host.requests().iter().any(asked), "asks {method} {url}");
        error(answers.remove(0))
    };
    let status = |status| fetch(Ok(Response::new(status, UPSTREAM)));

    assert!(matches!(status(401), Error::Unauthenticated(_)), "401");
    assert!(matches!(status(403), Error::AccessDenied(_)), "403");
    for redirect in [301, 302, 307] {
        assert!(matches!(status(redirect), Error::Other(_)), "{redirect}");
    }
    for outage in [429, 500, 502, 503, 504] {
        assert!(matches!(status(outage), Error::Unavailable(_)), "{outage}");
    }
    let later = fetch(Ok(
        Response::new(429, UPSTREAM).with_header("retry-after", "3")
    ));
    let after = Some(3000);
    assert!(
        matches!(later, Error::Unavailable(Outage { retry_after_ms, .. }) if retry_after_ms == after),
        "retry-after"
    );

    let unreachable = fetch(Err(HttpError::Unreachable("no route".to_owned())));
    let broken = fetch(Err(HttpError::Broken("no HTTP".to_owned())));
    for outage in [unreachable, broken, fetch(Err(HttpError::Timeout))] {
        assert!(matches!(outage, Error::Unavailable(_)), "no connection");
    }
    let large = fetch(Err(HttpError::TooLarge));
    assert!(matches!(large, Error::Other(_)), "too large");

    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let texts = [
        "",
        "{",
        "null",
        "1",
        "[1]",
        "\"dummy-upstream\"",
        "<p>dummy-upstream</p>",
    ];
    for body in texts.into_iter().chain([deep.as_str()]) {
        let error = fetch(Ok(Response::new(200, body)));
        assert!(
            matches!(error, Error::Other(_)),
            "{} bytes that say nothing",
            body.len()
        );
    }
    let no_text = fetch(Ok(Response::new(200, [0xff, 0xfe])));
    assert!(matches!(no_text, Error::Other(_)), "bytes that are no text");
}

fn error(answer: Result<Document, Error>) -> Error {
    let Err(error) = answer else {
        return Error::InvalidReference("there is a document".to_owned());
    };
    let shown = format!("{error:?}");
    assert!(
        !shown.contains(UPSTREAM),
        "an error repeats what the server sent"
    );
    error
}
