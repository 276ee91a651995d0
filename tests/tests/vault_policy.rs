//! `secret-run vault policy`: what it prints suffices, and all of it is needed.

use secret_run_tests::{OpenBao, Postgres, VaultProject};
use serde_json::json;

const ENTRIES: &str = "[secrets.TOKEN]\n\
    [secrets.FIELD]\nkey = \"db#password\"\n\
    [secrets.OTHER]\nkey = \"db#user\"\n\
    [secrets.DB_USER]\nkey = \"/database/creds/app#username\"\n\
    [secrets.DB_PASSWORD]\nkey = \"/database/creds/app#password\"\n";

const POLICY: &str = "\
# If `database` holds version 2 of the engine for keys and values, the path is database/data/creds/app.
path \"database/creds/app\" { capabilities = [\"read\"] }
path \"secret/data/app/TOKEN\" { capabilities = [\"read\"] }
path \"secret/data/app/db\" { capabilities = [\"read\"] }
";

#[test]
fn the_policy_grants_what_a_run_needs_and_nothing_that_it_does_not_need() {
    let (bao, postgres) = (OpenBao::start(), Postgres::start());
    bao.put("app/TOKEN", &json!({ "value": "q7zk-5d11" }));
    bao.put(
        "app/db",
        &json!({ "password": "q7zk-5d12", "user": "q7zk-5d13" }),
    );
    bao.dynamic_users(&postgres);
    let project = VaultProject::new("mount = \"secret\"\npath = \"app\"", ENTRIES);
    let bare = || project.launcher_to("").args(["vault", "policy"]).run();
    let printed = bare();
    assert_eq!(printed.exits_with(0).stdout(), POLICY);
    let run = |policy: &str| {
        bao.policy("least", policy);
        let token = json!({ "policies": ["least"], "no_default_policy": true, "ttl": "1h" });
        let token = bao.call("POST", "auth/token/create", &token);
        let token = token["auth"]["client_token"]
            .as_str()
            .expect("it is a text");
        let launcher = project.stranger(&bao).env("VAULT_TOKEN", token);
        launcher.command(["env"]).run()
    };
    let names = ["TOKEN", "FIELD", "OTHER"];
    let values = ["q7zk-5d11", "q7zk-5d12", "q7zk-5d13"];
    assert_eq!(VaultProject::variables(&run(POLICY), &names), values);
    let lines: Vec<_> = POLICY.lines().collect();
    for left_out in 1..lines.len() {
        let mut lines = lines.clone();
        lines.remove(left_out);
        run(&lines.join("\n")).exits_with(125);
    }
}

#[test]
fn a_login_may_revoke_its_token_and_versions_and_variables_count() {
    let auth = "kv-version = 1\nauth = { method = \"kubernetes\", role = \"app\" }";
    let project = VaultProject::new(auth, "[secrets.TOKEN]\n");
    let launcher = project
        .launcher_to("")
        .env("VAULT_MOUNT_PATH", "team/kv")
        .env("VAULT_PATH", "shop");
    let printed = launcher.args(["vault", "policy"]).run();
    let policy = "path \"team/kv/shop/TOKEN\" { capabilities = [\"read\"] }\n\
                  # The token of a login is revoked.\n\
                  path \"auth/token/revoke-self\" { capabilities = [\"update\"] }\n";
    assert_eq!(printed.exits_with(0).stdout(), policy);
    project.write(
        "secrets.toml",
        "version = 1\n[environments.production]\n[secrets.A]\n",
    );
    let printed = project.launcher_to("").args(["vault", "policy"]).run();
    let _ = printed.exits_with(125).problem("nothing-of-vault");
}

/// Whoever pastes a policy takes it for all that is needed.
#[test]
fn what_no_policy_can_be_made_of_is_said_and_not_left_out() {
    let policy = |backend: &str, mount: &str, entries: &str| {
        let project = VaultProject::new(backend, entries);
        let launcher = project.launcher_to("").env("VAULT_MOUNT_PATH", mount);
        let outcome = launcher.args(["vault", "policy"]).run();
        let problems = outcome.exits_with(125).problems();
        assert_eq!(outcome.stdout(), "");
        problems
    };
    let entries = "[secrets.A]\n[secrets.B]\n";
    let problems = policy("", "a//b", entries);
    assert_eq!(problems.len(), 1, "it is said once: {problems:?}");
    assert_eq!(problems[0]["kind"], "vault-bad-path");
    let problems = policy("names = \"fields\"", "secret", entries);
    let told = problems.iter().map(|problem| {
        assert_eq!(problem["kind"], "vault-no-path");
        problem["secret"].clone()
    });
    assert_eq!(told.collect::<Vec<_>>(), [json!("A"), json!("B")]);
    let problems = policy("", "secret", "[secrets.A]\n[secrets.B]\nkey = \"a//b\"\n");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0]["secret"], "B");
}

/// A policy that is printed is pasted: it must not grant what nobody has seen.
#[test]
fn a_path_that_a_policy_takes_for_a_pattern_is_refused_where_it_stands() {
    let entries = "[secrets.TOKEN]\n[secrets.ANY]\nkey = \"team/+/db#user\"\n\
                   [secrets.REST]\nkey = \"/secret/app*\"\n";
    let project = VaultProject::new("mount = \"secret\"\npath = \"app\"", entries);
    let outcome = project.launcher_to("").args(["vault", "policy"]).run();
    let problems = outcome.exits_with(125).problems();
    let told: Vec<_> = problems
        .iter()
        .map(|problem| {
            assert_eq!(problem["kind"], "vault-path-is-pattern");
            (problem["secret"].clone(), problem["line"].clone())
        })
        .collect();
    assert_eq!(
        told,
        [(json!("ANY"), json!(10)), (json!("REST"), json!(12))]
    );
    assert_eq!(outcome.stdout(), "");
    // Nor does a run that is denied advise it, and it reads what is there.
    let bao = OpenBao::start();
    bao.put("app*", &json!({ "value": "q7zk-5d21" }));
    let project = VaultProject::new("", "[secrets.REST]\nkey = \"/secret/app*\"\n");
    let outcome = project.launcher(&bao).command(["env"]).run();
    assert_eq!(VaultProject::variables(&outcome, &["REST"]), ["q7zk-5d21"]);
    let token = bao.token("path \"secret/data/other\" { capabilities = [\"read\"] }");
    let launcher = project.stranger(&bao).env("VAULT_TOKEN", token);
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("vault-permission-denied");
    let hint = problem["hint"].as_str().expect("a hint is a text");
    assert!(hint.contains("stand for other paths as well"), "{hint}");
}
