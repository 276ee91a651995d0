//! What Vault gives for a time: that it is told, and what the manifest has done about it.

use secret_run_tests::{Launcher, OpenBao, Postgres, VaultProject};
use serde_json::{Value, json};

const ENTRIES: &str = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
                       [secrets.DB_USER]\nkey = \"database/creds/app#username\"\n\
                       [secrets.DB_PASSWORD]\nkey = \"database/creds/app#password\"\n\
                       [secrets.DB_URL]\n\
                       compose = \"postgres://{DB_USER}:{DB_PASSWORD}@db.internal/app\"\n";

/// A server with a secret and with users of a database that are each good for an hour, and a
/// role that may read both.
struct Leasing {
    bao: OpenBao,
    _postgres: Postgres,
    role: String,
    secret: String,
}

impl Leasing {
    /// The tokens of the role are good for `token_ttl`.
    fn start(token_ttl: &str) -> Self {
        let (bao, postgres) = (OpenBao::start(), Postgres::start());
        bao.put("app/TOKEN", &json!({ "value": "q7zk-5d01" }));
        bao.dynamic_users(&postgres);
        bao.policy(
            "app",
            "path \"secret/data/app/*\" { capabilities = [\"read\"] }\n\
             path \"database/creds/app\" { capabilities = [\"read\"] }",
        );
        let terms = json!({ "token_policies": "app", "token_ttl": token_ttl });
        let (role, secret) = bao.app_role(&terms);
        Self {
            bao,
            _postgres: postgres,
            role,
            secret,
        }
    }

    fn launcher<'project>(&self, project: &'project VaultProject) -> Launcher<'project> {
        let launcher = project.stranger(&self.bao);
        launcher
            .env("VAULT_ROLE_ID", &self.role)
            .env("VAULT_SECRET_ID", &self.secret)
    }
}

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
    let leasing = Leasing::start("2h");
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
fn a_lease_is_no_longer_than_the_token_that_it_hangs_on() {
    let leasing = Leasing::start("10m");
    let project = VaultProject::new("", ENTRIES);
    let outcome = leasing
        .launcher(&project)
        .args(["check", "--format", "json"]);
    let report = outcome.run().stdout_json();
    let lease = &report["report"]["entries"][1]["lease"];
    assert_eq!(*lease, json!({ "seconds": 600, "renewable": true }));
}
