//! Reading from OpenBao: keys and values of both versions, and whatever else has a path.

use std::thread::sleep;
use std::time::Duration;

use secret_run_tests::{Link, OpenBao, Outcome, Postgres, VaultProject};
use serde_json::{Value, json};

fn variables(outcome: &Outcome, names: &[&str]) -> Vec<String> {
    VaultProject::variables(outcome, names)
}

#[test]
fn secrets_are_read_by_path_field_and_version() {
    let bao = OpenBao::start();
    bao.put("app/TOKEN", &json!({ "value": "q7zk-5a11-sole" }));
    bao.put(
        "app/db",
        &json!({ "password": "q7zk-5a12-field", "port": 25061 }),
    );
    bao.put("app/rotated", &json!({ "value": "q7zk-5a13-before" }));
    bao.put("app/rotated", &json!({ "value": "q7zk-5a14-after" }));
    bao.put("team%20one/%C3%A4", &json!({ "value": "q7zk-5a15-odd" }));
    let project = VaultProject::new(
        "mount = \"secret\"\npath = \"app\"",
        "[secrets.TOKEN]\n\
         [secrets.FIELD]\nkey = \"db#password\"\n\
         [secrets.NUMBER]\nkey = \"db#port\"\n\
         [secrets.WHOLE]\nkey = \"db\"\n\
         [secrets.BY_NAME]\nkey = \"TOKEN#value\"\n\
         [secrets.CURRENT]\nkey = \"rotated\"\n\
         [secrets.BEFORE]\nkey = \"rotated?version=1\"\n\
         [secrets.ELSEWHERE]\nfrom = \"vault:/secret/team one/ä\"\n\
         [secrets.NONE]\nkey = \"nowhere\"\nrequired = false\n\
         [secrets.NO_VERSION]\nkey = \"rotated?version=3\"\nrequired = false\n",
    );
    let outcome = project.launcher(&bao).command(["env"]).run();
    let names = [
        "TOKEN",
        "FIELD",
        "NUMBER",
        "WHOLE",
        "BY_NAME",
        "CURRENT",
        "BEFORE",
        "ELSEWHERE",
    ];
    assert_eq!(
        variables(&outcome, &names),
        [
            "q7zk-5a11-sole",
            "q7zk-5a12-field",
            "25061",
            r#"{"password":"q7zk-5a12-field","port":25061}"#,
            "q7zk-5a11-sole",
            "q7zk-5a14-after",
            "q7zk-5a13-before",
            "q7zk-5a15-odd",
        ]
    );
    assert!(!outcome.stdout().contains("\nNONE="), "{outcome:?}");
    assert!(!outcome.stdout().contains("\nNO_VERSION="), "{outcome:?}");
}

#[test]
fn one_path_with_all_names_is_read_once() {
    let bao = OpenBao::start();
    let fields = json!({ "DB_PASSWORD": "q7zk-5a21", "API_KEY": "q7zk-5a22" });
    bao.put("takumi/production", &fields);
    let project = VaultProject::new(
        "names = \"fields\"",
        "[secrets.DB_PASSWORD]\n[secrets.API_KEY]\n\
         [secrets.ABSENT]\nrequired = false\n\
         [secrets.OTHER]\nkey = \"/secret/takumi/production#API_KEY\"\n",
    );
    let link = Link::to(bao.address());
    let launcher = project
        .launcher_to(&format!("http://{}", link.address()))
        .env("VAULT_TOKEN", OpenBao::ROOT)
        .env("VAULT_MOUNT_PATH", "secret/")
        .env("VAULT_PATH", "takumi/production")
        .env("SECRET_RUN_LOG", "debug");
    let outcome = launcher.command(["env"]).run();
    let names = ["DB_PASSWORD", "API_KEY", "OTHER"];
    assert_eq!(
        variables(&outcome, &names),
        ["q7zk-5a21", "q7zk-5a22", "q7zk-5a22"]
    );
    assert!(!outcome.stdout().contains("ABSENT="), "{outcome:?}");
    // What is mounted where, and the path, at the same time.
    assert_eq!(outcome.stderr().matches("request to Vault").count(), 2);
    assert_eq!(link.connections(), 2);
}

