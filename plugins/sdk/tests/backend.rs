//! What the SDK does for every backend.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use secret_run_sdk::encoding::{base_url, base64_decode, path, query, segment};
use secret_run_sdk::testing::{FakeHost, assert_failures};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, HttpError, Level, OriginSpec, Outage, Reference,
    Request, Response, SettingSpec, bearer_token, fetch_distinct, text_member,
};

const URL: &str = "https://example.com/key";

/// A backend whose documents are the bodies of responses.
struct Careful;

/// The same, but whatever fails is the absence of a secret.
struct Careless;

fn about() -> About {
    About::new("Example")
        .setting(SettingSpec::new("address", "URL of the server").default("https://example.com"))
        .origin(OriginSpec::required("{address}", "to read"))
}

impl Backend for Careful {
    fn about() -> About {
        about()
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        fetch_distinct(
            host,
            references,
            |reference| {
                let path = path(reference.without_version()?)?;
                Ok(Request::get(format!("https://example.com/{path}")))
            },
            |response| Ok(text_member(&response.success()?.json_object()?, "v")?.to_owned()),
            |_, text| Ok(Document::new(text.as_str())),
        )
    }
}

impl Backend for Careless {
    fn about() -> About {
        about()
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        let answers = Careful::fetch(host, references).into_iter();
        answers
            .map(|answer| answer.map_err(|_| Error::NotFound))
            .collect()
    }
}

#[test]
fn a_reference_stays_where_it_was_put_in_a_url() {
    assert_eq!(segment("a/b?c#d%").unwrap(), "a%2Fb%3Fc%23d%25");
    assert_eq!(path("a/b c/ü").unwrap(), "a/b%20c/%C3%BC");
    assert_eq!(query("a&b=c+d"), "a%26b%3Dc%2Bd");
    for steps in ["", ".", ".."] {
        assert!(matches!(segment(steps), Err(Error::InvalidReference(_))));
    }
    for steps in ["", "..", "a/../b", "a/.", "./a"] {
        assert!(matches!(path(steps), Err(Error::InvalidReference(_))));
    }
    // Encoded once more, so that nobody takes it for a step.
    assert_eq!(path("%2e%2e/a").unwrap(), "%252e%252e/a");
    assert_eq!(base_url("https://example.com//"), "https://example.com");
}

#[test]
fn base64_is_strict() {
    assert_eq!(base64_decode("/wA=").unwrap(), [0xff, 0x00]);
    assert_eq!(base64_decode("").unwrap(), b"");
    for text in ["/wA", "_wA=", "/wB=", " /wA=", "/wA=\n"] {
        assert_eq!(base64_decode(text), None, "{text:?}");
    }
}

#[test]
fn when_to_ask_again_is_a_number_of_seconds() {
    let after = |text| match Error::from_status(503, text) {
        Error::Unavailable(Outage { retry_after_ms, .. }) => retry_after_ms,
        _ => unreachable!("503 is an outage"),
    };
    assert_eq!(after(Some(" 2 ")), Some(2000));
    assert_eq!(after(Some("18446744073709551615")), Some(u64::MAX));
    assert_eq!(after(Some("Fri, 31 Dec 1999 23:59:59 GMT")), None);
    assert_eq!(after(Some("-1")), None);
    assert_eq!(after(None), None);
}

#[test]
fn what_may_hold_a_secret_is_not_printed() {
    let request = Request::post_json(URL, "dummy").header("x-dummy", "dummy");
    let response = Response::new(200, "dummy").with_header("x-dummy", "dummy");
    let document = Document::new("dummy");
    for shown in [
        format!("{document:?}"),
        format!("{:?}", request.headers[0]),
        format!("{request:?} {response:?}"),
    ] {
        assert!(!shown.replace("x-dummy", "").contains("dummy"), "{shown}");
    }
}

#[test]
fn a_token_that_no_header_can_hold_is_none() {
    let token = |body: &str| bearer_token(Ok(Response::new(200, body)));
    assert_eq!(
        token(r#"{"access_token":"dummy"}"#).unwrap(),
        "Bearer dummy"
    );
    for body in [r#"{"access_token":"a b"}"#, r#"{"access_token":"é"}"#, "{}"] {
        assert!(matches!(token(body), Err(Error::Other(_))), "{body}");
    }
}

#[test]
fn the_fake_host_denies_what_the_backend_did_not_declare() {
    let host = FakeHost::of::<Careful>();
    for url in [
        "https://example.org/key",
        "http://example.com/key",
        "https://example.com.org/",
    ] {
        host.answer("GET", url, Response::new(200, ""));
        let answer = host.send(Request::get(url));
        assert!(matches!(answer, Err(HttpError::Denied(_))), "{url}");
    }
    let elsewhere = FakeHost::of::<Careful>().with_setting("address", "https://example.org/v1");
    elsewhere.answer("GET", "https://example.org/key", Response::new(204, ""));
    let answer = elsewhere.send(Request::get("https://example.org/key"));
    assert_eq!(answer.unwrap().status, 204);
    host.log(Level::Info, "asked");
    assert_eq!(host.log_lines(), [(Level::Info, "asked".to_owned())]);
}

#[test]
fn the_fake_host_gives_answers_in_turn() {
    let host = FakeHost::of::<Careful>();
    host.answer("GET", URL, Response::new(503, ""));
    host.fail("GET", URL, HttpError::Timeout);
    let send = || host.send(Request::get(URL));
    assert_eq!(send().unwrap().status, 503);
    assert_eq!(send(), Err(HttpError::Timeout));
    assert_eq!(send(), Err(HttpError::Timeout));
    let unknown = host.send(Request::get("https://example.com/other"));
    assert!(matches!(unknown, Err(HttpError::Broken(_))));
}

#[test]
fn the_contract_accepts_a_careful_backend() {
    let key = Reference::new("key");
    assert_failures::<Careful>(FakeHost::of::<Careful>, &key, "GET", URL);
}

#[test]
#[should_panic(expected = "401")]
fn the_contract_refuses_a_careless_backend() {
    let key = Reference::new("key");
    assert_failures::<Careless>(FakeHost::of::<Careless>, &key, "GET", URL);
}
