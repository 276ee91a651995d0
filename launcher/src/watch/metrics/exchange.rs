//! A request for `/metrics`, and what it is answered with. Pure.

use std::net::IpAddr;

use secret_runtime::metrics::CONTENT_TYPE;

/// The most that a request may have before its body, which nobody reads.
pub(super) const LARGEST_REQUEST: usize = 8 << 10;
const MOST_HEADERS: usize = 64;
/// The only thing that there is.
const PATH: &str = "/metrics";

/// The answer to what has come so far; nothing, if more of it has to come. `loopback` says that it
/// came over TCP.
pub(super) fn answer(
    received: &[u8],
    loopback: bool,
    metrics: impl FnOnce() -> String,
) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(received) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if received.len() < LARGEST_REQUEST => return None,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            let said = "the request is too large\n";
            return Some(plain("431 Request Header Fields Too Large", said));
        }
        Err(_) => return Some(plain("400 Bad Request", "this is no request\n")),
    }
    if loopback && !names_this_machine(&request) {
        // A page that somebody looks at may have its own name lead here. What it may not learn is
        // what this machine runs.
        let said = "ask for it by an address, or as localhost\n";
        return Some(plain("403 Forbidden", said));
    }
    let path = request.path.unwrap_or_default();
    if path.split('?').next() != Some(PATH) {
        let said = "there is nothing here but /metrics\n";
        return Some(plain("404 Not Found", said));
    }
    Some(match request.method {
        Some("GET") => response("200 OK", CONTENT_TYPE, &metrics(), true),
        Some("HEAD") => response("200 OK", CONTENT_TYPE, &metrics(), false),
        _ => plain(
            "405 Method Not Allowed\r\nAllow: GET, HEAD",
            "only GET and HEAD\n",
        ),
    })
}

/// Whether it was sent to an address, or to a name that is nobody else's.
fn names_this_machine(request: &httparse::Request<'_, '_>) -> bool {
    let headers = request.headers.iter();
    let mut hosts = headers.filter(|header| header.name.eq_ignore_ascii_case("host"));
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        // HTTP/1.0 knows no hosts, and no browser speaks it.
        return request.version == Some(0);
    };
    let host = std::str::from_utf8(host.value).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn plain(status: &str, said: &str) -> Vec<u8> {
    response(status, "text/plain; charset=utf-8", said, true)
}

fn response(status: &str, kind: &str, body: &str, has_body: bool) -> Vec<u8> {
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    if has_body {
        bytes.extend_from_slice(body.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use proptest::prelude::*;

    use super::*;

    fn status(request: &str, loopback: bool) -> u16 {
        let answer = answer(request.as_bytes(), loopback, || "numbers\n".into()).unwrap();
        let text = String::from_utf8(answer).unwrap();
        text["HTTP/1.1 ".len()..][..3].parse().unwrap()
    }

    #[test]
    fn metrics_are_all_that_there_is() {
        for (request, expected) in [
            ("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9464\r\n\r\n", 200),
            ("GET /metrics?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
            ("GET /metrics HTTP/1.1\r\nhost: [::1]:9464\r\n\r\n", 200),
            ("GET /metrics HTTP/1.0\r\n\r\n", 200),
            ("HEAD /metrics HTTP/1.1\r\nHost: LocalHost:1\r\n\r\n", 200),
            ("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
            ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
            (
                "GET /metrics/../etc HTTP/1.1\r\nHost: localhost\r\n\r\n",
                404,
            ),
            ("GET /metrics HTTP/1.1\r\n\r\n", 403),
            ("GET /metrics HTTP/1.1\r\nHost: example.com\r\n\r\n", 403),
            (
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: example.com\r\n\r\n",
                403,
            ),
            ("GET /metrics\r\n\r\n", 400),
            ("\x16\x03\x01\x02", 400),
        ] {
            assert_eq!(status(request, true), expected, "{request:?}");
        }
        let named = "GET /metrics HTTP/1.1\r\nHost: example.com\r\n\r\n";
        assert_eq!(
            status(named, false),
            200,
            "nobody comes to a socket by a name"
        );
    }

    #[test]
    fn an_answer_says_how_long_it_is_and_ends() {
        let request = |method| format!("{method} /metrics HTTP/1.0\r\n\r\n");
        let answer = |method| {
            let answer = answer(request(method).as_bytes(), true, || "numbers\n".into());
            String::from_utf8(answer.unwrap()).unwrap()
        };
        let get = answer("GET");
        assert!(get.ends_with("\r\n\r\nnumbers\n"), "{get}");
        let head = answer("HEAD");
        assert!(head.ends_with("\r\n\r\n"), "{head}");
        for answer in [get, head] {
            assert!(answer.contains("Content-Length: 8\r\n"), "{answer}");
            assert!(answer.contains("Connection: close\r\n"), "{answer}");
            assert!(answer.contains(CONTENT_TYPE), "{answer}");
        }
    }

    #[test]
    fn half_a_request_is_waited_for_up_to_its_bound() {
        let half = |length: usize| {
            let mut text = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ".to_owned();
            text.push_str(&"x".repeat(length - text.len()));
            text
        };
        let none = answer(half(100).as_bytes(), true, String::new);
        assert_eq!(none, None);
        assert_eq!(status(&half(LARGEST_REQUEST), true), 431);
        let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(65));
        assert_eq!(status(&many, true), 431);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&bytes, true, String::new);
            let begun = [b"GET /metrics HTTP/1.1\r\nHost: ", &bytes[..]].concat();
            let _ = answer(&begun, true, String::new);
        }
    }
}
