//! What is refused before anything is sent.

use secret_runtime::error::Explain;
use secret_runtime::outbound::{
    ErrorClass, Gate, GrantedOrigin, HttpOrigin, OutboundError, OutboundLimits, Reach,
};

use super::server::{Reply, Server};
use super::{bearer, gate, get, granted, limited, secret, with_header};
use secret_runtime::outbound::HostCredential;

/// The gate refuses the request with `kind`, records that if it is a violation, and nothing
/// reaches `server`.
async fn is_refused(
    gate: &Gate,
    request: secret_runtime::outbound::OutboundRequest,
    server: &Server,
    kind: &str,
) {
    gate.begin_call();
    let told = format!("{} {}", request.method, request.url);
    let before = server.connections();
    let error = gate.send(request).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{told}");
    assert!(error.hint().is_some(), "{told}");
    let recorded = error.is_violation().then_some(error);
    assert_eq!(gate.violation(), recorded, "{told}");
    assert_eq!(server.connections(), before, "{told}");
}

#[tokio::test]
async fn a_granted_origin_is_reached_with_what_the_plugin_wrote() {
    let server = Server::start(|_| Reply::of("200 OK", "X-Answer: Yes\r\n", "body")).await;
    let gate = gate(&server.origin(), Vec::new());
    let mut request = get(format!("{}/v1/a%20b?c=d#e", server.origin()));
    request.method = "POST".to_owned();
    request.body = b"payload".to_vec();
    let request = with_header(request, "X-Question", "Zürich");
    let request = with_header(request, "authorization", "Bearer of-the-plugin");
    let response = gate.send(request).await.unwrap();
    assert_eq!(response.status, 200);
    assert!(
        response
            .headers
            .contains(&("x-answer".to_owned(), "Yes".to_owned()))
    );
    assert_eq!(*response.body, b"body");
    assert!(gate.violation().is_none());
    let sent = server.requests().remove(0);
    assert!(
        sent.starts_with("POST /v1/a%20b?c=d HTTP/1.1\r\n"),
        "{sent}"
    );
    assert!(sent.ends_with("\r\n\r\npayload"), "{sent}");
    for header in [
        format!("host: 127.0.0.1:{}", server.port()),
        "accept-encoding: identity".to_owned(),
        "x-question: Zürich".to_owned(),
        "authorization: Bearer of-the-plugin".to_owned(),
        concat!("user-agent: secret-run/", env!("CARGO_PKG_VERSION")).to_owned(),
    ] {
        assert!(
            sent.contains(&format!("\r\n{header}\r\n")),
            "{header} in {sent}"
        );
    }
}

