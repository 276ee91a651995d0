//! The example of the library as a black box: a service that reads its own secrets, against a real
//! OpenBao.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use secret_run_tests::{
    Fault, Gateway, Launcher, Leasing, Link, OpenBao, Project, Quality, binary, repository,
};
use serde_json::{Value, json};

/// What no test waits longer for.
const LIMIT: Duration = Duration::from_secs(60);
const KEYS: [&str; 3] = [
    "ZHVtbXkta2V5LW9mLXRoZS1leGFtcGxlLW51bWJlci0wMDE=",
    "ZHVtbXkta2V5LW9mLXRoZS1leGFtcGxlLW51bWJlci0wMDI=",
    "ZHVtbXkta2V5LW9mLXRoZS1leGFtcGxlLW51bWJlci0wMDM=",
];

fn project() -> Project {
    let manifest = fs::read_to_string(repository("examples/rust-app/secrets.toml"));
    Project::with(&manifest.expect("the example has a manifest"), "")
}

fn put(bao: &OpenBao, key: &str) {
    bao.put("rust-app", &json!({ "SIGNING_KEY": key }));
}

/// The service of production, which reads again each second.
fn service<'project>(project: &'project Project, address: &str) -> Launcher<'project> {
    Launcher::of(project, &binary("rust-app"))
        .env("VAULT_ADDR", address)
        .env("SECRETS_ENV", "production")
        .env("SECRETS_CACHE_TTL_SECONDS", "1")
}

fn json_of(app: &Gateway, path: &str) -> Value {
    let answer = app.get(path);
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"))
}

/// Waits until the service's status is one.
fn until(app: &Gateway, is: impl Fn(&Value) -> bool) -> Value {
    let late = Instant::now() + LIMIT;
    loop {
        let status = json_of(app, "/status");
        if is(&status) {
            return status;
        }
        assert!(Instant::now() < late, "it stays {status}");
        sleep(Duration::from_millis(50));
    }
}

fn is_failing(status: &Value, kind: &str) -> bool {
    let kinds = status["failing"].as_array().expect("kinds are a list");
    !kinds.is_empty() && kinds.iter().all(|failing| failing == kind)
}

/// The handlers that a process has, beside those of Rust's runtime, those that the C library has
/// for threads, and those of this service.
fn foreign_handlers(app: &Gateway) -> u64 {
    let status = fs::read_to_string(app.proc("status")).expect("the service runs");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.expect("Linux tells").trim(), 16);
    let known = [
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGTERM,
        Signal::SIGINT,
    ];
    let known = known.iter().map(|signal| 1_u64 << (*signal as i32 - 1));
    let of_threads = 0b11 << 31;
    caught.expect("it is a number") & !known.sum::<u64>() & !of_threads
}

#[test]
fn a_key_is_rotated_in_the_store_without_a_restart() {
    let (bao, project) = (OpenBao::start(), project());
    put(&bao, KEYS[0]);
    let app = Gateway::alone(service(&project, &bao.url()).env("VAULT_TOKEN", OpenBao::ROOT));
    assert_eq!(json_of(&app, "/status")["environment"], "production");
    let token = app.get("/sign/ada").body;
    let verified = |token: &str| json_of(&app, &format!("/verify/{token}"));
    assert_eq!(verified(&token), json!({ "user": "ada", "current": true }));
    put(&bao, KEYS[1]);
    until(&app, |status| status["number"] == 2);
    assert_eq!(verified(&token), json!({ "user": "ada", "current": false }));
    let second = app.get("/sign/ada").body;
    assert_ne!(token, second);
    assert_eq!(verified(&second), json!({ "user": "ada", "current": true }));
    // One key before is honoured, not two.
    put(&bao, KEYS[2]);
    until(&app, |status| status["number"] == 3);
    assert_eq!(verified(&second)["current"], false);
    assert_eq!(app.get(&format!("/verify/{token}")).status, 401);
    assert_eq!(foreign_handlers(&app), 0, "the library installs none");
    let outcome = app.stop();
    outcome.exits_with(0);
    outcome.stderr_has("rust-app: changed: SIGNING_KEY, SIGNING_KEY_PREVIOUS\n");
    for key in KEYS {
        outcome.shows_no(key);
    }
    let said = outcome.stderr();
    let ours = said.lines().all(|line| line.starts_with("rust-app: "));
    assert!(ours, "the library says nothing itself: {said}");
}

#[test]
fn an_outage_keeps_the_values_and_says_so_until_it_is_over() {
    let (bao, project) = (OpenBao::start(), project());
    put(&bao, KEYS[0]);
    let link = Link::to(bao.address());
    let address = format!("http://{}", link.address());
    let app = Gateway::alone(service(&project, &address).env("VAULT_TOKEN", OpenBao::ROOT));
    let token = app.get("/sign/ada").body;
    link.change(Quality {
        fault: Some(Fault::ResetAfter(0)),
        ..Quality::default()
    });
    until(&app, |status| is_failing(status, "stale-value"));
    let aged = until(&app, |status| status["age_seconds"].as_u64() >= Some(3));
    assert_ne!(aged["failing"], json!([]), "never old in silence");
    let verified = json_of(&app, &format!("/verify/{token}"));
    assert_eq!(verified["current"], true);
    // What has changed meanwhile is seen when it is over.
    put(&bao, KEYS[1]);
    link.change(Quality::default());
    let status = until(&app, |status| status["failing"] == json!([]));
    assert_eq!(status["number"], 2);
    let outcome = app.stop();
    outcome.exits_with(0);
    outcome.stderr_has("seconds old, and could not be read again:");
    outcome.stderr_has("rust-app: the values are current again\n");
    outcome.shows_no(KEYS[0]).shows_no(KEYS[1]);
}

