//! Everything that is wrong is told in one run, with what to do, and without a value.

use std::fs;

use secret_run_tests::{Outcome, Project, Trace};

/// Dummies that no message may show, whole or in part.
const BAD_URL: &str = "mysql://dummy-user:dummy-pw-51c7@db.dummy.test/app";
const SHORT_JWT: &str = "ZHVtbXktand0LXNlY3JldC1vZi0zMS1ieXRlcy0hIQ==";
const GOOD_TOKEN: &str = "dummy-but-right-90aa";

/// What a user has who made three mistakes: another database, a secret of 31 bytes, and a
/// line that was never filled in.
const MANIFEST: &str = r#"version = 1
[secrets.DATABASE_URL]
validate = "postgres-url"
[secrets.JWT_SECRET]
validate = { rule = "base64", min-bytes = 32 }
[secrets.STRIPE_SECRET_KEY]
owner = "payments"
validate = "stripe-secret-key"
[secrets.GOOD_TOKEN]
[config.PORT]
default = "8080"
"#;

fn project() -> Project {
    let dotenv = format!(
        "DATABASE_URL={BAD_URL}\nJWT_SECRET={SHORT_JWT}\nSTRIPE_SECRET_KEY=\nGOOD_TOKEN={GOOD_TOKEN}\n"
    );
    Project::with(MANIFEST, &dotenv)
}

/// A project in which nothing is wrong.
fn sound() -> Project {
    let manifest = "version = 1\n[secrets.GOOD_TOKEN]\n[secrets.KEY]\nvalidate = \"hex\"\n\
        [secrets.ABSENT]\nrequired = false\n[secrets.WHOLE]\ncompose = \"https://x:{KEY}@h/\"\n\
        [config.PORT]\ndefault = \"8080\"\n";
    Project::with(
        manifest,
        &format!("GOOD_TOKEN={GOOD_TOKEN}\nKEY=5ec2e7d0d011\n"),
    )
}

/// No value, and no stretch of one that is longer than what a hint might say by itself.
#[track_caller]
fn shows_no_value(outcome: &Outcome) {
    outcome.shows_no_part_of(BAD_URL, 9);
    outcome.shows_no_part_of(SHORT_JWT, 6);
    outcome.shows_no_part_of(GOOD_TOKEN, 10);
    outcome.shows_no_part_of("5ec2e7d0d011", 6);
    // Nor as the bytes that it stands for.
    outcome
        .shows_no("dummy-jwt")
        .shows_no("dummy-pw")
        .shows_no("dummy-user");
}

#[test]
fn all_problems_are_told_in_one_run_and_nothing_starts() {
    let project = project();
    let outcome = project.launcher().command(project.marker()).run();
    outcome
        .exits_with(125)
        .stderr_has("DATABASE_URL")
        .stderr_has("JWT_SECRET")
        .stderr_has("STRIPE_SECRET_KEY")
        .stderr_has("3 problems; the command was not started");
    assert_eq!(outcome.stderr().matches("help: ").count(), 3, "{outcome:?}");
    assert_eq!(outcome.stdout(), "");
    shows_no_value(&outcome);
    assert!(!project.started());
}

#[test]
fn each_problem_names_its_entry_its_rule_and_its_line() {
    let project = project();
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    outcome.exits_with(125);
    shows_no_value(&outcome);
    let problems = outcome.problems();
    assert_eq!(problems.len(), 3, "{outcome:?}");
    for (problem, (secret, kind, code, line)) in problems.iter().zip([
        ("DATABASE_URL", "invalid-value", "postgres-url/", 3),
        ("JWT_SECRET", "invalid-value", "base64/", 5),
        ("STRIPE_SECRET_KEY", "missing-value", "", 6),
    ]) {
        assert_eq!(problem["secret"], secret, "{problem}");
        assert_eq!(problem["kind"], kind, "{problem}");
        assert_eq!(problem["severity"], "error", "{problem}");
        assert_eq!(problem["line"], line, "{problem}");
        assert!(problem["hint"].is_string(), "{problem}");
        let found = problem["code"].as_str().unwrap_or_default();
        assert!(found.starts_with(code), "{problem}");
    }
    // Whom to ask, and where it was looked for.
    let hint = problems[2]["hint"].as_str().unwrap_or_default();
    assert!(hint.contains("payments") && hint.contains(".env"), "{hint}");
    assert!(!project.started());
}