#[tokio::test]
async fn another_origin_is_refused_before_its_name_is_resolved() {
    let server = Server::start(|_| Reply::ok("")).await;
    let gate = gate(&server.origin(), Vec::new());
    for url in [
        // Another port, another scheme, another name of the same address.
        format!("http://127.0.0.1:{}/", server.port() ^ 1),
        format!("https://127.0.0.1:{}/", server.port()),
        format!("http://localhost:{}/", server.port()),
        format!("http://[::ffff:127.0.0.1]:{}/", server.port()),
        "http://127.0.0.1/".to_owned(),
        "https://value-that-leaks.example.com/".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        is_refused(&gate, get(url), &server, "plugin-http-denied").await;
    }
    let error = gate
        .send(get("https://evil.example/secret?q=secret"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("https://evil.example`"),
        "{error}"
    );
    assert!(!error.to_string().contains("secret"), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("allow.http = [\"https://evil.example\"]"),
        "{hint}"
    );
    assert_eq!(error.class(), ErrorClass::Denied);
}

#[tokio::test]
async fn a_url_that_parsers_read_in_different_ways_is_refused() {
    let server = Server::start(|_| Reply::ok("")).await;
    let gate = gate(&server.origin(), Vec::new());
    let origin = server.origin();
    let host = origin.strip_prefix("http://").unwrap();
    for url in [
        String::new(),
        host.to_owned(),
        format!("ftp://{host}/"),
        format!("http:/{host}/"),
        format!("http://user:password@{host}/"),
        format!("http://{host}@evil.example/"),
        format!("http://{host}\\@evil.example/"),
        format!("http://{host}/a b"),
        format!("http://{host}/a\nb"),
        format!("http://{host}/a\0b"),
        format!("http://{host}/ä"),
        format!("http://{host}/{{a}}"),
        format!("http://{host}/%"),
        format!("http://{host}/%2"),
        format!("http://{host}/%zz"),
        format!("http://{host}/{}", "a".repeat(8192)),
    ] {
        is_refused(&gate, get(url), &server, "plugin-http-url").await;
    }
}

#[tokio::test]
async fn only_usual_methods_are_sent() {
    let server = Server::start(|_| Reply::ok("")).await;
    let gate = gate(&server.origin(), Vec::new());
    for method in [
        "CONNECT", "TRACE", "TRACK", "get", "", "GET /", "G\r\nET", "PRI",
    ] {
        let mut request = get(server.origin());
        request.method = method.to_owned();
        is_refused(&gate, request, &server, "plugin-http-method").await;
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LIST"] {
        let mut request = get(server.origin());
        request.method = method.to_owned();
        assert_eq!(gate.send(request).await.unwrap().status, 200, "{method}");
    }
}

#[tokio::test]
async fn an_address_outside_the_reach_refuses_the_name() {
    let server = Server::start(|_| Reply::ok("")).await;
    for (host, kind, key) in [
        ("localhost", "plugin-http-private-address", "private"),
        ("127.0.0.1", "plugin-http-private-address", "private"),
        ("[::1]", "plugin-http-private-address", "private"),
        (
            "[::ffff:127.0.0.1]",
            "plugin-http-private-address",
            "private",
        ),
        ("0.0.0.0", "plugin-http-private-address", "private"),
        (
            "169.254.169.254",
            "plugin-http-link-local-address",
            "link-local",
        ),
        (
            "[fd00:ec2::254]",
            "plugin-http-link-local-address",
            "link-local",
        ),
        (
            "[64:ff9b::a9fe:a9fe]",
            "plugin-http-link-local-address",
            "link-local",
        ),
    ] {
        let origin = format!("http://{host}:{}", server.port());
        let grant = GrantedOrigin {
            origin: HttpOrigin::parse(&origin).unwrap(),
            reach: Reach::default(),
            credentials: Vec::new(),
        };
        let limits = OutboundLimits::default();
        let gate = Gate::new("example".to_owned(), vec![grant], None, limits).unwrap();
        is_refused(&gate, get(&origin), &server, kind).await;
        let hint = gate.violation().unwrap().hint().unwrap();
        assert!(hint.contains(&format!("allow.{key}-addresses")), "{hint}");
    }
    // The grant of private addresses is none of link-local ones, nor of those nobody has.
    for (host, kind) in [
        ("169.254.169.254", "plugin-http-link-local-address"),
        ("224.0.0.1", "plugin-http-reserved-address"),
        ("255.255.255.255", "plugin-http-reserved-address"),
    ] {
        let origin = format!("http://{host}:{}", server.port());
        is_refused(&gate(&origin, Vec::new()), get(&origin), &server, kind).await;
    }
}

#[tokio::test]
async fn a_name_of_this_machine_is_reached_when_private_addresses_are_granted() {
    let server = Server::start(|_| Reply::ok("here")).await;
    let origin = format!("http://localhost:{}", server.port());
    let response = gate(&origin, Vec::new()).send(get(&origin)).await.unwrap();
    assert_eq!(*response.body, b"here");
    let host = format!("\r\nhost: localhost:{}\r\n", server.port());
    assert!(server.requests()[0].contains(&host));
}

#[tokio::test]
async fn a_name_without_an_address_is_unreachable_and_no_violation() {
    let origin = "https://no-such-name.invalid";
    let gate = gate(origin, Vec::new());
    let error = gate.send(get(origin)).await.unwrap_err();
    assert_eq!(error.kind(), "plugin-http-unresolved");
    assert_eq!(error.class(), ErrorClass::Unreachable);
    assert!(gate.violation().is_none());
}

#[tokio::test]
async fn headers_of_the_host_cannot_be_set() {
    let server = Server::start(|_| Reply::ok("")).await;
    let gate = gate(&server.origin(), Vec::new());
    for name in [
        "host",
        "Host",
        "connection",
        "TE",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "keep-alive",
        "accept-encoding",
        "range",
        "if-range",
        "expect",
        "proxy-authorization",
        "Proxy-Connection",
        "http2-settings",
    ] {
        let request = with_header(get(server.origin()), name, "1");
        is_refused(&gate, request, &server, "plugin-http-reserved-header").await;
    }
}

#[tokio::test]
async fn headers_and_parameters_of_credentials_cannot_be_set() {
    let server = Server::start(|_| Reply::ok("")).await;
    let own = vec![
        HostCredential::Header {
            name: "X-Api-Key".to_owned(),
            value: secret("dummy-key"),
        },
        HostCredential::Query {
            name: "api_key".to_owned(),
            value: secret("dummy-key"),
        },
    ];
    let origins = vec![granted(&server.origin(), own)];
    let gate = Gate::new(
        "example".to_owned(),
        origins,
        None,
        OutboundLimits::default(),
    )
    .unwrap();
    for name in ["x-api-key", "X-API-KEY", "authorization"] {
        let request = with_header(get(server.origin()), name, "guess");
        is_refused(&gate, request, &server, "plugin-http-reserved-header").await;
    }
    for query in [
        "api_key=a",
        "api_key",
        "a=b&api_key=c",
        "a=b;api_key=c",
        "api%5Fkey=a",
        "API_KEY=a",
        "%61pi_key=a",
        "+api_key=a",
    ] {
        for slash in ["/", ""] {
            let request = get(format!("{}{slash}?{query}", server.origin()));
            is_refused(&gate, request, &server, "plugin-http-reserved-parameter").await;
        }
    }
    let allowed = get(format!("{}/api_key=a?key=api_key", server.origin()));
    assert_eq!(gate.send(allowed).await.unwrap().status, 200);
}

/// A plugin that gets a token at one origin, by a credential of the host, sends it to another.
#[tokio::test]
async fn a_token_of_the_plugin_may_go_where_the_host_has_no_credential() {
    let server = Server::start(|_| Reply::ok("")).await;
    let elsewhere = vec![HostCredential::Bearer(secret("dummy-token"))];
    let origins = vec![
        granted(&server.origin(), Vec::new()),
        granted("https://login.example.com", elsewhere),
    ];
    let limits = OutboundLimits::default();
    let gate = Gate::new("example".to_owned(), origins, None, limits).unwrap();
    let request = with_header(get(server.origin()), "authorization", "Bearer own");
    assert_eq!(gate.send(request).await.unwrap().status, 200);
    assert!(server.requests()[0].contains("Bearer own"));
    assert!(!server.requests()[0].contains("dummy-token"));
}

#[tokio::test]
async fn headers_that_are_none_or_too_many_are_refused() {
    let server = Server::start(|_| Reply::ok("")).await;
    let gate = gate(&server.origin(), Vec::new());
    for (name, value) in [
        ("", "a"),
        ("a b", "a"),
        ("a:", "a"),
        (":authority", "a"),
        ("a", "b\r\nc: d"),
        ("a", "b\0c"),
        ("ä", "a"),
    ] {
        let request = with_header(get(server.origin()), name, value);
        is_refused(&gate, request, &server, "plugin-http-header").await;
    }
    let mut request = get(server.origin());
    request.headers = vec![("a".to_owned(), "b".to_owned()); 101];
    is_refused(&gate, request, &server, "plugin-http-request-headers").await;
    let request = with_header(get(server.origin()), "a", &"b".repeat(64 * 1024));
    is_refused(&gate, request, &server, "plugin-http-request-headers").await;
    let mut request = get(server.origin());
    request.body = vec![0; 4 * 1024 * 1024 + 1];
    is_refused(&gate, request, &server, "plugin-http-request-too-large").await;
}

#[tokio::test]
async fn one_request_more_than_a_call_may_send_is_a_violation() {
    let server = Server::start(|_| Reply::ok("")).await;
    let limits = OutboundLimits {
        requests: 3,
        ..OutboundLimits::default()
    };
    let gate = limited(&server.origin(), Vec::new(), limits);
    let answers = gate.send_all(vec![get(server.origin()); 5]).await;
    let refused = OutboundError::TooManyRequests { limit: 3 };
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(answers[4].as_ref().unwrap_err(), &refused);
    assert_eq!(gate.violation(), Some(refused));
    gate.begin_call();
    assert!(gate.violation().is_none());
    assert!(gate.send(get(server.origin())).await.is_ok());
}

#[tokio::test]
async fn the_first_violation_of_a_call_is_kept() {
    let server = Server::start(|_| Reply::ok("")).await;
    let gate = gate(&server.origin(), bearer("dummy-token"));
    let first = gate.send(get("https://a.example")).await.unwrap_err();
    let request = with_header(get(server.origin()), "authorization", "guess");
    gate.send(request).await.unwrap_err();
    gate.send(get(server.origin())).await.unwrap();
    assert_eq!(gate.violation(), Some(first));
}