#[test]
fn version_1_of_the_engine_is_detected_or_stated() {
    let bao = OpenBao::start();
    bao.call(
        "POST",
        "sys/mounts/team/kv",
        &json!({ "type": "kv", "options": { "version": "1" } }),
    );
    bao.call(
        "POST",
        "team/kv/app/TOKEN",
        &json!({ "value": "q7zk-5a31" }),
    );
    for stated in ["", "kv-version = 1"] {
        let backend = format!("mount = \"team/kv\"\npath = \"app\"\n{stated}");
        let project = VaultProject::new(&backend, "[secrets.TOKEN]\n");
        let outcome = project.launcher(&bao).command(["env"]).run();
        assert_eq!(variables(&outcome, &["TOKEN"]), ["q7zk-5a31"]);
        let entries = "[secrets.TOKEN]\nkey = \"TOKEN?version=1\"\n";
        let project = VaultProject::new(&backend, entries);
        let outcome = project.launcher(&bao).command(project.marker()).run();
        let _ = outcome.exits_with(125).problem("version-unsupported");
    }
}

#[test]
fn what_is_deleted_or_destroyed_is_told_from_what_is_not_there() {
    let bao = OpenBao::start();
    for name in ["DELETED", "DESTROYED", "OLD"] {
        bao.put(&format!("app/{name}"), &json!({ "value": "q7zk-5a41" }));
    }
    bao.put("app/OLD", &json!({ "value": "q7zk-5a42" }));
    bao.call("DELETE", "secret/data/app/DELETED", &Value::Null);
    bao.call(
        "PUT",
        "secret/destroy/app/DESTROYED",
        &json!({ "versions": [1] }),
    );
    bao.call("PUT", "secret/destroy/app/OLD", &json!({ "versions": [1] }));
    let entries = "[secrets.DELETED]\n[secrets.DESTROYED]\n[secrets.ABSENT]\n\
                   [secrets.OLD]\nkey = \"OLD?version=1\"\nrequired = false\n";
    let project = VaultProject::new("mount = \"secret\"\npath = \"app\"", entries);
    let outcome = project.launcher(&bao).command(project.marker()).run();
    outcome.exits_with(125);
    assert!(!project.started());
    let said = |kind: &str| -> Vec<_> {
        let problems = outcome.problems().into_iter();
        let of_kind = problems.filter(|problem| problem["kind"] == kind);
        of_kind
            .map(|problem| (problem["secret"].clone(), problem["message"].clone()))
            .collect()
    };
    let names: Vec<_> = said("missing-value")
        .into_iter()
        .map(|said| said.0)
        .collect();
    assert_eq!(names, ["DELETED", "DESTROYED", "ABSENT"]);
    let deleted = (
        json!("DELETED"),
        json!("version 1 of `secret/app/DELETED` is deleted"),
    );
    assert_eq!(said("vault-version-deleted"), [deleted]);
    let destroyed = |name: &str| {
        let message = format!("version 1 of `secret/app/{name}` is destroyed");
        (json!(name), json!(message))
    };
    assert_eq!(
        said("vault-version-destroyed"),
        [destroyed("DESTROYED"), destroyed("OLD")]
    );
}

#[test]
fn the_version_before_is_there_within_its_grace_time_and_no_longer() {
    let bao = OpenBao::start();
    bao.put("app/KEY", &json!({ "key": "q7zk-5a51-before" }));
    bao.put("app/SOLE", &json!({ "value": "q7zk-5a52-before" }));
    let entries = |grace: &str| {
        let previous =
            |name: &str| format!("previous = {{ name = \"{name}\", grace = \"{grace}\" }}\n");
        let (key, sole) = (previous("OLD_KEY"), previous("OLD_SOLE"));
        format!("[secrets.KEY]\nkey = \"KEY#key\"\n{key}[secrets.SOLE]\n{sole}")
    };
    let run = |grace: &str| {
        let project = VaultProject::new("mount = \"secret\"\npath = \"app\"", &entries(grace));
        project.launcher(&bao).command(["env"]).run()
    };
    let outcome = run("48h");
    assert_eq!(variables(&outcome, &["KEY"]), ["q7zk-5a51-before"]);
    assert!(!outcome.stdout().contains("OLD_"), "{outcome:?}");
    bao.put("app/KEY", &json!({ "key": "q7zk-5a53-after" }));
    bao.put("app/SOLE", &json!({ "value": "q7zk-5a54-after" }));
    let names = ["KEY", "OLD_KEY", "SOLE", "OLD_SOLE"];
    assert_eq!(
        variables(&run("48h"), &names),
        [
            "q7zk-5a53-after",
            "q7zk-5a51-before",
            "q7zk-5a54-after",
            "q7zk-5a52-before"
        ]
    );
    sleep(Duration::from_secs(2));
    let outcome = run("1s");
    assert_eq!(variables(&outcome, &["KEY"]), ["q7zk-5a53-after"]);
    assert!(!outcome.stdout().contains("OLD_"), "{outcome:?}");
    // What is gone is no reason not to start, and nothing to tell of.
    bao.call("PUT", "secret/destroy/app/KEY", &json!({ "versions": [1] }));
    let outcome = run("48h");
    assert_eq!(variables(&outcome, &["OLD_SOLE"]), ["q7zk-5a52-before"]);
    assert!(!outcome.stdout().contains("OLD_KEY"), "{outcome:?}");
    assert_eq!(outcome.stderr(), "");
}

