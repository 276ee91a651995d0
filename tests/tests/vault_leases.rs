//! What Vault gives for a time: that it is told, and what the manifest has done about it.

use std::fs::File;
use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_run_tests::{Launcher, Leasing, OpenBao, Outcome, VaultProject};
use serde_json::{Value, json};

const ENTRIES: &str = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
                       [secrets.DB_USER]\nkey = \"database/creds/app#username\"\n\
                       [secrets.DB_PASSWORD]\nkey = \"database/creds/app#password\"\n\
                       [secrets.DB_URL]\n\
                       compose = \"postgres://{DB_USER}:{DB_PASSWORD}@db.internal/app\"\n";

/// The leases in what `check` or `plan` says of each entry.
fn leases(report: &Value) -> Vec<(&str, &Value)> {
    let entries = report["entries"].as_array().expect("there are entries");
    let named = entries.iter().map(|entry| {
        let name = entry["name"].as_str();
        (name.expect("an entry has a name"), &entry["lease"])
    });
    named.collect()
}

#[test]
fn the_report_and_the_launch_event_tell_what_is_leased_and_for_how_long() {
    let leasing = Leasing::start(json!({ "token_ttl": "2h" }));
    let project = VaultProject::new("", ENTRIES);
    let launcher = || leasing.launcher(&project);
    let checked = launcher().args(["check", "--format", "json"]).run();
    checked.exits_with(0);
    let lease = json!({ "seconds": 3600, "renewable": true });
    let expected = [
        ("TOKEN", &Value::Null),
        ("DB_USER", &lease),
        ("DB_PASSWORD", &lease),
        ("DB_URL", &lease),
    ];
    assert_eq!(leases(&checked.stdout_json()["report"]), expected);
    let text = launcher().args(["check"]).run();
    let lines = text.stdout();
    let line = |name: &str| lines.lines().find(|line| line.starts_with(name));
    let ends = |name: &str, end: &str| line(name).is_some_and(|line| line.ends_with(end));
    assert!(ends("DB_PASSWORD", "ok, leased for 1h"), "{text:?}");
    assert!(ends("DB_URL", "ok, leased for 1h"), "{text:?}");
    assert!(ends("TOKEN", " ok"), "{text:?}");
    // Who asks nothing knows of none.
    let plan = launcher().args(["plan", "--format", "json"]).run();
    let plan = plan.stdout_json();
    assert!(leases(&plan).iter().all(|(_, lease)| lease.is_null()));
    let launcher = launcher().env("SECRET_RUN_LOG", "info");
    let outcome = launcher.command(["true", "dummy-argument"]).run();
    outcome.exits_with(0).stderr_has(
        "starts the command environment=\"production\" program=/usr/bin/true secrets=4 \
         leases=\"DB_USER=1h, DB_PASSWORD=1h, DB_URL=1h\"",
    );
    for outcome in [&checked, &text, &outcome] {
        let shown = format!("{}{}", outcome.stdout(), outcome.stderr());
        assert!(!shown.contains("database/creds/app/"), "{outcome:?}");
    }
    outcome.shows_no("dummy-argument");
}

#[test]
fn the_audit_log_has_the_leases_of_a_launch() {
    let leasing = Leasing::start(json!({ "token_ttl": "2h" }));
    let audited = format!("{ENTRIES}[audit]\ndestination = \"audit.jsonl\"\n");
    let project = VaultProject::new("", &audited);
    let outcome = leasing.launcher(&project).command(["cat", "audit.jsonl"]);
    let text = outcome.run().exits_with(0).stdout();
    let launch: Value = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"))
        .find(|line| line["event"] == "launch")
        .expect("the launch is written before the command runs");
    let leases = json!({ "DB_USER": 3600, "DB_PASSWORD": 3600, "DB_URL": 3600 });
    assert_eq!(launch["leases"], leases);
}

#[test]
fn a_lease_is_no_longer_than_the_token_that_it_hangs_on() {
    let leasing = Leasing::start(json!({ "token_ttl": "10m" }));
    let project = VaultProject::new("", ENTRIES);
    let outcome = leasing
        .launcher(&project)
        .args(["check", "--format", "json"]);
    let report = outcome.run().stdout_json();
    let lease = &report["report"]["entries"][1]["lease"];
    assert_eq!(*lease, json!({ "seconds": 600, "renewable": true }));
}