#[test]
fn a_missing_value_of_each_kind_is_told_too() {
    let manifest = "version = 1\n[secrets.A]\n[secrets.B]\nkey = \"other\"\n\
        [secrets.C]\nkey = \"doc#field\"\n[secrets.D]\ncompose = \"{E}\"\n\
        [secrets.E]\nrequired = false\n[config.F]\n[secrets.G]\ndeliver = \"file\"\n";
    let project = Project::with(manifest, "doc={\"other\":1}\n");
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    outcome.exits_with(125);
    let problems = outcome.problems();
    let secrets: Vec<_> = problems
        .iter()
        .map(|problem| problem["secret"].as_str())
        .collect();
    for name in ["A", "B", "C", "D", "F", "G"] {
        assert!(
            secrets.contains(&Some(name)),
            "{name} is not told\n{outcome:?}"
        );
    }
    assert_eq!(problems.len(), 6, "{outcome:?}");
    assert!(!project.started());
}

// check

#[test]
fn check_tells_the_same_problems_and_starts_nothing() {
    let project = project();
    let outcome = project.launcher().args(["check"]).run();
    outcome.exits_with(125).stderr_has("DATABASE_URL");
    outcome
        .stderr_has("JWT_SECRET")
        .stderr_has("STRIPE_SECRET_KEY");
    shows_no_value(&outcome);
}

#[test]
fn check_in_json_is_one_document_with_all_problems() {
    let project = project();
    let outcome = project.launcher().args(["check", "--format", "json"]).run();
    let document = outcome.exits_with(125).stdout_json();
    assert_eq!(document["ok"], false);
    assert_eq!(document["problems"].as_array().map(Vec::len), Some(3));
    assert_eq!(document["report"]["environment"], "development");
    shows_no_value(&outcome);
}

#[test]
fn check_of_what_is_right_says_what_is_there_and_no_value() {
    let project = sound();
    let outcome = project.launcher().args(["check"]).run();
    outcome
        .exits_with(0)
        .stdout_has("GOOD_TOKEN")
        .stdout_has("ok");
    shows_no_value(&outcome);

    let outcome = project.launcher().args(["check", "--format", "json"]).run();
    let document = outcome.exits_with(0).stdout_json();
    shows_no_value(&outcome);
    assert_eq!(document["ok"], true);
    let entries = document["report"]["entries"].as_array().expect("a list");
    let present = |name: &str| {
        let entry = entries.iter().find(|entry| entry["name"] == name);
        entry.map(|entry| entry["present"].clone())
    };
    assert_eq!(present("GOOD_TOKEN"), Some(true.into()));
    assert_eq!(present("ABSENT"), Some(false.into()));
    assert_eq!(present("WHOLE"), Some(true.into()));
}

#[test]
fn check_offline_judges_the_manifest_and_opens_no_file_of_secrets() {
    let project = project();
    let online = Trace::of(&project, |launcher| launcher.args(["check"]));
    assert!(online.touches(".env"), "the trace does not see .env");
    let offline = Trace::of(&project, |launcher| launcher.args(["check", "--offline"]));
    offline.outcome.exits_with(0);
    offline.leaves_alone(".env");

    project.write(
        "secrets.toml",
        "version = 1\n[secrets.A]\nvalidate = \"no-such-rule\"\n",
    );
    let outcome = project.launcher().args(["check", "--offline"]).run();
    outcome.exits_with(125).stderr_has("no-such-rule");
}

