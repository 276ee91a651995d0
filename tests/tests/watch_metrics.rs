//! `[metrics] listen`: the parent of a supervised command tells what it has counted, and whoever asks,
//! or only seems to, holds up nothing.

#[path = "watch_metrics/supervised.rs"]
mod supervised;

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use secret_run_tests::cached::Cached;
use secret_run_tests::{End, OpenBao, Project, Running, Samples, exchange, free_port};
use serde_json::json;
use supervised::{SAYS, VALUES, supervised};

/// A bound that only a hang reaches.
const LIMIT: Duration = Duration::from_secs(30);

fn resolutions(outcome: &str) -> String {
    format!("secret_run_resolutions_total{{project=\"shop\",outcome=\"{outcome}\"}}")
}

const RESTARTS: &str = "secret_run_restarts_total{project=\"shop\"}";

fn ends(running: Running) {
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn readings_failures_and_restarts_are_counted() {
    let supervised = supervised(None);
    let mut running = supervised.begin();
    assert_eq!(running.line(), VALUES[0]);
    let first = Samples::checked(&supervised.scrape());
    assert_eq!(first.get(RESTARTS), 0.0);
    assert_eq!(first.get(&resolutions("failed")), 0.0);
    supervised.wait_for(&resolutions("ok"), |count| count >= 3.0);

    supervised.change(VALUES[1]);
    assert_eq!(running.line(), VALUES[1]);
    supervised.wait_for(RESTARTS, |count| count == 1.0);

    supervised.change("short");
    let failing = supervised.wait_for(&resolutions("failed"), |count| count >= 1.0);
    let success = "secret_run_last_success_timestamp_seconds{project=\"shop\"}";
    fs::remove_dir_all(supervised.project.path("values")).expect("it is there");
    let access = "secret_run_access_total{project=\"shop\",backend=\"files\",outcome=\"failed\"}";
    let later = supervised.wait_for(access, |count| count >= 1.0);
    assert_eq!(later.get(success), failing.get(success));
    assert_eq!(later.get(RESTARTS), 1.0, "nothing was started for that");

    supervised.change(VALUES[2]);
    assert_eq!(running.line(), VALUES[2]);
    supervised.wait_for(RESTARTS, |count| count == 2.0);
    let _ = Samples::checked(&supervised.scrape());
    ends(running);
    let refused = TcpStream::connect(supervised.address).map(drop);
    assert!(refused.is_err(), "it ends with its parent");
}

#[test]
fn a_reading_that_is_killed_is_counted_as_a_failure() {
    let supervised = supervised(None);
    let mut running = supervised.begin();
    assert_eq!(running.line(), VALUES[0]);
    while Samples::of(&supervised.scrape()).get(&resolutions("failed")) == 0.0 {
        for reading in readings(&running) {
            let _ = nix::sys::signal::kill(reading, Signal::SIGKILL);
        }
    }
    ends(running);
}

/// The children of the parent that are not the command.
fn readings(running: &Running) -> Vec<nix::unistd::Pid> {
    let children = running.proc(&format!("task/{}/children", running.id()));
    let children = fs::read_to_string(children).unwrap_or_default();
    let is_reading = |id: &&str| {
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        name.trim() == "secret-run"
    };
    let ids = children.split_whitespace().filter(is_reading);
    ids.filter_map(|id| id.parse().ok())
        .map(nix::unistd::Pid::from_raw)
        .collect()
}

#[test]
fn a_backend_that_is_away_opens_its_breaker() {
    let bao = OpenBao::start();
    bao.put("app/TOKEN", &json!({ "value": VALUES[0] }));
    let supervised = supervised(None);
    let manifest = fs::read_to_string(supervised.project.path("secrets.toml"));
    let manifest = manifest.expect("it is there");
    let files = "kind = \"file\"\ndirectory = \"values\"";
    let vault = "kind = \"vault\"\nmount = \"secret\"\npath = \"app\"";
    assert!(manifest.contains(files));
    let manifest = manifest.replace(files, vault);
    let manifest = manifest.replace("[watch]", "[resilience]\nattempts = 1\n[watch]");
    supervised.project.write("secrets.toml", manifest);
    let launcher = supervised.project.launcher().args(["--watch"]);
    let launcher = launcher
        .env("VAULT_ADDR", bao.url())
        .env("VAULT_TOKEN", OpenBao::ROOT);
    let mut command = launcher.command(["sh", "-c", SAYS]).into_command();
    command.stderr(fs::File::create(supervised.project.path("log")).expect("a file can be made"));
    let mut running = Running::spawn(command);
    assert_eq!(running.line(), VALUES[0]);
    let state = "secret_run_breaker_state{project=\"shop\",backend=\"files\"}";
    supervised.wait_for(state, |number| number == 0.0);
    let created = "secret_run_secret_created_timestamp_seconds{project=\"shop\",secret=\"TOKEN\"}";
    supervised.wait_for(&resolutions("ok"), |count| count >= 1.0);
    assert!(Samples::checked(&supervised.scrape()).get(created) > 0.0);
    drop(bao);
    supervised.wait_for(state, |number| number == 2.0);
    // Of the same reading, its count comes after that.
    supervised.wait_for(&resolutions("failed"), |count| count >= 3.0);
    ends(running);
}

#[test]
fn a_reading_that_asks_for_all_misses_nothing_in_the_cache() {
    let cached = Cached::with(
        "[metrics]\ntextfile = \"shop.prom\"\n\
         [cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [watch]\ninterval = \"20ms\"\nmin-interval = \"0s\"\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    cached.gets(Cached::VALUE);
    let launcher = cached.launcher().args(["--watch"]);
    let mut running = Running::begin(launcher.command(["sh", "-c", SAYS]));
    assert_eq!(running.line(), Cached::VALUE);
    let wait_for = |sample: &str, least: f64| loop {
        let samples = cached.metrics();
        if samples.get(sample) >= least {
            break samples;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let seen = wait_for("secret_run_resolutions_total{outcome=\"ok\"}", 4.0);
    assert_eq!(seen.cache(), [1.0, 1.0, 0.0], "the start had it");
    // What stands in is counted all the same.
    cached.down();
    let seen = wait_for("secret_run_cache_total{result=\"stale\"}", 2.0);
    assert_eq!(seen.cache()[..2], [1.0, 1.0]);
    ends(running);
}

fn ask(path: &Path) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_socket_answers_its_user_and_goes_with_the_parent() {
    let supervised = supervised(Some("unix:metrics.sock"));
    let path = supervised.project.path("metrics.sock");
    // One that a parent left that was killed.
    drop(UnixListener::bind(&path).expect("it can be bound"));
    let mut running = supervised.begin();
    assert_eq!(running.line(), VALUES[0]);
    let answer = ask(&path).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert_eq!(Samples::checked(body).get(&resolutions("refused")), 0.0);
    let mode = fs::metadata(&path).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o7777, 0o660);
    ends(running);
    assert!(!path.exists());
    let log = supervised.log();
    assert!(!log.contains("metrics"), "{log}");
}

#[test]
fn where_it_cannot_listen_is_said_and_the_command_runs() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = other.local_addr().expect("it has one").to_string();
    for listen in [
        taken.as_str(),
        "unix:metrics.sock",
        "unix:none/metrics.sock",
    ] {
        let supervised = supervised(Some(listen));
        supervised
            .project
            .write("metrics.sock", "a file of somebody\n");
        let mut running = supervised.begin();
        assert_eq!(running.line(), VALUES[0]);
        supervised.change(VALUES[1]);
        assert_eq!(running.line(), VALUES[1], "it is supervised all the same");
        let log = supervised.log();
        assert!(log.contains("warning[metrics-not-served]"), "{log}");
        let kept = fs::read(supervised.project.path("metrics.sock"));
        assert_eq!(kept.expect("it is there"), b"a file of somebody\n");
        ends(running);
    }
}

/// Connections that say half a request, a byte at a time, or nothing, until they are closed.
fn drip(address: SocketAddr) -> Vec<TcpStream> {
    let clients = (0..60).map(|client: usize| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let said = &b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "[..client.min(40)];
        // It may have been given up by now.
        let _ = stream.write_all(said);
        stream
    });
    clients.collect()
}

#[test]
fn who_is_slow_delays_no_restart_no_scrape_and_no_signal() {
    let supervised = supervised(None);
    let mut running = supervised.begin();
    assert_eq!(running.line(), VALUES[0]);
    let mut slow = drip(supervised.address);
    supervised.change(VALUES[1]);
    assert_eq!(running.line(), VALUES[1]);
    let samples = Samples::of(&supervised.scrape());
    assert!(samples.get(&resolutions("ok")) >= 2.0);
    // Those that were let in last are given up when their time is over, not before.
    let mut last = slow.pop().expect("there are some");
    last.set_read_timeout(Some(LIMIT)).expect("a time");
    let given_up = last.read(&mut [0]);
    let reset = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
    assert!(
        given_up.as_ref().map_or_else(reset, |read| *read == 0),
        "{given_up:?}"
    );
    slow.extend(drip(supervised.address));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn what_is_no_request_or_too_large_is_refused() {
    let supervised = supervised(None);
    let mut running = supervised.begin();
    assert_eq!(running.line(), VALUES[0]);
    let say = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(supervised.address).expect("it listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a time");
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    for (bytes, status) in [
        (&b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..], "400"),
        (b"GET /metrics HTTP/1.1\r\nHost: example.com\r\n\r\n", "403"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "404"),
        (
            b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
            "405",
        ),
        (&[b'G'; 8192], "431"),
    ] {
        let answer = say(bytes);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{status}: {answer}"
        );
        assert!(!answer.contains("secret_run_"), "{answer}");
    }
    let head = exchange(supervised.address, "HEAD", "/metrics", &[], b"").expect("an answer");
    assert_eq!((head.status, head.body.len()), (200, 0));
    ends(running);
}

