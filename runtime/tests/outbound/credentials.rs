//! Credentials of the host: they reach their origin, and nobody else sees them.

use secret_runtime::error::Explain;
use secret_runtime::outbound::{
    CredentialFault, ErrorClass, Gate, HostCredential, OutboundError, OutboundLimits,
};

use super::server::{Reply, Server};
use super::{bearer, gate, get, granted, secret};

const TOKEN: &str = "dummy-token/with+signs=";

fn header(name: &str, value: &str) -> Vec<HostCredential> {
    vec![HostCredential::Header {
        name: name.to_owned(),
        value: secret(value),
    }]
}

fn query(name: &str, value: &str) -> Vec<HostCredential> {
    vec![HostCredential::Query {
        name: name.to_owned(),
        value: secret(value),
    }]
}

fn basic(username: &str, password: &str) -> Vec<HostCredential> {
    vec![HostCredential::Basic {
        username: secret(username),
        password: secret(password),
    }]
}

#[tokio::test]
async fn each_credential_is_added_where_its_server_looks() {
    for (credentials, path, sent) in [
        (
            bearer("dummy-token"),
            "/",
            "\r\nauthorization: Bearer dummy-token\r\n",
        ),
        (
            header("X-Key", "dummy key"),
            "/",
            "\r\nx-key: dummy key\r\n",
        ),
        (
            basic("user", "dummy-pass"),
            "/",
            "\r\nauthorization: Basic dXNlcjpkdW1teS1wYXNz\r\n",
        ),
        (
            basic("dummy-token", ""),
            "/",
            "\r\nauthorization: Basic ZHVtbXktdG9rZW46\r\n",
        ),
        (
            query("key", "a b&c/ü"),
            "/p",
            "GET /p?key=a%20b%26c%2F%C3%BC HTTP/1.1\r\n",
        ),
        (
            query("key", "dummy"),
            "/p?q=1",
            "GET /p?q=1&key=dummy HTTP/1.1\r\n",
        ),
        (
            query("key", "dummy"),
            "?q=1",
            "GET /?q=1&key=dummy HTTP/1.1\r\n",
        ),
        (query("key", "dummy"), "", "GET /?key=dummy HTTP/1.1\r\n"),
    ] {
        let server = Server::start(|_| Reply::ok("")).await;
        let gate = gate(&server.origin(), credentials);
        gate.send(get(format!("{}{path}", server.origin())))
            .await
            .unwrap();
        let request = server.requests().remove(0);
        assert!(request.contains(sent), "{sent} in {request}");
    }
}

#[tokio::test]
async fn a_credential_goes_to_its_own_origin_only() {
    let (own, other) = (
        Server::start(|_| Reply::ok("")).await,
        Server::start(|_| Reply::ok("")).await,
    );
    let origins = vec![
        granted(&own.origin(), bearer("dummy-token")),
        granted(&other.origin(), Vec::new()),
    ];
    let gate = Gate::new(
        "example".to_owned(),
        origins,
        None,
        OutboundLimits::default(),
    )
    .unwrap();
    gate.send(get(own.origin())).await.unwrap();
    gate.send(get(other.origin())).await.unwrap();
    assert!(own.requests()[0].contains("dummy-token"));
    assert!(!other.requests()[0].contains("dummy-token"));
}

/// How a careless server may spell `token`.
fn spellings(token: &str) -> Vec<String> {
    let all: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let json: String = token.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
    vec![
        format!("token={token};"),
        format!("<{all}>"),
        token
            .replace('/', "%2F")
            .replace('+', "%2B")
            .replace('=', "%3D"),
        format!("{{\"token\":\"{}\"}}", token.replace('/', "\\/")),
        json,
        token.replace('/', "&#x2F;"),
        // base64 of the token, of a text with it in it, and in the other alphabet.
        "ZHVtbXktdG9rZW4vd2l0aCtzaWducz0=".to_owned(),
        "PGR1bW15LXRva2VuL3dpdGgrc2lnbnM9Pg==".to_owned(),
        "PDxkdW1teS10b2tlbi93aXRoK3NpZ25zPT4+".to_owned(),
        "PDxkdW1teS10b2tlbi93aXRoK3NpZ25zPT4-".to_owned(),
    ]
}

#[tokio::test]
async fn a_credential_in_a_good_answer_is_a_violation() {
    for spelling in spellings(TOKEN) {
        for place in ["body", "header"] {
            let text = spelling.clone();
            let server = Server::start(move |_| match place {
                "body" => Reply::ok(&text),
                _ => Reply::of("302 Found", &format!("location: /?{text}\r\n"), ""),
            })
            .await;
            let gate = gate(&server.origin(), bearer(TOKEN));
            let error = gate.send(get(server.origin())).await.unwrap_err();
            assert_eq!(error.kind(), "plugin-http-credential-echoed", "{spelling}");
            assert_eq!(error.class(), ErrorClass::Denied);
            assert_eq!(gate.violation().as_ref(), Some(&error), "{spelling}");
        }
    }
}

#[tokio::test]
async fn a_credential_in_an_error_page_is_masked() {
    for spelling in spellings(TOKEN) {
        let text = spelling.clone();
        let server = Server::start(move |_| {
            let headers = format!("x-debug: ({text})\r\nset-cookie: a=b\r\n");
            Reply::of("403 Forbidden", &headers, format!("before {text} after"))
        })
        .await;
        let gate = gate(&server.origin(), bearer(TOKEN));
        let response = gate.send(get(server.origin())).await.unwrap();
        assert!(gate.violation().is_none(), "{spelling}");
        let body = String::from_utf8(response.body.to_vec()).unwrap();
        assert!(
            body.starts_with("before ") && body.ends_with(" after"),
            "{body}"
        );
        assert!(body.contains("***"), "{body}");
        assert!(body.len() < "before  after".len() + 20, "{body}");
        let value_of = |wanted: &str| {
            let header = response.headers.iter().find(|(name, _)| name == wanted);
            header.map(|(_, value)| value.clone())
        };
        assert!(value_of("x-debug").unwrap().contains("***"), "{spelling}");
        assert_eq!(value_of("set-cookie").unwrap(), "a=b");
        assert_eq!(value_of("content-length"), None);
    }
}