#[test]
fn one_backend_that_is_out_does_not_hide_what_changes_in_another() {
    let bao = OpenBao::start();
    bao.put("app/SIGNING_KEY", &json!({ "value": KEYS[0] }));
    let link = Link::to(bao.address());
    let manifest = "version = 1\n[environments.production]\nbackend = \"vault\"\n\
                    [backends.vault]\nkind = \"vault\"\n\
                    [backends.mounts]\nkind = \"file\"\ndirectory = \"run\"\n\
                    [cache]\nstale-if-error = \"1h\"\n\
                    [secrets.SIGNING_KEY]\nkey = \"secret/app/SIGNING_KEY\"\n\
                    previous = { name = \"SIGNING_KEY_PREVIOUS\", grace = \"1h\" }\n\
                    [secrets.MAIL_TOKEN]\nfrom = \"mounts:mail\"\nrequired = false\n\
                    [config.LISTEN]\ndefault = \"127.0.0.1:0\"\n";
    let project = Project::with(manifest, "");
    project.write("run/other", "dummy");
    let address = format!("http://{}", link.address());
    let app = Gateway::alone(service(&project, &address).env("VAULT_TOKEN", OpenBao::ROOT));
    let token = app.get("/sign/ada").body;
    assert_eq!(json_of(&app, "/status")["mail"], false);
    link.change(Quality {
        fault: Some(Fault::ResetAfter(0)),
        ..Quality::default()
    });
    until(&app, |status| is_failing(status, "stale-value"));
    project.write("run/mail", "dummy-mail-token-1");
    let status = until(&app, |status| status["mail"] == true);
    assert!(is_failing(&status, "stale-value"), "{status}");
    assert_eq!(json_of(&app, &format!("/verify/{token}"))["current"], true);
    link.change(Quality::default());
    until(&app, |status| status["failing"] == json!([]));
    let outcome = app.stop();
    outcome.stderr_has("rust-app: changed: MAIL_TOKEN\n");
    outcome.stderr_has("[stale-value]").shows_no(KEYS[0]);
}

#[test]
fn what_the_policy_takes_away_is_said_and_the_values_stay() {
    let (bao, project) = (OpenBao::start(), project());
    put(&bao, KEYS[0]);
    bao.policy(
        "app",
        "path \"secret/data/rust-app\" { capabilities = [\"read\"] }",
    );
    let made = bao.call("POST", "auth/token/create", &json!({ "policies": ["app"] }));
    let token = made["auth"]["client_token"].as_str().expect("a token");
    let app = Gateway::alone(service(&project, &bao.url()).env("VAULT_TOKEN", token));
    let signed = app.get("/sign/ada").body;
    bao.policy(
        "app",
        "path \"secret/data/another\" { capabilities = [\"read\"] }",
    );
    until(&app, |status| is_failing(status, "vault-permission-denied"));
    assert_eq!(json_of(&app, &format!("/verify/{signed}"))["current"], true);
    let outcome = app.stop();
    outcome
        .exits_with(0)
        .stderr_has("[vault-permission-denied]");
    outcome.shows_no(KEYS[0]).shows_no(token);
}

#[test]
fn it_does_not_start_with_what_is_not_valid_and_tells_everything() {
    let (bao, project) = (OpenBao::start(), project());
    put(&bao, "ZHVtbXk=");
    let run = |service: Launcher<'_>| {
        let outcome = service.env("LISTEN", "127.0.0.1:0").run();
        outcome.exits_with(1);
        outcome.shows_no("ZHVtbXk=");
        outcome.stderr()
    };
    let root = || service(&project, &bao.url()).env("VAULT_TOKEN", OpenBao::ROOT);
    let said = run(root());
    assert!(
        said.contains("[invalid-value] the value of `SIGNING_KEY`"),
        "{said}"
    );
    // Production is production also where the program could be told otherwise.
    let said = run(root()
        .env("SECRETS_ENV", "development")
        .env("NODE_ENV", "production"));
    assert!(said.contains("[production-env-backend]"), "{said}");
}

#[test]
fn a_lease_is_replaced_before_it_ends() {
    // The lease is no longer than the token: two thirds of nine seconds, of an hour's interval.
    let leasing = Leasing::start(json!({ "token_ttl": "9s" }));
    let manifest = "version = 1\n[environments.production]\nbackend = \"vault\"\n\
                    [backends.vault]\nkind = \"vault\"\n\
                    [secrets.SIGNING_KEY]\nkey = \"database/creds/app#password\"\n\
                    [config.LISTEN]\ndefault = \"127.0.0.1:0\"\n";
    let project = Project::with(manifest, "");
    let service = Launcher::of(&project, &binary("rust-app"));
    let service = service.env("SECRETS_ENV", "production");
    let app = Gateway::alone(leasing.logged_in(service, &leasing.bao.url()));
    let first = app.get("/sign/ada").body;
    let status = until(&app, |status| status["number"] == 2);
    assert_eq!(status["failing"], json!([]));
    assert_ne!(app.get("/sign/ada").body, first);
    app.stop().exits_with(0);
}