#[test]
fn parameters_that_make_no_sense_are_told_before_anything_is_read() {
    let project = project();
    let manifest = "version = 1\n[secrets.JWT_SECRET]\n\
        validate = { rule = \"base64\", min-bytes = 32, bytes = 16 }\n";
    project.write("secrets.toml", manifest);
    let trace = Trace::of(&project, |launcher| launcher.command(project.marker()));
    trace.outcome.exits_with(125).stderr_has("base64");
    trace.leaves_alone(".env");
    for validate in [
        "{ rule = \"base64\", min-byte = 32 }",
        "{ rule = \"base64\", min-bytes = \"32\" }",
        "{ rule = \"one-of\" }",
        "\"bas64\"",
    ] {
        let manifest = format!("version = 1\n[secrets.JWT_SECRET]\nvalidate = {validate}\n");
        project.write("secrets.toml", manifest);
        let trace = Trace::of(&project, |launcher| launcher.command(project.marker()));
        trace.outcome.exits_with(125).stderr_has("secrets.toml:3:");
        trace.leaves_alone(".env");
    }
    assert!(!project.started());
}

// plan

#[test]
fn plan_says_what_comes_from_where_and_reads_nothing() {
    let project = sound();
    let trace = Trace::of(&project, |launcher| launcher.args(["plan"]));
    let outcome = &trace.outcome;
    outcome
        .exits_with(0)
        .stdout_has("GOOD_TOKEN")
        .stdout_has("composed of KEY")
        .stdout_has("hex")
        .stdout_has("environment: development")
        .stdout_has("production: no");
    trace.leaves_alone(".env");

    let trace = Trace::of(&project, |launcher| {
        launcher.args(["plan", "--format", "json"])
    });
    let document = trace.outcome.exits_with(0).stdout_json();
    trace.leaves_alone(".env");
    assert_eq!(document["entries"].as_array().map(Vec::len), Some(5));
    assert!(document.to_string().contains("composed of KEY"));
    shows_no_value(&trace.outcome);
}

// The log.

#[test]
fn no_log_level_shows_a_value() {
    for (name, value) in [
        ("SECRET_RUN_LOG", "debug"),
        ("SECRET_RUN_LOG", "trace"),
        ("RUST_LOG", "trace"),
        (
            "SECRET_RUN_LOG",
            "wasmtime=trace,secret_run=trace,secret_runtime=trace,adotenv=trace,toml=trace",
        ),
    ] {
        let project = sound();
        let outcome = project
            .launcher()
            .env(name, value)
            .env("OWN", "dummy-own-variable")
            .command(["true"])
            .run();
        outcome
            .exits_with(0)
            .stderr_has("secret_run")
            .stderr_has("development");
        shows_no_value(&outcome);
        outcome.shows_no("dummy-own-variable");

        let project = self::project();
        let outcome = project
            .launcher()
            .env(name, value)
            .env("OWN", "dummy-own-variable")
            .command(project.marker())
            .run();
        outcome.exits_with(125).stderr_has("DATABASE_URL");
        shows_no_value(&outcome);
        outcome.shows_no("dummy-own-variable");
    }
}

#[test]
fn without_being_asked_nothing_is_logged() {
    let project = sound();
    let outcome = project.launcher().command(["true"]).run();
    outcome.exits_with(0);
    assert_eq!(
        (outcome.stdout(), outcome.stderr()),
        (String::new(), String::new())
    );
    // A filter of the app's own is no reason to say anything.
    let launcher = project
        .launcher()
        .env("RUST_LOG", "my_app[span{x=1}]=debug,!!");
    assert_eq!(launcher.command(["true"]).run().stderr(), "");
}

#[test]
fn no_problem_is_a_colour_when_nobody_sees_it() {
    let project = project();
    let outcome = project
        .launcher()
        .env("TERM", "xterm")
        .command(["true"])
        .run();
    outcome.exits_with(125).stderr_has_no("\u{1b}");
    fs::remove_file(project.path(".env")).expect("it was written");
    project
        .launcher()
        .command(["true"])
        .run()
        .exits_with(125)
        .stderr_has_no("\u{1b}");
}