#[tokio::test]
async fn basic_authentication_that_is_echoed_is_known_in_base64_too() {
    for (echo, fails) in [
        ("Basic dXNlcjpkdW1teS1wYXNz", true),
        ("dummy-pass", true),
        ("user:dummy-pass", true),
        ("{\"user\": \"user-name\"}", false),
    ] {
        let server = Server::start(move |_| Reply::ok(echo)).await;
        let gate = gate(&server.origin(), basic("user", "dummy-pass"));
        let answer = gate.send(get(server.origin())).await;
        assert_eq!(answer.is_err(), fails, "{echo}");
    }
}

#[tokio::test]
async fn a_credential_is_known_without_its_scheme_and_from_another_origin() {
    let server = Server::start(|_| Reply::ok("it is dummy-token")).await;
    let origins = vec![
        granted(&server.origin(), Vec::new()),
        granted(
            "https://a.example",
            header("authorization", "Bearer dummy-token"),
        ),
    ];
    let gate = Gate::new(
        "example".to_owned(),
        origins,
        None,
        OutboundLimits::default(),
    )
    .unwrap();
    let error = gate.send(get(server.origin())).await.unwrap_err();
    assert_eq!(error.kind(), "plugin-http-credential-echoed");
}

#[tokio::test]
async fn a_header_that_carries_credentials_is_not_handed_on() {
    let server = Server::start(|_| {
        Reply::of(
            "200 OK",
            "x-key: dummy-token\r\nauthorization: other\r\nx-other: a\r\n",
            "",
        )
    })
    .await;
    let gate = gate(&server.origin(), header("X-Key", "dummy-token"));
    let response = gate.send(get(server.origin())).await.unwrap();
    let names: Vec<_> = response
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["content-length", "x-other"]);
}

#[tokio::test]
async fn an_encoded_answer_is_refused_where_it_could_hide_a_credential() {
    for (credentials, encoding, comes) in [
        (bearer("dummy-token"), "gzip", false),
        (bearer("dummy-token"), "identity, br", false),
        (bearer("dummy-token"), "Identity", true),
        (Vec::new(), "gzip", true),
    ] {
        let server = Server::start(move |_| {
            Reply::of(
                "200 OK",
                &format!("content-encoding: {encoding}\r\n"),
                "body",
            )
        })
        .await;
        let gate = gate(&server.origin(), credentials);
        let answer = gate.send(get(server.origin())).await;
        assert_eq!(
            answer.as_ref().err().map(Explain::kind),
            (!comes).then_some("plugin-http-encoded"),
            "{encoding}"
        );
        assert!(gate.violation().is_none());
    }
}

#[test]
fn a_credential_that_cannot_be_sent_makes_no_gate() {
    use CredentialFault::{Colon, Control, Empty, Name, Twice};
    let twice = [bearer("dummy"), basic("user", "dummy")].concat();
    let parameters = [query("key", "dummy"), query("KEY", "dummy")].concat();
    for (credentials, expected) in [
        (bearer(""), Empty),
        (bearer(" "), Empty),
        (bearer("dummy\n"), Control),
        (bearer("dummy\r\nx: y"), Control),
        (query("key", "dummy\0"), Control),
        (basic("", ""), Empty),
        (basic("us:er", "dummy"), Colon),
        (basic("user", "dummy\u{7f}"), Control),
        (header("host", "dummy"), Name),
        (header("Content-Length", "dummy"), Name),
        (header("proxy-authorization", "dummy"), Name),
        (header("not a name", "dummy"), Name),
        (query("", "dummy"), Name),
        (twice, Twice),
        (parameters, Twice),
    ] {
        let origins = vec![granted("https://a.example", credentials)];
        let error = Gate::new(
            "example".to_owned(),
            origins,
            None,
            OutboundLimits::default(),
        )
        .unwrap_err();
        let OutboundError::Credential { fault, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*fault, expected, "{error}");
        assert_eq!(error.kind(), "plugin-http-credential");
        assert!(error.hint().is_some());
        assert!(!format!("{error} {error:?}").contains("dummy"), "{error}");
    }
}

#[test]
fn texts_are_redacted_and_short_credentials_left_alone() {
    let gate = gate("https://a.example", basic("user", "dummy-pass"));
    assert_eq!(gate.redact("nothing here"), "nothing here");
    assert_eq!(
        gate.redact("a dummy-pass, user:dummy-pass, Basic dXNlcjpkdW1teS1wYXNz."),
        "a ***, ***, Basic ***."
    );
    assert_eq!(gate.redact("dummy%2Dpassé"), "***é");
    let short = super::gate("https://a.example", bearer("short"));
    assert_eq!(short.redact("short"), "short");
}

#[test]
fn debug_shows_no_credential() {
    let credentials = [
        bearer("dummy-token"),
        header("x-key", "dummy-token"),
        query("q", "dummy-token"),
        basic("dummy-token", "dummy-token"),
    ];
    for credentials in credentials {
        let grant = granted("https://a.example", credentials.clone());
        let gate = gate("https://a.example", credentials);
        let mut request = get("https://a.example/dummy-token");
        request.body = b"dummy-token".to_vec();
        let told = format!("{grant:?} {gate:?} {request:?}");
        assert!(!told.contains("dummy-token"), "{told}");
    }
}
