//! Backends as components under the built launcher: etcd itself, and a server that answers as
//! Consul does.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use secret_run_tests::{
    Etcd, Launcher, Link, Outcome, PluginStore, Project, Response, SecretServer, consul_absent,
    consul_entry, free_port, repository, sha256,
};

const TOKEN: &str = "dummy-consul-token-7d20";
const VALUE: &str = "dummy-value-of-consul-5cc1";

fn component(name: &str) -> PathBuf {
    repository(&format!("plugins/dist/{name}.wasm"))
}

/// Both components, compiled once for all tests.
fn store() -> &'static PluginStore {
    static STORE: OnceLock<PluginStore> = OnceLock::new();
    STORE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        PluginStore::with(folder, &[&component("etcd"), &component("consul-kv")])
    })
}

/// A manifest whose backend `store` is the component of that name, which may talk to `origin`.
fn manifest(name: &str, origin: &str, more: &str) -> String {
    format!(
        "version = 1\n\
         [environments.development]\nbackend = \"store\"\n\
         [environments.production]\nbackend = \"store\"\n\
         [backends.store]\nkind = \"plugin\"\nplugin = \"{name}\"\n\
         [plugins.{name}]\ncomponent = \"{name}.wasm\"\nsettings.address = \"{origin}\"\n\
         allow.http = [\"{origin}\"]\nallow.private-addresses = [\"{origin}\"]\n{more}"
    )
}

/// A project with the component in its folder.
fn project(name: &str, origin: &str, more: &str) -> Project {
    let project = Project::new();
    project.write("secrets.toml", manifest(name, origin, more));
    let wasm = fs::read(component(name)).expect("the component can be read");
    project.write(&format!("{name}.wasm"), wasm);
    project
}

/// The launcher with the compiled components.
fn launcher(project: &Project) -> Launcher<'_> {
    launcher_with(project, store().folder())
}

fn launcher_with<'a>(project: &'a Project, store: &Path) -> Launcher<'a> {
    let launcher = project.launcher().env("SECRET_RUN_PLUGINS", store);
    launcher.args(["--error-format", "json"])
}

/// The command must not start, for this one reason.
#[track_caller]
fn assert_refused(project: &Project, launcher: Launcher<'_>, kind: &str) -> Outcome {
    let outcome = launcher.command(project.marker()).run();
    assert!(!project.started(), "{outcome:?}");
    outcome.exits_with(125).shows_no(VALUE).shows_no(TOKEN);
    let problems = outcome.problems();
    assert_eq!(problems.len(), 1, "{outcome:?}");
    assert_eq!(problems[0]["kind"], kind, "{outcome:?}");
    outcome
}

/// A server that answers for these keys as Consul does.
fn consul(keys: &[(&str, &str)]) -> SecretServer {
    let server = SecretServer::start();
    for (key, value) in keys {
        server.answer(&format!("/v1/kv/{key}"), consul_entry(key, value));
    }
    server
}

/// One key, for tests in which something else is wrong.
const ONE: &str = "[secrets.KEY]\nkey = \"app/key\"\n";

fn one() -> (SecretServer, Project) {
    let server = consul(&[("app/key", VALUE)]);
    let project = project("consul-kv", &server.origin(), ONE);
    (server, project)
}

/// What `secret-run plugin add` would agree to.
fn lock(origin: &str, sha256: &str) -> String {
    format!(
        "version = 1\n\n[plugins.consul-kv]\ncomponent = \"consul-kv.wasm\"\n\
         sha256 = \"{sha256}\"\nworld = \"secret-run:plugin/backend-with-writer@0.1.0\"\n\
         imports = [\n    \"secret-run:plugin/http@0.1.0\",\n    \
         \"secret-run:plugin/settings@0.1.0\",\n]\n\n\
         [plugins.consul-kv.needs]\nhttp = [\"{origin}\"]\n\n\
         [plugins.consul-kv.grants]\nhttp = [\"{origin}\"]\nprivate-addresses = [\"{origin}\"]\n"
    )
}

