//! `[metrics] textfile`: each start adds itself to the file, once, whatever comes of it; and none of it
//! keeps a command from starting.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::thread::{self, sleep};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secret_run_tests::cached::Cached;
use secret_run_tests::{OpenBao, Outcome, Project, Samples, VaultProject, program, repository};
use serde_json::json;

/// The values.
const TOKEN: &str = "dummy-token-of-the-metrics-7c2e";
const FILE: &str = "shop.prom";

const MANIFEST: &str = "version = 1
[project]
name = \"shop\"
[metrics]
textfile = \"shop.prom\"
[environments.development]
backend = \"files\"
[backends.files]
kind = \"file\"
directory = \"values\"
[secrets.TOKEN]
validate = { rule = \"min-length\", length = 10 }
[secrets.SPARE]
required = false
[config.LEVEL]
default = \"low\"
";

fn project() -> Project {
    with(MANIFEST)
}

fn with(manifest: &str) -> Project {
    let project = Project::new();
    project.write("secrets.toml", manifest);
    project.write("values/TOKEN", TOKEN);
    project
}

fn run(project: &Project) -> Outcome {
    project.launcher().command(project.marker()).run()
}

fn text(project: &Project) -> String {
    fs::read_to_string(project.path(FILE)).expect("the file is there")
}

fn samples(project: &Project) -> Samples {
    let text = text(project);
    assert!(!text.contains(TOKEN), "{text}");
    Samples::checked(&text)
}

fn access(outcome: &str) -> String {
    format!("secret_run_access_total{{project=\"shop\",backend=\"files\",outcome=\"{outcome}\"}}")
}

fn resolutions(outcome: &str) -> String {
    format!("secret_run_resolutions_total{{project=\"shop\",outcome=\"{outcome}\"}}")
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}

#[test]
fn each_start_adds_itself_before_the_command_runs() {
    let project = project();
    let begun = now().floor();
    for count in [1.0, 2.0, 3.0] {
        let outcome = project.launcher().command(["cat", FILE]).run();
        outcome.exits_with(0).stderr_has_no("warning");
        let seen = Samples::checked(&outcome.stdout());
        assert_eq!(seen.get(&resolutions("ok")), count);
        assert_eq!(seen.get(&access("ok")), count);
        assert_eq!(seen.get(&access("absent")), count);
        assert_eq!(seen.get(&access("failed")), 0.0);
        let bucket =
            "secret_run_fetch_duration_seconds_bucket{project=\"shop\",backend=\"files\",le=";
        assert_eq!(
            seen.get(&format!("{bucket}\"+Inf\"}}")),
            count,
            "one for each batch"
        );
        assert!(seen.has("secret_run_build_info{project=\"shop\",version=\""));
        let success = seen.get("secret_run_last_success_timestamp_seconds{project=\"shop\"}");
        assert!((begun..=now()).contains(&success), "{success}");
        // What only a supervised command has.
        assert!(!seen.has("secret_run_restarts_total"));
    }
    let mode = fs::metadata(project.path(FILE)).expect("it is there");
    assert_eq!(mode.permissions().mode() & 0o7777, 0o644);
    assert_eq!(samples(&project).get(&resolutions("ok")), 3.0);
}

#[test]
fn a_start_that_fails_is_counted_as_what_it_was() {
    let project = project();
    run(&project).exits_with(0);
    let success = "secret_run_last_success_timestamp_seconds{project=\"shop\"}";
    let before = samples(&project).get(success);

    project.write("values/TOKEN", "short");
    run(&project).exits_with(125);
    fs::remove_file(project.path("values/TOKEN")).expect("it is there");
    run(&project).exits_with(125);
    fs::remove_dir_all(project.path("values")).expect("it is there");
    run(&project).exits_with(125);
    let refused = project
        .launcher()
        .args(["--env", "production", "--backend", "env"]);
    refused.command(["true"]).run().exits_with(125);

    let seen = samples(&project);
    assert_eq!(seen.get(&resolutions("ok")), 1.0);
    assert_eq!(seen.get(&resolutions("failed")), 3.0);
    assert_eq!(seen.get(&resolutions("refused")), 1.0);
    assert_eq!(seen.get(&access("ok")), 2.0);
    assert_eq!(seen.get(&access("absent")), 1.0 + 1.0 + 2.0);
    assert_eq!(
        seen.get(&access("failed")),
        2.0,
        "both of the folder that is gone"
    );
    assert_eq!(seen.get(success), before);
}

#[test]
fn a_check_or_a_plan_is_no_start() {
    let project = project();
    for words in [&["check"][..], &["plan"], &["check", "--offline"]] {
        project.launcher().args(words).run().exits_with(0);
    }
    assert!(!project.path(FILE).exists());
}

#[test]
fn fifty_at_once_lose_no_count() {
    let project = project();
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let outcome = project.launcher().command(["true"]).run();
                outcome.exits_with(0).stderr_has_no("metrics");
            });
        }
    });
    let seen = samples(&project);
    assert_eq!(seen.get(&resolutions("ok")), 50.0);
    assert_eq!(seen.get(&access("ok")), 50.0);
}