/// The words of the one problem of a run that ends with it, which has this kind.
#[track_caller]
fn refused(project: &VaultProject, launcher: Launcher<'_>, kind: &str) -> (String, String) {
    project.refused(launcher, kind, &[])
}

#[track_caller]
fn came(outcome: &Outcome) {
    let token = VaultProject::variables(outcome, &["TOKEN"]);
    assert_eq!(token, [Leasing::TOKEN]);
}

/// Waits until there is no user, no lease, and no token but that of the root.
#[track_caller]
fn nothing_stays(leasing: &Leasing) {
    let start = Instant::now();
    let stays = || {
        leasing.bao.leases() != 0
            || !leasing.postgres.made_users().is_empty()
            || leasing.bao.tokens().len() > 1
    };
    // OpenBao takes its time.
    while stays() {
        assert!(start.elapsed() < Duration::from_secs(30), "the lease stays");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_leased_and_starts_no_command_is_given_back() {
    let leasing = Leasing::start(json!({ "token_ttl": "2h" }));
    let project = VaultProject::new("", ENTRIES);
    let launcher = || leasing.launcher(&project).env("SECRET_RUN_LOG", "info");
    let revoked = "revoked what was leased from Vault";
    let checked = launcher().args(["check"]).run();
    checked.exits_with(0).stderr_has(revoked);
    nothing_stays(&leasing);
    let missing = launcher().command(["./no-such-program"]).run();
    let missing = missing.exits_with(127);
    missing.stderr_has("command-not-found").stderr_has(revoked);
    nothing_stays(&leasing);
    let entries = ENTRIES.replace("app/TOKEN\"\n", "app/TOKEN\"\nvalidate = \"base64\"\n");
    let invalid = VaultProject::new("", &entries);
    let (message, _) = refused(&invalid, leasing.launcher(&invalid), "invalid-value");
    assert!(!message.contains(Leasing::TOKEN), "{message}");
    nothing_stays(&leasing);
    // A command that starts keeps it.
    launcher().command(["true"]).run().exits_with(0);
    assert_eq!(leasing.postgres.made_users().len(), 1);
    assert_eq!(leasing.bao.leases(), 1);
}

#[test]
fn who_may_not_give_back_what_is_leased_is_warned() {
    let leasing = Leasing::start(json!({}));
    let project = VaultProject::new("", ENTRIES);
    let read = |path: &str| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n");
    let rules = read("secret/data/app/*") + &read("database/creds/app");
    let revoke = "path \"sys/leases/revoke\" { capabilities = [\"update\"] }\n";
    let check = |rules: &str| {
        let token = leasing.bao.token(rules);
        let launcher = project.stranger(&leasing.bao).env("VAULT_TOKEN", &token);
        launcher.args(["check"]).run()
    };
    let checked = check(&(rules.clone() + revoke));
    assert_eq!(checked.exits_with(0).stderr(), "");
    let start = Instant::now();
    while !leasing.postgres.made_users().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "the user stays");
        sleep(Duration::from_millis(50));
    }
    let checked = check(&rules);
    let warning = checked.exits_with(0).problem("vault-lease-not-revoked");
    assert_eq!(warning["severity"], "warning");
    assert_eq!(checked.problems().len(), 1, "{checked:?}");
    assert_eq!(leasing.postgres.made_users().len(), 1);
}

#[test]
fn what_stays_leased_is_said_also_where_nothing_can_be_written_down() {
    let leasing = Leasing::start(json!({}));
    let audit = "[audit]\ndestination = \"stderr\"\nrequired = true\n";
    let project = VaultProject::new("", &format!("{audit}{ENTRIES}"));
    let read = |path: &str| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n");
    let token = leasing
        .bao
        .token(&(read("secret/data/app/*") + &read("database/creds/app")));
    let launcher = project.stranger(&leasing.bao).env("VAULT_TOKEN", &token);
    let mut check = launcher.args(["check", "--format", "json"]).into_command();
    let full = File::options().write(true).open("/dev/full");
    check.stderr(full.expect("there is a full device"));
    let output = check.output().expect("the launcher can be started");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let problems = report["problems"].as_array().expect("there are problems");
    let kinds: Vec<_> = problems.iter().map(|problem| &problem["kind"]).collect();
    assert_eq!(report["ok"], false, "{report}");
    assert!(
        kinds.contains(&&json!("vault-lease-not-revoked")),
        "{report}"
    );
    assert_eq!(kinds.len(), 2, "{report}");
}

