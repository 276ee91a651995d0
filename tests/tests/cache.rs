//! The cache across starts, as a user sees it: what a store that is down does to a start with and
//! without it, and that nothing stale is used in silence.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use secret_run_tests::cached::Cached;
use secret_run_tests::{
    AwsProject, Consul, Fault, Launcher, Leasing, Link, Moto, PluginProject, Project, Quality,
    REGION, Trace, VaultProject,
};
use serde_json::json;

/// Longer than a `ttl` of a second.
const EXPIRED: Duration = Duration::from_millis(1100);
const NEXT: &str = "q7zk-72e1-of-vault";

#[test]
fn a_warm_cache_starts_without_a_network_and_keeps_the_version() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    assert_eq!(cached.last_access(), ("ok".to_owned(), json!("1")));
    cached.down();
    let connections = cached.link.connections();
    cached.gets(Cached::VALUE);
    assert_eq!(cached.link.connections(), connections);
    assert_eq!(cached.last_access(), ("cached".to_owned(), json!("1")));
    let trace = Trace::of_calls(
        &cached.project,
        "socket,connect,epoll_create1",
        |launcher| cached.dress(launcher).command(["true"]),
    );
    trace.outcome.exits_with(0);
    for call in ["socket(", "connect(", "epoll_create1("] {
        assert_eq!(trace.count(call), 0, "{trace:#?}");
    }
}

#[test]
fn without_a_cache_nothing_starts_while_the_store_is_down_and_nothing_is_kept() {
    let entries = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n";
    for lines in [
        entries.to_owned(),
        format!("[cache]\nttl = \"1h\"\n{entries}"),
    ] {
        let cached = Cached::with(&lines);
        cached.gets(Cached::VALUE);
        assert!(!cached.project.path("run/secret-run").exists());
        cached.down();
        let outcome = cached.launcher().command(cached.project.marker()).run();
        outcome.exits_with(125);
        assert!(!cached.project.started());
    }
}

#[test]
fn what_has_expired_stands_in_for_an_outage_and_is_said_aloud() {
    let cached = Cached::new("ttl = \"1s\"");
    cached.gets(Cached::VALUE);
    sleep(EXPIRED);
    cached.down();
    let outcome = cached.run();
    assert_eq!(outcome.variables(&["TOKEN"]), [Cached::VALUE]);
    let problem = outcome.problem("stale-value");
    assert_eq!(problem["severity"], "warning");
    assert_eq!(problem["secret"], "TOKEN");
    let message = problem["message"].as_str().expect("a message is a text");
    assert!(
        message.starts_with("`TOKEN` is stale: `vault` gave it "),
        "{message}"
    );
    assert!(message.contains("s ago, and now "), "{message}");
    assert_eq!(cached.last_access(), ("stale".to_owned(), json!("1")));
    // A check says it as well, and tells programs.
    let check = cached.launcher().args(["check", "--format", "json"]).run();
    let report = check.exits_with(0).stdout_json();
    let cache = &report["report"]["entries"][0]["cache"];
    assert_eq!(cache["outcome"], "stale");
    assert!(cache["age_seconds"].as_u64().is_some_and(|age| age >= 1));
    assert!(
        cache["error"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("vault-"))
    );
    assert_eq!(report["problems"][0]["kind"], "stale-value");
    // Those who look for it find it.
    let words = ["audit", "show", "--outcome", "stale", "--json"];
    let shown = cached.launcher().args(words).run();
    assert_eq!(shown.exits_with(0).stdout().lines().count(), 2);
    // Once the store is back, what it has counts.
    cached.put(NEXT);
    cached.up();
    cached.gets(NEXT);
}

#[test]
fn no_outage_is_bridged_for_longer_than_the_manifest_says() {
    for (stale, wait) in [("0s", EXPIRED), ("1s", EXPIRED * 2)] {
        let cached = Cached::new(&format!("ttl = \"1s\"\nstale-if-error = \"{stale}\""));
        cached.gets(Cached::VALUE);
        sleep(wait);
        cached.down();
        let outcome = cached.launcher().command(cached.project.marker()).run();
        outcome.exits_with(125).shows_no(Cached::VALUE);
        assert!(!cached.project.started());
        assert_eq!(cached.last_access().0, "failed");
    }
}

