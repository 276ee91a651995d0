//! The test bed itself: what other tests rely on.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use secret_run_tests::{
    Etcd, Fault, Link, OpenBao, Postgres, Quality, Response, SecretServer, base64, exchange,
    free_port,
};
use serde_json::{Value, json};

const ROUND_TRIP: Duration = Duration::from_millis(250);

fn get(link: &Link, path: &str) -> std::io::Result<secret_run_tests::Reply> {
    exchange(link.address(), "GET", path, &[], &[])
}

/// Sends a request by hand, and reads until the connection ends.
fn by_hand(link: &Link) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(link.address()).expect("the link takes connections");
    let limit = Some(Duration::from_millis(500));
    stream
        .set_read_timeout(limit)
        .expect("the limit is not zero");
    let request = b"GET /secrets/a HTTP/1.1\r\nconnection: close\r\n\r\n";
    stream.write_all(request).expect("the link takes bytes");
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).err();
    (answer, end.map(|error| error.kind()))
}

#[test]
fn a_first_answer_takes_two_round_trips_and_further_ones_one() {
    let server = SecretServer::start();
    server.document("a", "dummy-value", "1");
    let link = Link::to(server.address()).round_trip(ROUND_TRIP);
    let started = Instant::now();
    let mut stream = TcpStream::connect(link.address()).expect("the link takes connections");
    let mut ask = || {
        let request = b"GET /secrets/a HTTP/1.1\r\n\r\n";
        stream.write_all(request).expect("the link takes bytes");
        let mut answer = Vec::new();
        while !answer.ends_with(b"dummy-value") {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).expect("the server answers");
            answer.extend_from_slice(&buffer[..read]);
        }
    };
    ask();
    let first = started.elapsed();
    assert_eq!(link.round_trips(), 2);
    ask();
    assert_eq!(link.round_trips(), 3);
    let second = started.elapsed() - first;
    assert!(first >= 2 * ROUND_TRIP, "the first took {first:?}");
    assert!(second >= ROUND_TRIP, "the second took {second:?}");
    assert!(second < 2 * ROUND_TRIP, "the second took {second:?}");
}

#[test]
fn requests_over_a_distance_do_not_wait_for_each_other() {
    let server = SecretServer::start();
    server.document("a", "dummy-value", "1");
    let link = Link::to(server.address()).round_trip(ROUND_TRIP);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert!(get(&link, "/secrets/a").is_ok()));
        }
    });
    let elapsed = started.elapsed();
    assert!(elapsed < 8 * ROUND_TRIP, "all together took {elapsed:?}");
    assert_eq!(link.connections(), 20);
    assert_eq!(link.round_trips(), 2, "all make the same two");
}

#[test]
fn a_link_counts_what_passes() {
    let server = SecretServer::start();
    server.document("a", vec![b'x'; 1_000_000], "1");
    let link = Link::to(server.address());
    let reply = get(&link, "/secrets/a").expect("the server answers");
    assert_eq!(reply.body.len(), 1_000_000);
    assert_eq!(link.connections(), 1);
    assert!(link.bytes_up() > 0 && link.bytes_up() < 1_000);
    assert!(link.bytes_down() > 1_000_000 && link.bytes_down() < 1_001_000);
}

#[test]
fn faults_are_what_they_say() {
    let server = SecretServer::start();
    server.document("a", vec![b'x'; 100_000], "1");
    let link = Link::to(server.address());
    let become_bad = |fault| {
        link.change(Quality {
            fault: Some(fault),
            ..Quality::default()
        });
    };
    for bytes in [0, 1, 50_000] {
        become_bad(Fault::CutAfter(bytes));
        let (answer, end) = by_hand(&link);
        assert_eq!((answer.len() as u64, end), (bytes, None), "cut");

        become_bad(Fault::ResetAfter(bytes));
        let (answer, end) = by_hand(&link);
        assert!(
            answer.len() as u64 <= bytes,
            "a reset may lose bytes, not add any"
        );
        assert_eq!(end, Some(ErrorKind::ConnectionReset));

        become_bad(Fault::StallAfter(bytes));
        let (answer, end) = by_hand(&link);
        assert_eq!(
            (answer.len() as u64, end),
            (bytes, Some(ErrorKind::WouldBlock)),
            "stall"
        );

        become_bad(Fault::GarbageAfter(bytes));
        let (answer, end) = by_hand(&link);
        let begins = answer.iter().take_while(|byte| byte.is_ascii()).count();
        assert_eq!((begins as u64, end), (bytes, None), "garbage");
        assert!(answer.len() > 100_000, "all of it comes");
    }
    link.change(Quality::default());
    link.flap(2, Fault::CutAfter(1));
    let lengths = [(); 3].map(|()| by_hand(&link).0.len());
    assert_eq!(lengths[..2], [1, 1]);
    let (answer, end) = by_hand(&link);
    assert!(answer.len() > 100_000, "the fault is gone");
    assert_eq!(end, None);
    assert_eq!(lengths[2], answer.len());
}

