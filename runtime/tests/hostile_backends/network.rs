//! Where a backend may send requests, and what it may not write into them.

use crate::bed::Bed;
use crate::messenger::{grant, messenger, told, wanting};
use crate::server::{Server, answer};

#[test]
fn what_is_granted_and_declared_is_reached() {
    let server = Server::friendly();
    let bed = Bed::of(&messenger(&[&server.origin()]));
    let values = bed.run(&told(&grant(&server), &[("url", &server.origin())]));
    assert_eq!(values.unwrap(), ["dummy-value-first", "dummy-value-second"]);
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn another_host_port_scheme_or_address_is_denied_whatever_the_guest_answers() {
    let server = Server::friendly();
    let port = server.port();
    let bed = Bed::of(&messenger(&[&server.origin()]));
    for origin in [
        // Another host.
        "http://other.example.com".to_owned(),
        format!("http://127.0.0.1.example.com:{port}"),
        // The same machine under another name.
        format!("http://localhost:{port}"),
        // Another port, also the one of the scheme.
        format!("http://127.0.0.1:{}", port ^ 1),
        "http://127.0.0.1".to_owned(),
        // Another scheme.
        format!("https://127.0.0.1:{port}"),
        // Addresses.
        format!("http://127.0.0.2:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        "http://169.254.169.254".to_owned(),
        "http://10.0.0.1".to_owned(),
    ] {
        let url = format!("{origin}/v1/dummy-path");
        let lines = told(&grant(&server), &[("url", &url)]);
        let problem = bed.refuses(&lines, "plugin-http-denied");
        assert!(problem.message.contains("`p`"), "{}", problem.message);
        assert!(!problem.message.contains("dummy-path"), "{problem:?}");
        assert!(problem.hint.is_some_and(|hint| hint.contains("allow.http")));
    }
    assert_eq!(server.heads(), [""; 0]);
}

#[test]
fn what_is_granted_and_not_declared_is_not_lent() {
    let server = Server::friendly();
    let bed = Bed::of(&messenger(&[]));
    let lines = told(&grant(&server), &[("url", &server.origin())]);
    bed.refuses(&lines, "plugin-http-denied");
    assert_eq!(server.heads(), [""; 0]);
}

#[test]
fn a_name_of_a_private_address_needs_the_grant_for_that() {
    let server = Server::friendly();
    let origin = format!("http://localhost:{}", server.port());
    let bed = Bed::of(&messenger(&[&origin]));
    let lines = told(
        &format!("allow.http = [\"{origin}\"]\n"),
        &[("url", &origin)],
    );
    let problem = bed.refuses(&lines, "plugin-http-private-address");
    let wanted = format!("allow.private-addresses = [\"{origin}\"]");
    let hint = problem.hint.unwrap();
    assert!(hint.contains(&wanted), "{hint}");
    assert_eq!(server.heads(), [""; 0]);

    // What the hint says is what it takes.
    let values = bed.run(&format!("{lines}{wanted}\n"));
    assert_eq!(values.unwrap().len(), 2);
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn a_redirect_is_handed_to_the_guest_and_not_followed() {
    let elsewhere = Server::friendly();
    let location = format!("location: {}/\r\n", elsewhere.origin());
    let server = Server::start(move |_| Some(answer("302 Found", &location, "")));
    let here = server.origin();
    let bed = Bed::of(&messenger(&[&here, &elsewhere.origin()]));
    // The guest traps if it gets anything but the redirect.
    let lines = told(&grant(&server), &[("url", &here), ("then", &here)]);
    assert_eq!(bed.run(&lines).unwrap().len(), 2);
    assert_eq!(server.heads().len(), 2);

    // The guest follows it.
    let there = elsewhere.origin();
    let lines = told(&grant(&server), &[("url", &here), ("then", &there)]);
    let problem = bed.refuses(&lines, "plugin-http-denied");
    // It was given an answer, so what it calls a host could be a value.
    assert!(!problem.message.contains(&there), "{}", problem.message);
    assert_eq!(elsewhere.heads(), [""; 0]);
}

#[test]
fn a_denial_is_no_missing_document() {
    let bed = Bed::of(&wanting(messenger(&[]), &["https://api.example.com"]));
    let bed = bed.asking(["app/nothing"]);
    let lines = "allow.http = [\"https://api.example.com\"]\n";
    // The guest answers `not-found` after it.
    let lines = told(lines, &[("url", "https://other.example.com")]);
    bed.refuses(&lines, "plugin-http-denied");
}

#[test]
fn the_headers_of_the_host_are_not_the_guests() {
    let server = Server::friendly();
    let bed = Bed::of(&messenger(&[&server.origin()]));
    for name in ["host", "content-length", "transfer-encoding", "connection"] {
        let settings = [("url", &*server.origin()), ("header", name)];
        let lines = told(&grant(&server), &settings);
        let problem = bed.refuses(&lines, "plugin-http-reserved-header");
        assert!(problem.message.contains(name), "{}", problem.message);
    }
    assert_eq!(server.heads(), [""; 0]);
}

#[test]
fn more_requests_than_granted_are_refused() {
    let server = Server::start(|_| Some(answer("302 Found", "", "")));
    let here = server.origin();
    let bed = Bed::of(&messenger(&[&here]));
    let lines = told(&grant(&server), &[("url", &here), ("then", &here)]);
    let lines = format!("{lines}limits.requests = 1\n");
    bed.refuses(&lines, "plugin-http-too-many-requests");
    assert_eq!(server.heads().len(), 1);
}