#[test]
fn a_file_that_cannot_be_written_is_said_and_the_command_starts() {
    let starts = |project: &Project, kind: &str| {
        let launcher = project.launcher().args(["--error-format", "json"]);
        let outcome = launcher.command(project.marker()).run();
        assert_eq!(outcome.exits_with(0).problem(kind)["severity"], "warning");
        outcome.shows_no(TOKEN);
        assert!(project.started());
    };
    starts(
        &with(&MANIFEST.replace("\"shop.prom\"", "\"none/shop.prom\"")),
        "metrics-unwritable",
    );
    let project = self::project();
    project.write(FILE, "alias ls=rm\n");
    starts(&project, "metrics-not-ours");
    assert_eq!(text(&project), "alias ls=rm\n");

    let project = self::project();
    run(&project).exits_with(0);
    let others = text(&project).replace("\"shop\"", "\"other\"");
    project.write(FILE, &others);
    starts(&project, "metrics-not-ours");
    assert_eq!(text(&project), others);

    let project = self::project();
    symlink(project.path("elsewhere"), project.path(FILE)).expect("a link");
    starts(&project, "metrics-exposed");
    assert!(!project.path("elsewhere").exists());

    // A disk that is full, which the kernel says by the limit of a file's size.
    let project = self::project();
    run(&project).exits_with(0);
    let before = text(&project);
    let bash = program("bash").expect("this test needs `bash`");
    let script = format!(
        "{} -c 'trap \"\" XFSZ; ulimit -f 1; exec \"$L\" -- true'",
        bash.display()
    );
    let outcome = project.shell(&script);
    outcome.exits_with(0).stderr_has("metrics-unwritable");
    assert_eq!(text(&project), before, "what was there stays");
    run(&project).exits_with(0);
    assert_eq!(samples(&project).get(&resolutions("ok")), 2.0);
}

#[test]
fn what_was_damaged_is_begun_anew_and_that_is_said() {
    let project = project();
    run(&project).exits_with(0).stderr_has_no("metrics-damaged");
    let half = text(&project);
    project.write(FILE, &half[..half.len() / 2]);
    run(&project).exits_with(0).stderr_has("metrics-damaged");
    assert_eq!(samples(&project).get(&resolutions("ok")), 1.0);
    run(&project).exits_with(0).stderr_has_no("metrics-damaged");
    assert_eq!(samples(&project).get(&resolutions("ok")), 2.0);
}

#[test]
fn names_of_a_hostile_manifest_are_text_in_their_labels() {
    let name = "a\\\"} 1\\nsecret_run_restarts_total 99\\n\\u001b[31m\\\\";
    let manifest = MANIFEST.replace("name = \"shop\"", &format!("name = \"{name}\""));
    let project = with(&manifest);
    for _ in 0..2 {
        run(&project).exits_with(0).stderr_has_no("warning");
    }
    let seen = samples(&project);
    assert!(!seen.has("secret_run_restarts_total"));
    assert!(!text(&project).contains('\u{1b}'));
    let label = "a\\\"} 1\u{fffd}secret_run_restarts_total 99\u{fffd}\u{fffd}[31m\\\\";
    let resolutions = format!("secret_run_resolutions_total{{project=\"{label}\",outcome=\"ok\"}}");
    assert_eq!(seen.get(&resolutions), 2.0);
}

#[test]
fn an_age_is_known_where_the_backend_knows_it() {
    let bao = OpenBao::start();
    let begun = now().floor();
    bao.put("app/TOKEN", &json!({ "value": TOKEN }));
    let project = VaultProject::new(
        "mount = \"secret\"\npath = \"app\"\n[metrics]\ntextfile = \"shop.prom\"",
        "[secrets.TOKEN]\n",
    );
    let outcome = project.launcher(&bao).command(["cat", FILE]).run();
    let seen = Samples::checked(&outcome.exits_with(0).shows_no(TOKEN).stdout());
    let created = seen.get("secret_run_secret_created_timestamp_seconds{secret=\"TOKEN\"}");
    assert!((begun..=now()).contains(&created), "{created}");
    let age = seen.get("secret_run_secret_age_seconds{secret=\"TOKEN\"}");
    assert!((0.0..=now() - created).contains(&age), "{age}");
    // An outage is counted, and makes nobody forget how old the secret is.
    drop(bao);
    let outcome = project
        .launcher_to("http://127.0.0.1:9")
        .env("VAULT_TOKEN", "dummy");
    outcome.command(["true"]).run().exits_with(125);
    let text = fs::read_to_string(project.path(FILE)).expect("the file is there");
    let seen = Samples::checked(&text);
    assert_eq!(
        seen.get("secret_run_access_total{backend=\"vault\",outcome=\"failed\"}"),
        1.0
    );
    assert_eq!(
        seen.get("secret_run_secret_created_timestamp_seconds{secret=\"TOKEN\"}"),
        created
    );
}