#[test]
fn what_the_store_denies_or_has_no_more_is_never_taken_from_a_cache_again() {
    let cached = Cached::new("ttl = \"1s\"");
    cached.gets(Cached::VALUE);
    sleep(EXPIRED);
    let _ = cached
        .bao
        .call("DELETE", "secret/metadata/app/TOKEN", &json!({}));
    let fails = || {
        let outcome = cached.launcher().command(["true"]).run();
        outcome.exits_with(125).shows_no(Cached::VALUE);
    };
    fails();
    // It is forgotten: an outage does not bring it back.
    cached.down();
    fails();

    let cached = Cached::new("ttl = \"1s\"");
    let token = cached.bao.token(
        "path \"secret/data/app/*\" { capabilities = [\"read\"] }\n\
         path \"sys/internal/ui/mounts/*\" { capabilities = [\"read\"] }",
    );
    let run = || cached.as_whom(&token).command(["env"]).run();
    assert_eq!(run().variables(&["TOKEN"]), [Cached::VALUE]);
    sleep(EXPIRED);
    let _ = cached
        .bao
        .call("POST", "auth/token/revoke", &json!({ "token": token }));
    run().exits_with(125).shows_no(Cached::VALUE);
    cached.down();
    run().exits_with(125).shows_no(Cached::VALUE);
}

#[test]
fn a_check_asks_although_all_is_cached_and_what_it_reads_is_kept() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    cached.put(NEXT);
    cached.gets(Cached::VALUE);
    cached.launcher().args(["check"]).run().exits_with(0);
    assert_eq!(cached.last_access(), ("ok".to_owned(), json!("2")));
    cached.down();
    cached.gets(NEXT);
}

#[test]
fn a_value_that_a_rule_refuses_is_not_kept() {
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    // In production a placeholder is none.
    cached.put("changeme");
    cached.run().exits_with(125);
    cached.put(Cached::VALUE);
    cached.gets(Cached::VALUE);
}

#[test]
fn the_variable_shortens_the_time_and_0_switches_it_off() {
    let cached = Cached::new("ttl = \"1h\"");
    let with = |seconds: &str| {
        let launcher = cached.launcher().env("SECRETS_CACHE_TTL_SECONDS", seconds);
        launcher.command(["env"]).run()
    };
    with("0").exits_with(0);
    assert!(!cached.project.path("run/secret-run").exists());
    with("1").exits_with(0);
    cached.put(NEXT);
    sleep(EXPIRED);
    assert_eq!(with("1").variables(&["TOKEN"]), [NEXT]);
    cached.put(Cached::VALUE);
    assert_eq!(with("7200").variables(&["TOKEN"]), [NEXT]);
    assert_eq!(with("0").variables(&["TOKEN"]), [Cached::VALUE]);
    let outcome = with("1h");
    let problem = outcome.exits_with(125).problem("bad-cache-ttl");
    assert_eq!(problem["severity"], "error");
}

#[test]
fn status_tells_names_and_times_and_clear_removes_all() {
    let cached = Cached::new("ttl = \"1h\"");
    assert_eq!(cached.status()["entries"], json!([]));
    cached.gets(Cached::VALUE);
    let status = cached.status();
    assert_eq!(status["across_starts"], true);
    let entry = &status["entries"][0];
    assert_eq!(entry["name"], "TOKEN");
    assert_eq!(entry["backend"], "vault");
    assert_eq!(entry["state"], "fresh");
    assert_eq!(entry["ttl_seconds"], 3600);
    let text = cached.launcher().args(["cache", "status"]).run();
    text.exits_with(0)
        .stdout_has("TOKEN")
        .shows_no(Cached::VALUE);
    let clear = cached.launcher().args(["cache", "clear"]).run();
    clear.exits_with(0).stdout_has("1 cache removed");
    cached.down();
    cached.run().exits_with(125);
}