#[test]
fn who_refuses_leases_gets_none_and_what_was_leased_is_revoked() {
    let leasing = Leasing::start(json!({ "token_ttl": "2h" }));
    let project = VaultProject::new("leases = \"refuse\"", ENTRIES);
    let launcher = leasing.launcher(&project);
    let (message, hint) = refused(&project, launcher, "vault-leased");
    let leased = "`database/creds/app` is leased for 1h, and this backend refuses leases";
    assert_eq!(message, leased);
    assert!(hint.contains("`leases = \"keep\"`"), "{hint}");
    nothing_stays(&leasing);
    // What is not leased is none of that.
    let entry = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n";
    let project = VaultProject::new("leases = \"refuse\"", entry);
    came(&leasing.launcher(&project).command(["env"]).run());
}

#[test]
fn a_lease_that_ends_sooner_than_the_manifest_wants_is_refused() {
    let leasing = Leasing::start(json!({ "token_ttl": "90m" }));
    let at_least = |least: &str| {
        let backend = format!("leases = {{ at-least = \"{least}\" }}");
        VaultProject::new(&backend, ENTRIES)
    };
    let project = at_least("1h");
    came(&leasing.launcher(&project).command(["env"]).run());
    let project = at_least("61m");
    let launcher = leasing.launcher(&project);
    let (message, hint) = refused(&project, launcher, "vault-lease-too-short");
    let short = "`database/creds/app` is good for 1h, and this backend wants 1h 1m at least";
    assert_eq!(message, short);
    assert!(hint.contains("`default_ttl`"), "{hint}");
    let role = json!({ "token_policies": "app", "token_ttl": "10m" });
    leasing.bao.call("POST", "auth/approle/role/app", &role);
    let project = at_least("30m");
    let launcher = leasing.launcher(&project);
    let (message, hint) = refused(&project, launcher, "vault-lease-too-short");
    let short = "`database/creds/app` is good for 10m, and this backend wants 30m at least";
    assert_eq!(message, short);
    assert!(hint.contains("`token_ttl`"), "{hint}");
}

#[test]
fn a_token_that_was_there_is_asked_how_long_it_is_good_where_that_matters() {
    let leasing = Leasing::start(json!({}));
    let bao = &leasing.bao;
    let project = VaultProject::new("leases = { at-least = \"30m\" }", ENTRIES);
    let token = |terms: Value| {
        let answer = bao.call("POST", "auth/token/create", &terms);
        let token = answer["auth"]["client_token"].as_str();
        token.expect("a token is a text").to_owned()
    };
    let with = |token: &str| project.stranger(bao).env("VAULT_TOKEN", token);
    let app = |terms: Value| {
        let mut terms = terms;
        terms["policies"] = json!(["app"]);
        token(terms)
    };
    let short = app(json!({ "ttl": "1m" }));
    let (message, _) = refused(&project, with(&short), "vault-lease-too-short");
    let starts = message.starts_with("`database/creds/app` is good for ");
    assert!(
        starts && message.ends_with(" wants 30m at least"),
        "{message}"
    );
    came(&with(&app(json!({ "ttl": "1h" }))).command(["env"]).run());
    // One that has no end.
    came(&with(OpenBao::ROOT).command(["env"]).run());
    // Nobody knows how long one is good that may not ask.
    let silent = app(json!({ "ttl": "1h", "no_default_policy": true }));
    let (message, hint) = refused(&project, with(&silent), "vault-permission-denied");
    assert_eq!(message, "Vault denies `read` on `auth/token/lookup-self`");
    let stanza = "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }";
    assert!(hint.ends_with(stanza), "{hint}");
    let policy = project.launcher(bao).args(["vault", "policy"]).run();
    policy.exits_with(0).stdout_has(stanza);
    // Where nothing is leased, nothing is asked.
    let entry = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n";
    let project = VaultProject::new("leases = { at-least = \"30m\" }", entry);
    let launcher = project.stranger(bao).env("VAULT_TOKEN", &silent);
    came(&launcher.command(["env"]).run());
}