#[test]
fn a_thousand_scrapes_leave_no_descriptor() {
    let supervised = supervised(None);
    let mut running = supervised.begin();
    assert_eq!(running.line(), VALUES[0]);
    let sockets = || {
        let is_socket = |(_, to): &(i32, PathBuf)| to.to_string_lossy().starts_with("socket:");
        running.descriptors().into_iter().filter(is_socket).count()
    };
    let mut most = 0;
    for scrape in 0..1000 {
        let _ = supervised.scrape();
        if scrape == 100 {
            most = sockets();
        }
    }
    // A candidate's gate, and a client that is closed this moment, are there or are not.
    assert!(sockets() <= most.max(1) + 2);
    ends(running);
}

#[test]
fn a_reading_that_hangs_holds_up_nothing_and_has_nothing_of_it() {
    // Takes a connection, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let vault = silent.local_addr().expect("it has an address");
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let project = Project::new();
    project.write(
        "secrets.toml",
        format!(
            "version = 1\n[metrics]\nlisten = \"{address}\"\n[environments.development]\n\
             backend = \"vault\"\n[backends.vault]\nkind = \"vault\"\nmount = \"secret\"\n\
             kv-version = 2\n[secrets.TOKEN]\n"
        ),
    );
    let launcher = project.launcher().args(["--watch"]);
    let launcher = launcher
        .env("VAULT_ADDR", format!("http://{vault}"))
        .env("VAULT_TOKEN", "dummy-token");
    let running = Running::begin(launcher.command(["true"]));
    let (mut asking, _) = silent.accept().expect("it is asked");
    let mut begun = [0];
    asking.read_exact(&mut begun).expect("it asks");
    let scrape = || exchange(address, "GET", "/metrics", &[], b"");
    let reply = scrape().expect("an answer");
    let samples = Samples::checked(reply.text());
    assert_eq!(
        samples.get("secret_run_access_total{backend=\"vault\",outcome=\"ok\"}"),
        0.0
    );

    // The second process has none of the sockets of the first.
    let sockets = |folder: PathBuf| -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(folder).expect("it runs");
        let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        links
            .filter(|to| to.to_string_lossy().starts_with("socket:"))
            .collect()
    };
    let open = TcpStream::connect(address).expect("it listens");
    let reading = readings(&running);
    let [reading] = reading[..] else {
        panic!("there is one reading: {reading:?}");
    };
    let theirs = sockets(PathBuf::from(format!("/proc/{reading}/fd")));
    assert!(!theirs.is_empty(), "it has its gate");
    assert!(theirs.is_disjoint(&sockets(running.proc("fd"))));
    drop(open);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Signal(Signal::SIGTERM as i32));
}

#[test]
fn the_command_has_none_of_its_descriptors() {
    let supervised = supervised(None);
    let launcher = supervised.project.launcher().args(["--watch"]);
    let outcome = launcher.command(["ls", "-l", "/proc/self/fd"]).run();
    let shown = outcome.exits_with(0).stdout();
    assert!(!shown.contains("socket:"), "{shown}");
}
