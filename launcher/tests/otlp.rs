//! Traces: what a receiver gets, and that none that fails, refuses or is silent keeps a command from
//! starting.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A bound that only a hang reaches.
const LIMIT: Duration = Duration::from_secs(30);

const TOKEN: &str = "dummy-token-of-the-trace-93b0";

/// What the receiver was sent.
struct Sent {
    head: String,
    body: Value,
}

/// A receiver that takes one request, and answers it so.
fn receiver(answer: &'static str) -> (SocketAddr, JoinHandle<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let received = thread::spawn(move || {
        listener.set_nonblocking(true).unwrap();
        let begun = Instant::now();
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            assert!(begun.elapsed() < LIMIT, "nothing was sent");
            thread::sleep(Duration::from_millis(2));
        };
        stream.set_nonblocking(false).unwrap();
        receive(stream, answer)
    });
    (address, received)
}

fn receive(stream: TcpStream, answer: &str) -> Sent {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let lower = head.to_ascii_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().trim().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    reader.get_mut().write_all(answer.as_bytes()).unwrap();
    let text = String::from_utf8(body).unwrap();
    assert!(!text.contains(TOKEN), "{text}");
    let body = serde_json::from_str(&text).unwrap();
    Sent { head, body }
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

fn project() -> TempDir {
    let folder = TempDir::new().unwrap();
    let manifest = "version = 1\n[project]\nname = \"shop\"\n[environments.development]\n\
        backend = \"files\"\n[backends.files]\nkind = \"file\"\ndirectory = \"values\"\n\
        [secrets.TOKEN]\n[secrets.SPARE]\nrequired = false\n";
    fs::write(folder.path().join("secrets.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("values")).unwrap();
    let token = folder.path().join("values/TOKEN");
    fs::write(&token, TOKEN).unwrap();
    // Others must not read it, or that is said.
    fs::set_permissions(token, fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

fn run(project: &TempDir, variables: &[(&str, &str)], command: &[&str]) -> Output {
    let mut launcher = Command::new(env!("CARGO_BIN_EXE_secret-run"));
    launcher
        .current_dir(project.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(variables.iter().copied())
        .arg("--")
        .args(command);
    launcher.output().unwrap()
}

fn spans(sent: &Sent) -> &Vec<Value> {
    let scope = &sent.body["resourceSpans"][0]["scopeSpans"][0];
    scope["spans"].as_array().unwrap()
}

fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    let mut named = spans.iter().filter(|span| span["name"] == name);
    let first = named
        .next()
        .unwrap_or_else(|| panic!("no {name}: {spans:#?}"));
    assert!(named.next().is_none(), "two of {name}");
    first
}

fn attribute<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let attributes = of["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == name);
    found.and_then(|attribute| attribute["value"]["stringValue"].as_str())
}

fn nanoseconds(span: &Value, name: &str) -> u128 {
    span[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn each_step_and_each_backend_is_a_span_before_the_command_starts() {
    let (address, received) = receiver(TAKEN);
    let endpoint = format!("http://{address}");
    let project = project();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=the%20shop"),
    ];
    let output = run(&project, &variables, &["env"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let environment = String::from_utf8_lossy(&output.stdout);
    for line in [
        format!("OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}"),
        "OTEL_EXPORTER_OTLP_HEADERS=x-tenant=the%20shop".to_owned(),
        format!("TOKEN={TOKEN}"),
    ] {
        assert!(
            environment.lines().any(|there| there == line),
            "{environment}"
        );
    }
    let sent = received.join().unwrap();
    assert!(
        sent.head.starts_with("POST /v1/traces HTTP/1.1\r\n"),
        "{}",
        sent.head
    );
    let head = sent.head.to_ascii_lowercase();
    assert!(
        head.contains("content-type: application/json\r\n"),
        "{head}"
    );
    assert!(head.contains("x-tenant: the shop\r\n"), "{head}");
    let resource = &sent.body["resourceSpans"][0]["resource"];
    assert_eq!(attribute(resource, "service.name"), Some("secret-run"));

    let spans = spans(&sent);
    let root = named(spans, "secret-run");
    assert_eq!(attribute(root, "secret_run.project"), Some("shop"));
    assert_eq!(
        attribute(root, "secret_run.environment"),
        Some("development")
    );
    assert!(root["parentSpanId"].is_null());
    assert_eq!(root["traceId"].as_str().unwrap().len(), 32);
    let steps = [
        "find", "parse", "plan", "audit", "lock", "policy", "fetch", "extract", "compose",
        "validate", "prepare",
    ];
    let mut before = nanoseconds(root, "startTimeUnixNano");
    for step in steps {
        let span = named(spans, step);
        assert_eq!(span["parentSpanId"], root["spanId"], "{step}");
        assert_eq!(span["traceId"], root["traceId"], "{step}");
        assert_eq!(span["status"]["code"], 1, "{step}");
        let begun = nanoseconds(span, "startTimeUnixNano");
        assert!(before <= begun, "{step} is in its order");
        before = nanoseconds(span, "endTimeUnixNano");
    }
    assert!(before <= nanoseconds(root, "endTimeUnixNano"));
    let backend = named(spans, "fetch from a backend");
    assert_eq!(backend["parentSpanId"], named(spans, "fetch")["spanId"]);
    assert_eq!(backend["kind"], 3);
    assert_eq!(attribute(backend, "secret_run.backend"), Some("files"));
    assert_eq!(attribute(backend, "secret_run.backend.kind"), Some("file"));
    assert_eq!(attribute(backend, "secret_run.entries"), Some("2"));
    assert_eq!(spans.len(), 1 + steps.len() + 1);
    let ids: std::collections::BTreeSet<_> =
        spans.iter().map(|span| span["spanId"].as_str()).collect();
    assert_eq!(ids.len(), spans.len());
}

#[test]
fn a_start_that_fails_is_traced_with_the_kind_of_its_error() {
    for (broken, step, kind) in [
        ("secrets.toml", "parse", "unknown-key"),
        ("values/TOKEN", "validate", "missing-value"),
        ("", "secret-run", "command-not-found"),
    ] {
        let (address, received) = receiver(TAKEN);
        let endpoint = format!("http://{address}/in");
        let project = project();
        match broken {
            "secrets.toml" => {
                fs::write(project.path().join(broken), "version = 1\n[secret]\n").unwrap()
            }
            "values/TOKEN" => fs::remove_file(project.path().join(broken)).unwrap(),
            _ => {}
        }
        let variables = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str())];
        let output = run(&project, &variables, &["no-such-command"]);
        assert!(!output.status.success());
        let sent = received.join().unwrap();
        assert!(
            sent.head.starts_with("POST /in HTTP/1.1\r\n"),
            "{}",
            sent.head
        );
        for name in [step, "secret-run"] {
            let span = named(spans(&sent), name);
            assert_eq!(span["status"]["code"], 2, "{name}");
            assert_eq!(attribute(span, "error.type"), Some(kind), "{name}");
        }
    }
}

#[test]
fn a_receiver_that_does_not_take_it_is_said_and_the_command_starts() {
    let starts = |endpoint: &str, text: &str| {
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
        let output = run(&project(), &variables, &["echo", "started"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "started\n");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(text) && !said.contains(TOKEN), "{said}");
    };
    let (refuses, received) = receiver("HTTP/1.1 503 Busy\r\ncontent-length: 5\r\n\r\nnever");
    starts(&format!("http://{refuses}"), "with status 503");
    received.join().unwrap();
    let (is_none, received) = receiver("220 mail.example.com ESMTP\r\n");
    starts(&format!("http://{is_none}"), "warning[trace-not-sent]");
    received.join().unwrap();
    // Listens, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_address = silent.local_addr().unwrap();
    starts(
        &format!("http://{silent_address}"),
        "has not answered within 1000ms",
    );
    // Speaks no TLS.
    starts(
        &format!("https://{silent_address}"),
        "warning[trace-not-sent]",
    );
    drop(silent);
    starts(&format!("http://{silent_address}"), "connection refused");
    starts("localhost", "warning[trace-misconfigured]");
}

#[test]
fn without_the_variables_nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:4318");
    let output = run(&project(), &[], &["echo", "started"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "started\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    // The usual receiver is not asked unless it is named. Where one runs, its port is taken.
    if let Ok(listener) = listener {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
    }
}