#[test]
fn a_time_that_is_none_stops_every_run_before_anything_is_asked() {
    // Nothing is read over a network here, and nothing is kept.
    let project = Project::with("version = 1\n[secrets.TOKEN]\n", "TOKEN=q7zk-74a1\n");
    let run = |ttl: &str, words: &[&str]| {
        let launcher = project.launcher().args(["--error-format", "json"]);
        launcher
            .env("SECRETS_CACHE_TTL_SECONDS", ttl)
            .args(words)
            .run()
    };
    for words in [
        &["--", "env"][..],
        &["--watch", "--", "env"],
        &["check"],
        &["check", "--offline"],
        &["plan"],
        &["cache", "status"],
    ] {
        let outcome = run("15m", words);
        let _ = outcome.exits_with(125).problem("bad-cache-ttl");
        assert_eq!(outcome.stdout(), "", "{words:?}");
    }
    let _ = run("900", &["--", "env"]).variables(&["TOKEN"]);
}

#[test]
fn what_a_start_in_another_environment_has_kept_is_found_and_removed() {
    let cached = Cached::new("");
    // As a service before its user has a login.
    let state = cached.project.path("state");
    cached.project.write("state/.keep", "");
    let service = || cached.launcher().env("XDG_RUNTIME_DIR", &state);
    service().command(["true"]).run().exits_with(0);
    let status = cached.status();
    assert_eq!(status["entries"], json!([]));
    let folder = state.join("secret-run");
    let home = |launcher: Launcher<'_>| launcher.env("XDG_STATE_HOME", &state).run();
    let status = home(cached.launcher().args(["cache", "status"]));
    status
        .exits_with(0)
        .stdout_has(&folder.display().to_string());
    let clear = cached
        .launcher()
        .args(["cache", "clear", "--format", "json"]);
    let cleared = home(clear).exits_with(0).stdout_json();
    assert_eq!(cleared["removed"], 1, "{cleared}");
    let folders = cleared["folders"].as_array().expect("there are folders");
    assert!(folders.contains(&json!(folder)), "{cleared}");
    assert!(folders.contains(&json!(cached.project.path("run/secret-run"))));
    assert_eq!(fs::read_dir(folder).expect("it is there").count(), 0);
}

#[test]
fn status_tells_what_a_start_would_find() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    let state = |launcher: Launcher<'_>| {
        let outcome = launcher.args(["cache", "status", "--format", "json"]).run();
        let entry = outcome.exits_with(0).stdout_json()["entries"][0].clone();
        let state = entry["state"].as_str().expect("a state is a text");
        (state.to_owned(), entry["ttl_seconds"].clone())
    };
    let stays = |launcher, word: &str, ttl: u64| {
        assert_eq!(state(launcher), (word.to_owned(), json!(ttl)));
    };
    stays(cached.launcher(), "fresh", 3600);
    let token = cached.bao.token("path \"*\" { capabilities = [\"read\"] }");
    stays(cached.as_whom(&token), "foreign", 3600);
    sleep(EXPIRED);
    let short = |seconds| cached.launcher().env("SECRETS_CACHE_TTL_SECONDS", seconds);
    stays(short("1"), "stale", 1);
    stays(short("0"), "expired", 0);
    stays(short("600"), "fresh", 600);
}

#[test]
fn secrets_of_aws_are_kept_and_stale_as_well() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", "q7zk-of-aws");
    let link = Link::to(moto.address());
    let project = AwsProject::new(
        "kind = \"aws-secrets-manager\"",
        "[cache]\nttl = \"1s\"\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"app/TOKEN\"\n",
    );
    project.files().write("run/.keep", "");
    let as_whom = |id: &str| {
        let launcher = project
            .launcher(link.address())
            .env("AWS_ACCESS_KEY_ID", id);
        let launcher = launcher.env("XDG_RUNTIME_DIR", project.files().path("run"));
        launcher.command(["env"]).run()
    };
    let get = || as_whom("AKIADUMMY").variables(&["TOKEN"]);
    assert_eq!(get(), ["q7zk-of-aws"]);
    let connections = link.connections();
    assert_eq!(get(), ["q7zk-of-aws"]);
    assert_eq!(link.connections(), connections);
    sleep(EXPIRED);
    link.change(Quality {
        fault: Some(Fault::ResetAfter(0)),
        ..Quality::default()
    });
    let outcome = as_whom("AKIADUMMY");
    assert_eq!(outcome.variables(&["TOKEN"]), ["q7zk-of-aws"]);
    assert_eq!(outcome.problem("stale-value")["severity"], "warning");
    // Another key is another identity.
    as_whom("AKIAOTHER").exits_with(125).shows_no("q7zk-of-aws");
}