#[test]
fn the_command_gets_what_etcd_holds() {
    let etcd = Etcd::start();
    let key = "-----BEGIN DUMMY-----\nline two\nschlüssel\n-----END DUMMY-----";
    etcd.put("app/token", "dummy-token-of-etcd");
    etcd.put("app/key", key);
    etcd.put("app/settings", r#"{"db":{"password":"dummy-password"}}"#);
    let project = project(
        "etcd",
        &etcd.url(),
        "[secrets.TOKEN]\nkey = \"app/token\"\n\
         [secrets.KEY]\nkey = \"app/key\"\n\
         [secrets.PASSWORD]\nkey = \"app/settings#db.password\"\n\
         [secrets.URL]\ncompose = \"https://app:{PASSWORD}@example.com/\"\n\
         [secrets.ABSENT]\nkey = \"app/absent\"\nrequired = false\n",
    );
    for (name, value) in [
        ("TOKEN", "dummy-token-of-etcd"),
        ("KEY", key),
        ("PASSWORD", "dummy-password"),
        ("URL", "https://app:dummy-password@example.com/"),
    ] {
        let outcome = launcher(&project).command(["printenv", name]).run();
        outcome.exits_with(0);
        assert_eq!(outcome.stdout(), format!("{value}\n"));
    }
    let outcome = launcher(&project).command(["printenv", "ABSENT"]).run();
    outcome.exits_with(1);
}

#[test]
fn a_version_of_etcd_is_a_revision_and_the_previous_key_comes_along() {
    let etcd = Etcd::start();
    let revision = etcd.put("KEY", "dummy-value-old");
    etcd.put("KEY", "dummy-value-new");
    etcd.put("KEY_BEFORE", "dummy-value-before");
    let entries = format!(
        "[secrets.KEY]\nprevious = {{ name = \"KEY_BEFORE\", grace = \"48h\" }}\n\
         [secrets.OLD]\nkey = \"KEY?version={revision}\"\n"
    );
    let project = self::project("etcd", &etcd.url(), &entries);
    let outcome = launcher(&project)
        .command(["printenv", "KEY", "KEY_BEFORE", "OLD"])
        .run();
    outcome.exits_with(0);
    assert_eq!(
        outcome.stdout(),
        "dummy-value-new\ndummy-value-before\ndummy-value-old\n"
    );

    // A revision that is still to come is no missing value, also of what is not required.
    let entries = "[secrets.KEY]\nkey = \"KEY?version=999999\"\nrequired = false\n";
    let project = self::project("etcd", &etcd.url(), entries);
    assert_refused(&project, launcher(&project), "plugin-other");
    let entries = "[secrets.KEY]\nkey = \"KEY?version=latest\"\n";
    let project = self::project("etcd", &etcd.url(), entries);
    assert_refused(&project, launcher(&project), "plugin-invalid-reference");
}

#[test]
fn the_credential_goes_to_the_server_and_not_to_the_command() {
    let server = consul(&[]);
    let guarded = consul_entry("app/key", VALUE);
    let guarded = guarded.only_with("x-consul-token", TOKEN, Response::new(403));
    server.answer("/v1/kv/app/key", guarded);
    let origin = server.origin();
    let credential = format!(
        "credentials.\"{origin}\" = {{ header = \"x-consul-token\", value = \"{{CONSUL_TOKEN}}\" }}\n{ONE}"
    );
    let project = project("consul-kv", &origin, &credential);
    let run = launcher(&project)
        .env("CONSUL_TOKEN", TOKEN)
        .env("OTHER", "kept");
    let outcome = run.command(["env"]).run();
    outcome.exits_with(0).stdout_has(&format!("KEY={VALUE}\n"));
    outcome.stdout_has("OTHER=kept\n").shows_no(TOKEN);
    assert!(!outcome.stdout().contains("CONSUL_TOKEN"), "{outcome:?}");

    let run = launcher(&project).env("CONSUL_TOKEN", "dummy-other-token");
    let outcome = assert_refused(&project, run, "plugin-access-denied");
    outcome.shows_no("dummy-other-token");

    let asked = server.requests().len();
    let outcome = assert_refused(&project, launcher(&project), "plugin-credential-missing");
    outcome.stderr_has("CONSUL_TOKEN");
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn production_runs_what_is_locked_and_nothing_else() {
    let (server, project) = one();
    let origin = server.origin();
    let production = || launcher(&project).args(["--env", "production"]);
    let outcome = assert_refused(&project, production(), "plugin-not-locked");
    outcome.stderr_has("secret-run plugin add consul-kv");

    let digest = sha256(&component("consul-kv"));
    project.write("secrets.lock", lock(&origin, &digest));
    let outcome = production().command(["printenv", "KEY"]).run();
    outcome.exits_with(0).stdout_has(VALUE);
    let asked = server.requests().len();

    // Another grant than the one that was agreed to, also outside production.
    project.write("secrets.lock", lock("https://other.example.com", &digest));
    for run in [production(), launcher(&project)] {
        let outcome = run.command(project.marker()).run();
        outcome.exits_with(125);
        let kinds = outcome.problems();
        let differs = |problem: &serde_json::Value| problem["kind"] == "plugin-lock-differs";
        assert!(
            !kinds.is_empty() && kinds.iter().all(differs),
            "{outcome:?}"
        );
        assert!(!project.started());
    }
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn a_component_that_is_not_the_pinned_one_is_not_run() {
    let (server, project) = one();
    let digest = sha256(&component("consul-kv"));
    project.write("secrets.lock", lock(&server.origin(), &digest));
    let mut changed = fs::read(component("consul-kv")).expect("the component can be read");
    // An empty custom section: still the same code.
    changed.extend([0, 1, 0]);
    project.write("consul-kv.wasm", &changed);
    for environment in ["production", "development"] {
        let run = launcher(&project).args(["--env", environment]);
        assert_refused(&project, run, "plugin-component-changed");
    }
    let compiling = launcher(&project).args(["--allow-compile"]);
    assert_refused(&project, compiling, "plugin-component-changed");
    // Not where nothing is compiled, either.
    let empty = launcher_with(&project, &project.path("empty")).args(["--allow-compile"]);
    assert_refused(&project, empty, "plugin-component-changed");
    assert!(server.requests().is_empty());
}

#[test]
fn a_component_without_an_end_is_not_waited_for() {
    let (_server, project) = one();
    for make in [
        "rm consul-kv.wasm; ln -s /dev/zero consul-kv.wasm",
        "rm consul-kv.wasm; mkfifo consul-kv.wasm",
    ] {
        project.shell(make).exits_with(0);
        assert_refused(&project, launcher(&project), "plugin-unreadable");
    }
}

#[test]
fn no_other_file_of_it_without_an_end_is_waited_for() {
    let server = consul(&[("app/key", VALUE)]);
    let more = format!("ca-file = \"ca.pem\"\n{ONE}");
    let project = project("consul-kv", &server.origin(), &more);
    for make in [
        "mkfifo ca.pem",
        "rm ca.pem; ln -s /dev/zero ca.pem",
        "rm ca.pem; truncate -s 1G ca.pem",
    ] {
        project.shell(make).exits_with(0);
        assert_refused(&project, launcher(&project), "plugin-unreadable");
    }
    project.shell("mkfifo secrets.lock").exits_with(0);
    assert_refused(&project, launcher(&project), "lock-unreadable");
    assert!(server.requests().is_empty());
}

#[test]
fn an_artifact_that_was_changed_is_not_run() {
    let (server, project) = one();
    let digest = sha256(&component("consul-kv"));
    let (store, artifact) = store().copy(&digest, &project);
    let run = || launcher_with(&project, &store);
    run().command(["printenv", "KEY"]).run().exits_with(0);
    let asked = server.requests().len();

    let whole = fs::read(&artifact).expect("an artifact can be read");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for content in [&changed[..], &whole[..middle], b""] {
        fs::write(&artifact, content).expect("an artifact of one's own can be written");
        assert_refused(&project, run(), "plugin-artifact-changed");
        let compiling = run().args(["--allow-compile"]);
        assert_refused(&project, compiling, "plugin-artifact-changed");
    }
    fs::remove_file(&artifact).expect("an artifact of one's own can be removed");
    assert_refused(&project, run(), "plugin-artifact-missing");
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn an_artifact_that_others_could_have_changed_is_not_run() {
    let (server, project) = one();
    let digest = sha256(&component("consul-kv"));
    let (store, artifact) = store().copy(&digest, &project);
    let engine = artifact.parent().expect("an artifact lies in a folder");
    for (path, exposed, sound) in [
        (store.as_path(), 0o777, 0o700),
        (engine, 0o770, 0o700),
        (artifact.as_path(), 0o622, 0o600),
        (&artifact.with_extension("json"), 0o602, 0o600),
    ] {
        let set = |mode| fs::set_permissions(path, Permissions::from_mode(mode));
        set(exposed).expect("a file of one's own has a mode");
        let run = launcher_with(&project, &store);
        let outcome = assert_refused(&project, run, "plugin-store-exposed");
        outcome.stderr_has(path.to_str().expect("names are text"));
        set(sound).expect("a file of one's own has a mode");
    }
    assert!(server.requests().is_empty());
    let run = launcher_with(&project, &store);
    run.command(["printenv", "KEY"]).run().exits_with(0);
}

#[test]
fn a_run_compiles_only_when_it_is_told_to() {
    let (server, project) = one();
    let run = || launcher_with(&project, &project.path("empty"));
    let advice = || {
        let outcome = assert_refused(&project, run(), "plugin-not-compiled");
        let problem = outcome.problem("plugin-not-compiled");
        let hint = problem["hint"].as_str().expect("there is a hint");
        let (_, rest) = hint.split_once("`secret-run ").expect("it names a command");
        let (words, _) = rest.split_once('`').expect("it ends");
        words.to_owned()
    };
    // What is advised to do can be done, whether it is pinned or not.
    for words in ["plugin add consul-kv", "plugin compile consul-kv"] {
        assert_eq!(advice(), words);
        run().args(words.split(' ')).run().exits_with(0);
        run().command(["printenv", "KEY"]).run().exits_with(0);
        fs::remove_dir_all(project.path("empty")).expect("it was made");
    }
    let asked = server.requests().len();
    let _ = advice();
    assert_eq!(server.requests().len(), asked);

    let told = run().args(["--allow-compile"]).command(["printenv", "KEY"]);
    told.run().exits_with(0).stdout_has(VALUE);
    // Once.
    let outcome = run().command(["printenv", "KEY"]).run();
    outcome.exits_with(0).stdout_has(VALUE);
}

#[test]
fn a_server_that_is_down_is_not_a_value_that_is_missing() {
    let entries = format!("{ONE}[secrets.SPARED]\nkey = \"app/spared\"\nrequired = false\n");
    let origin = format!("http://127.0.0.1:{}", free_port());
    let project = project("consul-kv", &origin, &entries);
    let outcome = launcher(&project).command(project.marker()).run();
    outcome.exits_with(125);
    assert!(!project.started());
    let problems = outcome.problems();
    assert_eq!(problems.len(), 2, "{outcome:?}");
    for problem in &problems {
        assert_eq!(problem["kind"], "plugin-unavailable", "{outcome:?}");
    }

    // One that answers that it can't, one that answers that there is nothing, and one in its place.
    for (response, kind) in [
        (Response::new(500), "plugin-unavailable"),
        (
            Response::new(429).header("retry-after", "7"),
            "plugin-unavailable",
        ),
        (consul_absent(), "missing-value"),
        (Response::new(404), "plugin-other"),
    ] {
        let server = consul(&[]);
        server.answer("/v1/kv/app/key", response);
        let project = self::project("consul-kv", &server.origin(), ONE);
        assert_refused(&project, launcher(&project), kind);
    }
}

#[test]
fn a_redirect_leads_nowhere() {
    let elsewhere = consul(&[("app/key", VALUE)]);
    let server = SecretServer::start();
    let there = elsewhere.url("/v1/kv/app/key");
    server.answer("/v1/kv/app/key", Response::redirect(307, &there));
    let project = project("consul-kv", &server.origin(), ONE);
    assert_refused(&project, launcher(&project), "plugin-other");
    assert!(elsewhere.requests().is_empty());
}

#[test]
#[expect(clippy::print_stderr, reason = "a measurement is worth a line")]
fn a_hundred_secrets_over_a_distance_go_out_together() {
    const COUNT: usize = 100;
    const ROUND_TRIP: Duration = Duration::from_millis(20);
    let keys: Vec<_> = (0..COUNT).map(|index| format!("app/key-{index}")).collect();
    let values: Vec<_> = (0..COUNT).map(|index| format!("dummy-{index}")).collect();
    let pairs = keys.iter().zip(&values);
    let pairs: Vec<_> = pairs.map(|(key, value)| (&**key, &**value)).collect();
    let server = consul(&pairs);
    let link = Link::to(server.address()).round_trip(ROUND_TRIP);
    let entries: String = (0..COUNT)
        .map(|index| format!("[secrets.KEY_{index}]\nkey = \"app/key-{index}\"\n"))
        .collect();
    // Two entries of one document ask for it once.
    let entries = format!("{entries}[secrets.AGAIN]\nkey = \"app/key-0\"\n");
    let project = project("consul-kv", &format!("http://{}", link.address()), &entries);

    let started = Instant::now();
    let outcome = launcher(&project).command(["env"]).run();
    let elapsed = started.elapsed();
    outcome.exits_with(0);
    for (index, value) in values.iter().enumerate() {
        outcome.stdout_has(&format!("KEY_{index}={value}\n"));
    }
    outcome.stdout_has("AGAIN=dummy-0\n");
    assert_eq!(server.requests().len(), COUNT);
    // A connection has one request under way at a time, and costs a round trip itself. So many
    // of them are what it takes for all to be over after five.
    let connections = link.connections();
    assert!(
        connections >= COUNT.div_ceil(4),
        "{connections} connections"
    );
    assert!(connections <= 64, "{connections} connections");
    eprintln!(
        "{COUNT} secrets over {connections} connections: {:.1} round trips of {ROUND_TRIP:?}, \
         with the start of the launcher",
        elapsed.as_secs_f64() / ROUND_TRIP.as_secs_f64()
    );
}
