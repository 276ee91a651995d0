//! Answers as they come: redirects, floods, silence, rubbish.

use std::time::{Duration, Instant};

use secret_runtime::error::Explain;
use secret_runtime::outbound::{ErrorClass, OutboundError, OutboundLimits};

use super::server::{Reply, Server};
use super::{bearer, gate, get, limited};

async fn error_of(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> OutboundError {
    let server = Server::start(reply).await;
    let gate = gate(&server.origin(), Vec::new());
    let error = gate.send(get(server.origin())).await.unwrap_err();
    assert!(gate.violation().is_none(), "{error}");
    error
}

fn soon() -> OutboundLimits {
    OutboundLimits {
        time: Duration::from_millis(200),
        ..OutboundLimits::default()
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let target = Server::start(|_| Reply::ok("")).await;
        let location = format!("location: {}/next\r\n", target.origin());
        let server = Server::start(move |_| Reply::of(status, &location, "")).await;
        let gate = gate(&server.origin(), bearer("dummy-token"));
        let response = gate.send(get(server.origin())).await.unwrap();
        assert!(status.starts_with(&response.status.to_string()));
        let (_, location) = response
            .headers
            .iter()
            .find(|(name, _)| name == "location")
            .unwrap();
        assert_eq!(location, &format!("{}/next", target.origin()));
        assert_eq!((server.connections(), target.connections()), (1, 0));
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_cut() {
    let error = error_of(|_| Reply::of("200 OK", &"a: b\r\n".repeat(200), "")).await;
    assert_eq!(error.kind(), "plugin-http-headers-too-large");
    assert_eq!(error.class(), ErrorClass::TooLarge);
    let error = error_of(|_| {
        let header = format!("a: {}\r\n", "b".repeat(100 * 1024));
        Reply::of("200 OK", &header, "")
    })
    .await;
    assert_eq!(error.kind(), "plugin-http-headers-too-large");
}

#[tokio::test]
async fn a_head_without_an_end_is_cut() {
    let error = error_of(|_| {
        let endless = "x".repeat(1024 * 1024);
        Reply::raw(format!("HTTP/1.1 200 OK\r\na: {endless}"))
    })
    .await;
    assert_eq!(error.kind(), "plugin-http-headers-too-large");
}

#[tokio::test]
async fn a_huge_body_is_cut_whether_announced_or_not() {
    let announced =
        error_of(|_| Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")).await;
    assert_eq!(announced.kind(), "plugin-http-too-large");
    let streamed = error_of(|_| {
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
        Reply::raw(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
            chunk.repeat(5)
        ))
    })
    .await;
    assert_eq!(streamed.kind(), "plugin-http-too-large");
    assert_eq!(streamed.class(), ErrorClass::TooLarge);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_comes_through() {
    let limits = OutboundLimits {
        response_bytes: 100_000,
        ..OutboundLimits::default()
    };
    for (size, comes) in [(100_000, true), (100_001, false)] {
        let server = Server::start(move |_| Reply::ok("x".repeat(size))).await;
        let gate = limited(&server.origin(), Vec::new(), limits.clone());
        let answer = gate.send(get(server.origin())).await;
        assert_eq!(
            answer.map(|answer| answer.body.len()).ok(),
            comes.then_some(size)
        );
    }
}

#[tokio::test]
async fn the_answers_of_one_call_are_bounded_together() {
    let server = Server::start(|_| Reply::ok("x".repeat(1000))).await;
    let limits = OutboundLimits {
        call_bytes: 2500,
        ..OutboundLimits::default()
    };
    let gate = limited(&server.origin(), Vec::new(), limits);
    let answers = gate.send_all(vec![get(server.origin()); 4]).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    let error = answers.into_iter().find_map(Result::err).unwrap();
    assert_eq!(error.kind(), "plugin-http-call-too-large");
    gate.begin_call();
    assert!(gate.send(get(server.origin())).await.is_ok());
}

#[tokio::test]
async fn without_time_nothing_is_sent() {
    let server = Server::start(|_| Reply::ok("dummy")).await;
    let limits = OutboundLimits {
        time: Duration::ZERO,
        ..OutboundLimits::default()
    };
    let gate = limited(&server.origin(), Vec::new(), limits);
    for answer in gate.send_all(vec![get(server.origin()); 64]).await {
        assert_eq!(answer.unwrap_err().kind(), "plugin-http-timeout");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn silence_at_any_point_meets_the_deadline() {
    for sent in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let server = Server::start(move |_| Reply::raw(sent)).await;
        let gate = limited(&server.origin(), Vec::new(), soon());
        let started = Instant::now();
        let error = gate.send(get(server.origin())).await.unwrap_err();
        assert_eq!(error.kind(), "plugin-http-timeout", "{sent}");
        assert_eq!(error.class(), ErrorClass::Timeout, "{sent}");
        assert!(error.to_string().ends_with("within 200ms"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5), "{sent}");
        assert!(gate.violation().is_none(), "{sent}");
    }
}

#[tokio::test]
async fn half_an_answer_is_none() {
    for sent in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n",
    ] {
        let error = error_of(move |_| Reply::raw(sent).then_close()).await;
        assert_eq!(error.kind(), "plugin-http-broken", "{sent}");
        assert_eq!(error.class(), ErrorClass::Broken, "{sent}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_broken_and_not_quoted() {
    for sent in [
        "SSH-2.0-dummy-banner\r\n",
        "dummy-banner\r\n\r\n",
        "HTTP/1.1 abc dummy-banner\r\n\r\n",
        "HTTP/1.1 200 OK\r\ndummy-banner\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: dummy-banner\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ndummy-banner\r\n",
    ] {
        let error = error_of(move |_| Reply::raw(sent).then_close()).await;
        assert_eq!(error.kind(), "plugin-http-broken", "{sent}");
        let told = format!("{error} {error:?} {:?}", error.hint());
        assert!(!told.contains("dummy-banner"), "{told}");
    }
}

#[tokio::test]
async fn a_header_that_is_no_text_is_left_out() {
    let server = Server::start(|_| {
        Reply::raw(&b"HTTP/1.1 200 OK\r\nbad: \xff\xfe\r\ngood: z\xc3\xbc\r\ncontent-length: 1\r\n\r\n\xff"[..])
    })
    .await;
    let gate = gate(&server.origin(), Vec::new());
    let response = gate.send(get(server.origin())).await.unwrap();
    let names: Vec<_> = response
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["good", "content-length"]);
    assert_eq!(response.headers[0].1, "zü");
    assert_eq!(*response.body, b"\xff");
}

#[tokio::test]
async fn an_answer_without_a_body_may_announce_one() {
    let server =
        Server::start(|_| Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n")).await;
    let gate = gate(&server.origin(), Vec::new());
    let mut request = get(server.origin());
    request.method = "HEAD".to_owned();
    let response = gate.send(request).await.unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unreachable() {
    let server = Server::start(|_| Reply::ok("")).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gate = gate(&origin, Vec::new());
    let error = gate.send(get(&origin)).await.unwrap_err();
    assert_eq!(error.kind(), "plugin-http-unreachable");
    assert_eq!(error.class(), ErrorClass::Unreachable);
    assert!(error.to_string().ends_with("connection refused"), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start(|_| Reply::ok("again")).await;
    let gate = gate(&server.origin(), Vec::new());
    for _ in 0..5 {
        gate.send(get(server.origin())).await.unwrap();
        gate.begin_call();
    }
    assert_eq!((server.requests().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let server = Server::start(|_| Reply::ok("once").then_close()).await;
    let gate = gate(&server.origin(), Vec::new());
    for _ in 0..3 {
        gate.send(get(server.origin())).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_hundred_requests_go_sixty_four_at_a_time_and_answer_in_order() {
    let server = Server::start(|request| {
        let path = request.split(' ').nth(1).unwrap().to_owned();
        Reply::ok(path).after(Duration::from_millis(50))
    })
    .await;
    let gate = gate(&server.origin(), Vec::new());
    let requests = (0..100)
        .map(|n| get(format!("{}/{n}", server.origin())))
        .collect();
    let answers = gate.send_all(requests).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(*answer.unwrap().body, format!("/{n}").as_bytes());
    }
    assert_eq!(server.peak(), 64);
    assert!(server.connections() <= 64, "{}", server.connections());
}

#[tokio::test]
async fn a_gate_can_be_used_from_any_task() {
    let server = Server::start(|_| Reply::ok("answered")).await;
    let gate = std::sync::Arc::new(gate(&server.origin(), Vec::new()));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let (gate, request) = (gate.clone(), get(server.origin()));
            tokio::spawn(async move { gate.send_all(vec![request]).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap()[0].is_ok());
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_the_gate_usable() {
    let server = Server::start(|request| match request.contains("/slow") {
        true => Reply::ok("").after(Duration::from_secs(60)),
        false => Reply::ok(""),
    })
    .await;
    let limits = OutboundLimits {
        concurrency: 1,
        ..OutboundLimits::default()
    };
    let gate = limited(&server.origin(), Vec::new(), limits);
    let slow = gate.send(get(format!("{}/slow", server.origin())));
    let given_up = tokio::time::timeout(Duration::from_millis(50), slow).await;
    assert!(given_up.is_err());
    assert!(gate.send(get(server.origin())).await.is_ok());
}