#[test]
fn a_link_to_nobody_ends_the_connection() {
    let link = Link::to(([127, 0, 0, 1], free_port()).into());
    assert!(get(&link, "/").is_err());
    assert_eq!(link.connections(), 1);
}

#[test]
fn a_link_that_is_dropped_ends_its_connections() {
    let server = SecretServer::start();
    let link = Link::to(server.address());
    let mut stream = TcpStream::connect(link.address()).expect("the link takes connections");
    let request = b"GET / HTTP/1.1\r\n\r\n";
    stream.write_all(request).expect("the link takes bytes");
    let mut first = [0; 1];
    stream.read_exact(&mut first).expect("the server answers");
    drop(link);
    let limit = Some(Duration::from_secs(10));
    stream
        .set_read_timeout(limit)
        .expect("the limit is not zero");
    let mut rest = Vec::new();
    let end = stream
        .read_to_end(&mut rest)
        .err()
        .map(|error| error.kind());
    assert_ne!(
        end,
        Some(ErrorKind::WouldBlock),
        "the connection is still open"
    );
}

#[test]
fn the_server_answers_as_it_was_told_to() {
    let server = SecretServer::start();
    server.document("app/token", "dummy-value", "3");
    server.answer(
        "/echo",
        Response::new(200).body("dummy").echo("authorization"),
    );
    server.answer("/odd", Response::new(200).invalid_utf8().flood(3, 10));
    server.answer("/short", Response::new(200).body("dummy").claim(10));
    let secret = [("authorization", "dummy-token")];
    let ask = |path: &str| exchange(server.address(), "GET", path, &secret, &[]);

    let document = ask("/secrets/app/token").expect("it answers");
    assert_eq!((document.status, document.text()), (200, "dummy-value"));
    assert_eq!(document.header("x-version"), Some("3"));
    assert_eq!(ask("/secrets/none").expect("it answers").status, 404);
    let echo = ask("/echo?a=b").expect("it answers");
    assert_eq!(echo.header("x-echo-authorization"), Some("dummy-token"));
    assert_eq!(echo.text(), "dummy\nauthorization: dummy-token");
    // Its headers are no text, which our own client refuses.
    assert!(ask("/odd").is_err());
    assert_eq!(ask("/short").expect("its head is whole").body, b"dummy");

    let paths: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    let asked = [
        "/secrets/app/token",
        "/secrets/none",
        "/echo?a=b",
        "/odd",
        "/short",
    ];
    assert_eq!(paths, asked);
    assert_eq!(server.connections(), 5);
}

#[test]
fn the_server_records_what_was_sent() {
    let server = SecretServer::start();
    let chunked = [("transfer-encoding", "chunked")];
    let body = b"5\r\ndummy\r\n2;x=y\r\n-1\r\n0\r\n\r\n";
    exchange(server.address(), "POST", "/a", &chunked, body).expect("it answers");
    exchange(server.address(), "PUT", "/b", &[("x-a", "b")], b"dummy-2").expect("it answers");
    let requests = server.requests();
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].body, b"dummy-1");
    assert_eq!(requests[1].method, "PUT");
    assert_eq!(requests[1].header("x-a"), Some("b"));
    assert_eq!(requests[1].body, b"dummy-2");
}

#[test]
fn etcd_holds_what_was_put() {
    let etcd = Etcd::start();
    etcd.put("app/token", "dummy-value");
    let answer = etcd.call("kv/range", &json!({ "key": base64(b"app/token") }));
    assert_eq!(answer["kvs"][0]["value"], base64(b"dummy-value"));
    let none = etcd.call("kv/range", &json!({ "key": base64(b"app/other") }));
    assert_eq!(none["kvs"], serde_json::Value::Null);
}

#[test]
fn openbao_makes_users_of_postgresql_that_can_log_in() {
    let (bao, postgres) = (OpenBao::start(), Postgres::start());
    bao.dynamic_users(&postgres);
    let first = &bao.call("GET", "database/creds/app", &Value::Null)["data"];
    let user = first["username"].as_str().expect("a user has a name");
    let password = first["password"].as_str().expect("a user has a password");
    assert_eq!(postgres.login(user, password).as_deref(), Some(user));
    assert_eq!(postgres.login(user, "dummy-other"), None);
}

#[test]
fn openbao_holds_what_was_put_for_who_may_read_it() {
    let bao = OpenBao::start();
    assert_eq!(bao.put("app/token", &json!({ "value": "dummy-1" })), 1);
    assert_eq!(bao.put("app/token", &json!({ "value": "dummy-2" })), 2);
    let reader = bao.token("path \"secret/data/app/token\" { capabilities = [\"read\"] }");
    let ask = |token: &str, path: &str| bao.ask("GET", path, token, &Value::Null);
    let answer = ask(&reader, "secret/data/app/token?version=1");
    assert!(answer.text().contains("dummy-1"), "{}", answer.text());
    assert_eq!(ask(&reader, "secret/data/app/other").status, 403);
    assert_eq!(ask("dummy-token", "secret/data/app/token").status, 403);
    bao.seal();
    assert_eq!(ask(OpenBao::ROOT, "secret/data/app/token").status, 503);
}
