//! A program that reads again and again, by the library.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_run_tests::{LinkedStore, Response, SecretServer};
use secret_runtime::cache::Asking;
use secret_runtime::error::Problems;
use secret_runtime::judge::Judge;
use secret_runtime::manifest::Manifest;
use secret_runtime::memory::Memory;
use secret_runtime::plan::Plan;
use secret_runtime::plugin::{self, PluginOptions, Plugins, Store};
use secret_runtime::policy;
use secret_runtime::resilience::BreakerState;
use secret_runtime::resolver::{self, Resolved};
use secret_runtime::selection::Wanted;
use serde_json::json;

const PAUSE: Duration = Duration::from_secs(3);
const MANIFEST: &str = "version = 1\n\
    [environments.development]\nbackend = \"vault\"\n\
    [backends.vault]\nkind = \"vault\"\nmount = \"secret\"\npath = \"app\"\nkv-version = 2\n\
    [resilience]\nattempts = 2\nbreaker-pause = \"3s\"\n\
    [secrets.TOKEN]\n";
const PATH: &str = "/v1/secret/data/app/TOKEN";

/// The kind of the one problem, if there is no value.
fn read(address: &str, memory: &mut Memory) -> Result<(), String> {
    let variable = |name: &str| match name {
        "VAULT_ADDR" => Some(OsString::from(address)),
        "VAULT_TOKEN" => Some("dummy-token-5f22".into()),
        _ => None,
    };
    let resolved = resolve(&variable, memory);
    resolved
        .map(|resolved| {
            let value = resolved.get("TOKEN").expect("it is required");
            assert_eq!(value.expose(), LinkedStore::VALUE.as_bytes());
        })
        .map_err(|problems| {
            let [problem] = problems.as_slice() else {
                panic!("{problems}");
            };
            problem.kind.to_owned()
        })
}

fn resolve(
    variable: &(dyn Fn(&str) -> Option<OsString> + Send + Sync),
    memory: &mut Memory,
) -> Result<Resolved, Problems> {
    let path = Path::new("secrets.toml");
    let manifest = Manifest::parse(path, MANIFEST, plugin::standard_catalog())?;
    let plan = Plan::new(Arc::new(manifest), &Wanted::new(None, None, variable))?;
    let options = PluginOptions {
        store: Store::of_environment(variable),
        allow_compile: false,
        alarm: None,
    };
    let plugins = Plugins::of_plan(&plan, options)?;
    let mut judge = Judge::standard();
    let plan = policy::authorize(plan, plugins, &mut judge)?;
    let fetched = resolver::fetch(plan, variable, memory);
    fetched.extract().compose().validate(&mut judge)
}

#[test]
fn a_backend_that_fails_three_times_in_a_row_is_left_alone_and_then_probed() {
    let server = SecretServer::start();
    server.answer(PATH, Response::new(500));
    let mut memory = Memory::new();
    let origin = server.origin();
    let state = |memory: &Memory| memory.breakers().state("vault", Instant::now());
    for attempt in 1..=3 {
        assert_eq!(state(&memory), BreakerState::Closed, "{attempt}");
        assert_eq!(read(&origin, &mut memory), Err("vault-server".into()));
        assert_eq!(server.requests().len(), 2 * attempt);
    }
    assert_eq!(state(&memory), BreakerState::Open);
    // Another process may be told of it.
    let breakers = memory.breakers().clone();
    let mut other = Memory::new().with_breakers(breakers);
    for memory in [&mut memory, &mut other] {
        let refused = read(&origin, memory);
        assert_eq!(refused, Err("backend-circuit-open".into()));
    }
    assert_eq!(server.requests().len(), 6, "it was asked");
    // Who does not know of it asks.
    assert_eq!(
        read(&origin, &mut Memory::new()),
        Err("vault-server".into())
    );
    assert_eq!(server.requests().len(), 8);

    sleep(PAUSE);
    assert_eq!(state(&memory), BreakerState::HalfOpen);
    assert_eq!(read(&origin, &mut memory), Err("vault-server".into()));
    assert_eq!(server.requests().len(), 9, "a probe is one attempt");
    assert_eq!(state(&memory), BreakerState::Open);

    let secret = json!({ "data": {
        "data": { "value": LinkedStore::VALUE }, "metadata": { "version": 1, "created_time": "" },
    } });
    server.answer(PATH, Response::new(200).body(secret.to_string()));
    sleep(PAUSE);
    assert_eq!(read(&origin, &mut memory), Ok(()));
    assert_eq!(state(&memory), BreakerState::Closed);
}

#[test]
fn what_was_read_before_stands_in_for_a_backend_that_is_left_alone_too() {
    let server = SecretServer::start();
    let origin = server.origin();
    let secret = json!({ "data": {
        "data": { "value": LinkedStore::VALUE }, "metadata": { "version": 1, "created_time": "" },
    } });
    server.answer(PATH, Response::new(200).body(secret.to_string()));
    let mut memory = Memory::new();
    memory.ask(Asking::All);
    assert_eq!(read(&origin, &mut memory), Ok(()));
    assert!(memory.keep().is_empty());
    server.answer(PATH, Response::new(500));
    let variable = |name: &str| match name {
        "VAULT_ADDR" => Some(OsString::from(&origin)),
        "VAULT_TOKEN" => Some("dummy-token-5f22".into()),
        _ => None,
    };
    let mut stale = || {
        let resolved = resolve(&variable, &mut memory).expect("it is remembered");
        assert!(memory.keep().is_empty());
        let [warning] = resolved.warnings() else {
            panic!("{:?}", resolved.warnings());
        };
        assert_eq!(warning.kind, "stale-value");
        let entry = resolved.entry("TOKEN").expect("it is required");
        assert_eq!(entry.value.expose(), LinkedStore::VALUE.as_bytes());
        let remembered = entry.remembered.expect("it was not read just now");
        remembered.instead_of.expect("it is stale")
    };
    for _ in 0..3 {
        assert_eq!(stale(), "vault-server");
    }
    let asked = server.requests().len();
    assert_eq!(stale(), "backend-circuit-open");
    assert_eq!(server.requests().len(), asked, "it was asked");
}

#[test]
fn what_is_denied_opens_no_breaker() {
    let server = SecretServer::start();
    let denied = json!({ "errors": ["permission denied"] }).to_string();
    server.answer(PATH, Response::new(403).body(denied));
    let mounts = json!({ "data": { "secret": {
        "secret/": { "type": "kv", "options": { "version": "2" } },
    } } });
    let mounts = Response::new(200).body(mounts.to_string());
    server.answer("/v1/sys/internal/ui/mounts", mounts);
    let mut memory = Memory::new();
    for _ in 0..4 {
        let refused = read(&server.origin(), &mut memory);
        assert_eq!(refused, Err("vault-permission-denied".into()));
    }
    assert_eq!(memory.breakers().iter().count(), 0);
}