#[test]
fn both_fields_of_a_dynamic_user_are_from_one_lease_and_let_it_in() {
    let (bao, postgres) = (OpenBao::start(), Postgres::start());
    bao.dynamic_users(&postgres);
    let entries = "[secrets.DB_USER]\nkey = \"database/creds/app#username\"\n\
                   [secrets.DB_PASSWORD]\nkey = \"database/creds/app#password\"\n";
    let project = VaultProject::new("", entries);
    let outcome = project.launcher(&bao).command(["env"]).run();
    let found = variables(&outcome, &["DB_USER", "DB_PASSWORD"]);
    assert_eq!(postgres.login(&found[0], &found[1]), Some(found[0].clone()));
    assert_eq!(bao.leases(), 1);
}

#[test]
fn a_hundred_paths_are_read_at_once() {
    let bao = OpenBao::start();
    let mut entries = String::new();
    for number in 0..100 {
        bao.put(
            &format!("app/S{number}"),
            &json!({ "value": format!("v{number}") }),
        );
        entries.push_str(&format!("[secrets.S{number}]\n"));
    }
    let project = VaultProject::new("mount = \"secret\"\npath = \"app\"", &entries);
    let names: Vec<_> = (0..100).map(|number| format!("S{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let values: Vec<_> = (0..100).map(|number| format!("v{number}")).collect();
    // Each is on the way for so long that the next can't take its connection.
    let link = Link::to(bao.address()).round_trip(Duration::from_millis(200));
    let launcher = project
        .launcher_to(&format!("http://{}", link.address()))
        .env("VAULT_TOKEN", OpenBao::ROOT);
    let outcome = launcher.command(["env"]).run();
    assert_eq!(variables(&outcome, &names), values);
    // What is mounted where is asked meanwhile, not before.
    assert_eq!(link.connections(), 101);
    // With TLS, one connection carries them all. A trip takes longer than the server does.
    let link = Link::to(bao.tls_address()).round_trip(Duration::from_millis(400));
    project.write("authority.pem", &bao.authority().certificate);
    bao.policy("app", "path \"secret/*\" { capabilities = [\"read\"] }");
    let (role, secret) = bao.app_role(&json!({ "token_policies": "app", "token_ttl": "15m" }));
    let launcher = project
        .launcher_to(&format!("https://{}", link.address()))
        .env("VAULT_CACERT", project.path("authority.pem"))
        .env("VAULT_ROLE_ID", role)
        .env("VAULT_SECRET_ID", secret);
    let outcome = launcher.command(["env"]).run();
    assert_eq!(variables(&outcome, &names), values);
    assert_eq!(link.connections(), 1);
    // To connect, TLS, the login, all that is read, and the revocation.
    assert_eq!(link.round_trips(), 5);
}

#[test]
fn a_socket_of_an_agent_is_an_address() {
    let bao = OpenBao::start();
    bao.put("app/TOKEN", &json!({ "value": "q7zk-5a71" }));
    let project = VaultProject::new("", "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n");
    let launcher = project.launcher_to(&format!("unix://{}", bao.socket().display()));
    let launcher = launcher.env("VAULT_TOKEN", OpenBao::ROOT);
    let outcome = launcher.command(["env"]).run();
    assert_eq!(variables(&outcome, &["TOKEN"]), ["q7zk-5a71"]);
}

#[test]
fn without_a_word_in_the_manifest_variables_say_all() {
    let bao = OpenBao::start();
    bao.put("app/TOKEN", &json!({ "value": "q7zk-5a81" }));
    let project = VaultProject::new("", "");
    let manifest = "version = 1\n[environments.production]\n[secrets.TOKEN]\n";
    project.write("secrets.toml", manifest);
    let launcher = project
        .launcher(&bao)
        .env("SECRETS_BACKEND", "vault")
        .env("VAULT_MOUNT_PATH", "secret")
        .env("VAULT_PATH", "app");
    let outcome = launcher.command(["env"]).run();
    assert_eq!(variables(&outcome, &["TOKEN"]), ["q7zk-5a81"]);
}