#[test]
fn secrets_of_a_plugin_are_kept_while_its_server_flaps_and_belong_to_its_credential() {
    let consul = Consul::start();
    consul.put("app/token", "dummy-of-consul");
    let rules = "key_prefix \"app/\" { policy = \"read\" }";
    let (token, other) = (consul.token(rules), consul.token(rules));
    let link = Link::to(consul.address());
    let address = format!("http://{}", link.address());
    let plugin = format!(
        "settings = {{ address = \"{address}\" }}\n\
         allow.http = [\"{address}\"]\nallow.private-addresses = [\"{address}\"]\n\
         credentials.\"{address}\" = {{ header = \"x-consul-token\", value = \"{{CONSUL_TOKEN}}\" }}"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let entries = "[cache]\nttl = \"1s\"\nacross-starts = { key-file = \"cache.key\" }\n\
                   [secrets.KEY]\nkey = \"app/token\"\n";
    let project = PluginProject::new(folder, "consul-kv", &plugin, entries);
    project.project().write("run/.keep", "");
    let run = |token: &str| {
        let launcher = project.launcher().env("CONSUL_TOKEN", token);
        let launcher = launcher.env("XDG_RUNTIME_DIR", project.project().path("run"));
        launcher.command(["env"]).run()
    };
    assert_eq!(run(&token).variables(&["KEY"]), ["dummy-of-consul"]);
    let quality = |fault| Quality {
        fault,
        ..Quality::default()
    };
    for _ in 0..2 {
        link.change(quality(Some(Fault::ResetAfter(0))));
        sleep(EXPIRED);
        let outcome = run(&token);
        assert_eq!(outcome.variables(&["KEY"]), ["dummy-of-consul"]);
        let _ = outcome.problem("stale-value");
        run(&other).exits_with(125).shows_no("dummy-of-consul");
        link.change(quality(None));
        let outcome = run(&token);
        assert_eq!(outcome.variables(&["KEY"]), ["dummy-of-consul"]);
        assert_eq!(outcome.stderr(), "");
    }
}

#[test]
fn an_absence_is_not_kept_and_what_is_there_comes_from_the_cache() {
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
         [secrets.SPARE]\nkey = \"secret/app/SPARE\"\nrequired = false\n",
    );
    cached.gets(Cached::VALUE);
    cached.put(NEXT);
    cached
        .bao
        .put("app/SPARE", &json!({ "value": "q7zk-spare" }));
    let values = cached.run().variables(&["TOKEN", "SPARE"]);
    assert_eq!(values, [Cached::VALUE, "q7zk-spare"]);
}

#[test]
fn a_version_and_the_one_before_it_are_read_together() {
    let cached = Cached::with(
        "[cache]\nttl = \"1s\"\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
         previous = { name = \"TOKEN_BEFORE\", grace = \"1h\" }\n",
    );
    cached.gets(Cached::VALUE);
    // That there is none before is known, so that nothing is asked.
    let connections = cached.link.connections();
    cached.gets(Cached::VALUE);
    assert_eq!(cached.link.connections(), connections);
    cached.put(NEXT);
    sleep(EXPIRED);
    let both = || cached.run().variables(&["TOKEN", "TOKEN_BEFORE"]);
    assert_eq!(both(), [NEXT, Cached::VALUE]);
    cached.down();
    sleep(EXPIRED);
    assert_eq!(both(), [NEXT, Cached::VALUE]);
}

#[test]
fn what_is_leased_is_read_anew_at_each_start() {
    let leasing = Leasing::start(json!({}));
    let project = VaultProject::new(
        "",
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
         [secrets.DB_USER]\nkey = \"database/creds/app#username\"\n",
    );
    project.write("run/.keep", "");
    let run = || {
        let launcher = leasing.launcher(&project);
        let launcher = launcher.env("XDG_RUNTIME_DIR", project.path("run"));
        launcher.command(["env"]).run()
    };
    let first = run().variables(&["TOKEN", "DB_USER"]);
    leasing.bao.put("app/TOKEN", &json!({ "value": NEXT }));
    let second = run().variables(&["TOKEN", "DB_USER"]);
    assert_eq!(first[0], second[0], "it is good for an hour");
    assert_ne!(first[1], second[1]);
}