#[test]
fn a_warm_cache_counts_what_it_gave_and_what_it_lacked() {
    let cached = Cached::with(
        "[metrics]\ntextfile = \"shop.prom\"\n\
         [cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    let access = |outcome: &str| {
        format!("secret_run_access_total{{backend=\"vault\",outcome=\"{outcome}\"}}")
    };
    let fetches = "secret_run_fetch_duration_seconds_count{backend=\"vault\"}";
    let created = "secret_run_secret_created_timestamp_seconds{secret=\"TOKEN\"}";
    cached.gets(Cached::VALUE);
    let cold = cached.metrics();
    assert_eq!(cold.cache(), [0.0, 1.0, 0.0]);
    // Without a network.
    cached.down();
    cached.gets(Cached::VALUE);
    let warm = cached.metrics();
    assert_eq!(warm.cache(), [1.0, 1.0, 0.0]);
    assert_eq!(warm.get(&access("ok")), 1.0);
    assert_eq!(warm.get(&access("cached")), 1.0);
    assert_eq!(warm.get(fetches), 1.0, "nobody was asked");
    // It is as old as it was.
    assert_eq!(warm.get(created), cold.get(created));

    let expired = || {
        sleep(Duration::from_millis(1100));
        let launcher = cached.launcher().env("SECRETS_CACHE_TTL_SECONDS", "1");
        launcher.command(["true"]).run().exits_with(0);
        cached.metrics()
    };
    let stale = expired();
    assert_eq!(stale.cache(), [1.0, 1.0, 1.0]);
    assert_eq!(stale.get(&access("stale")), 1.0);
    assert_eq!(stale.get(&access("failed")), 0.0);
    let resolutions = |of: &Samples, outcome: &str| {
        of.get(&format!(
            "secret_run_resolutions_total{{outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!(resolutions(&stale, "stale"), 1.0);
    assert_eq!(resolutions(&stale, "ok"), 2.0, "that is no success");
    cached.up();
    let back = expired();
    assert_eq!(back.cache(), [1.0, 2.0, 1.0]);
    assert_eq!(back.get(&access("ok")), 2.0);
}

#[test]
fn without_metrics_nothing_is_opened_for_them() {
    let project = with(&MANIFEST.replace("[metrics]\ntextfile = \"shop.prom\"\n", ""));
    run(&project).exits_with(0);
    let names = fs::read_dir(project.folder()).expect("it is there");
    let names = names.map(|entry| entry.expect("it is there").file_name());
    let found: Vec<_> = names
        .filter(|name| name.to_string_lossy().contains("prom"))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_example_alerts_fire_when_they_should() {
    let promtool = program("promtool");
    let promtool = promtool.expect("this test needs `promtool`: cargo xtask test installs it");
    for words in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
        ["check", "config", "prometheus.yml"],
    ] {
        let mut command = Command::new(&promtool);
        command
            .args(words)
            .current_dir(repository("examples/metrics"));
        let output = command.output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}\n{said}");
    }
}

#[test]
fn the_example_alerts_ask_for_what_there_is() {
    // Each name that a rule asks for is one that a run writes, or that has a cache, a breaker or an age.
    let rules = fs::read_to_string(repository("examples/metrics/alerts.yml"));
    let rules = rules.expect("it is there");
    let project = project();
    run(&project).exits_with(0);
    let written = text(&project);
    let special = [
        "secret_run_cache_total",
        "secret_run_breaker_state",
        "secret_run_secret_created_timestamp_seconds",
    ];
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let words = rules.split(|char| !is_name(char));
    let asked: Vec<_> = words
        .filter(|word| word.starts_with("secret_run_"))
        .collect();
    assert!(asked.len() > 8, "{asked:?}");
    for name in asked {
        let known = written.contains(&format!("{name}{{")) || special.contains(&name);
        assert!(known, "{name}\n{written}");
    }
}
