//! How many connections there are, and that nobody waits for one in vain.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secret_runtime::error::Explain;
use secret_runtime::outbound::{Gate, OutboundLimits};

use crate::server::{Reply, Server};
use crate::{get, granted, limited};

fn of_width(concurrency: usize) -> OutboundLimits {
    OutboundLimits {
        concurrency,
        ..OutboundLimits::default()
    }
}

#[tokio::test]
async fn connections_are_as_many_as_requests_at_a_time_round_after_round() {
    for width in [1, 7, 64] {
        // Those of one round are answered all at once, so that many ask anew before the first
        // connection is known to be free.
        let server = Server::start(|_| Reply::ok("fine").after(Duration::from_millis(5))).await;
        // A name takes a moment to be looked up, in which other connections become free.
        let origin = format!("http://localhost:{}", server.port());
        let gate = limited(&origin, Vec::new(), of_width(width));
        let answers = gate.send_all(vec![get(&origin); width * 5]).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(server.requests().len(), width * 5);
        assert!(server.connections() <= width, "{}", server.connections());
    }
}

#[tokio::test]
async fn idle_connections_to_one_server_do_not_keep_another_waiting() {
    let one = Server::start(|_| Reply::ok("one")).await;
    let other = Server::start(|_| Reply::ok("other")).await;
    let origins = [&one, &other].map(|server| granted(&server.origin(), Vec::new()));
    let gate = Gate::new("example".to_owned(), origins.into(), None, of_width(2)).unwrap();
    for server in [&one, &other, &one, &other] {
        let answers = gate.send_all(vec![get(server.origin()); 10]).await;
        assert!(answers.iter().all(Result::is_ok));
        assert!(server.connections() <= 2, "{}", server.connections());
    }
    let mixed = (0..20).map(|index| get(if index % 2 == 0 { &one } else { &other }.origin()));
    let answers = gate.send_all(mixed.collect()).await;
    assert!(answers.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_connection_that_is_closed_makes_room() {
    let server = Server::start(|_| {
        Reply::of("200 OK", "connection: close\r\n", "the last word").then_close()
    })
    .await;
    let gate = limited(&server.origin(), Vec::new(), of_width(2));
    let answers = gate.send_all(vec![get(server.origin()); 30]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.requests().len(), 30);
}

#[tokio::test]
async fn a_request_that_is_given_up_makes_room() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        // Silence, for longer than the test waits.
        0..2 => Reply::ok("late").after(Duration::from_secs(600)),
        _ => Reply::ok("fine"),
    })
    .await;
    let limits = OutboundLimits {
        time: Duration::from_millis(500),
        ..of_width(2)
    };
    let gate = limited(&server.origin(), Vec::new(), limits);
    let answers = gate.send_all(vec![get(server.origin()); 2]).await;
    for answer in answers {
        assert_eq!(answer.unwrap_err().kind(), "plugin-http-timeout");
    }
    for _ in 0..5 {
        assert_eq!(
            *gate.send(get(server.origin())).await.unwrap().body,
            b"fine"
        );
    }
}

#[tokio::test]
async fn a_server_that_refuses_makes_room() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let gate = limited(&origin, Vec::new(), of_width(1));
    for answer in gate.send_all(vec![get(&origin); 5]).await {
        assert_eq!(answer.unwrap_err().kind(), "plugin-http-unreachable");
    }
}
