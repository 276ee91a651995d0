//! The example with its secrets in Vault, by its own scripts as its README tells to run it: OpenBao
//! with TLS and an authority of its own, PostgreSQL, production.

use std::fs;
use std::ops::Deref;
use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_run_tests::{
    Gateway, Launcher, OpenBao, Outcome, Postgres, Project, Running, VaultShell, binary, free_port,
    repository,
};
use serde_json::{Value, json};

const FILES: [&str; 8] = [
    "ci-policy.hcl",
    "common.sh",
    "database.sql",
    "policy.hcl",
    "put-secrets.sh",
    "run.sh",
    "secrets.toml",
    "set-up.sh",
];

/// Values that production takes: dummies, but not such as placeholders look.
const VALUES: [(&str, &str); 7] = [
    ("REDIS_URL", "redis://:q7zk5f12x@cache.internal:6379/0"),
    (
        "JWT_SECRET",
        "cTd6azVmMTN4cTd6azVmMTN4cTd6azVmMTN4cTd6azVmMTM=",
    ),
    (
        "API_ENCRYPTION_KEY",
        "5f14a1f07c3be5962d48f0a97b1c6e355f14a1f07c3be5962d48f0a97b1c6e35",
    ),
    ("STRIPE_SECRET_KEY", "sk_test_q7zk5f15xWq7zk5f15xWq7zk"),
    (
        "STRIPE_WEBHOOK_SECRET",
        "whsec_q7zk5f16xWq7zk5f16xWq7zk5f16",
    ),
    (
        "ETHEREUM_SEPOLIA_RPC_URL",
        "https://ethereum.internal/v2/q7zk5f17x",
    ),
    ("BASE_SEPOLIA_RPC_URL", "https://base.internal/v2/q7zk5f18x"),
];
const NEW_JWT_SECRET: &str = "bmV3NWYxM3gtbmV3LXE3ems1ZjEzeC1uZXctcTd6azVmMTM=";
const USERS: &str = "sys/leases/lookup/database/creds/api-gateway";

/// The example's folder, with its servers.
struct Example {
    shell: VaultShell,
    postgres: Postgres,
}

impl Example {
    /// A copy of the folder, and servers that nothing was done to.
    fn bare() -> Self {
        let example = Self {
            shell: VaultShell::start(),
            postgres: Postgres::start(),
        };
        copy(&example.shell, &FILES);
        example
    }

    /// As the README tells to set it up, with all required secrets in place.
    fn ready() -> Self {
        let example = Self::bare();
        let password = ("VAULT_DATABASE_PASSWORD", "dummy-vault-password");
        let statements = example.path("database.sql");
        example.postgres.run_file(&statements, &[password]);
        let set_up = example.script("set-up.sh", OpenBao::ROOT);
        set_up.env(password.0, password.1).run().exits_with(0);
        example.write("values", dotenv(VALUES[1].1));
        example.put(&["values"]).exits_with(0);
        example
    }

    fn script(&self, name: &str, token: &str) -> Launcher<'_> {
        self.database(self.stranger(&self.path(name)).env("VAULT_TOKEN", token))
    }

    fn database<'a>(&self, launcher: Launcher<'a>) -> Launcher<'a> {
        launcher
            .env("DATABASE_HOST", self.postgres.address().to_string())
            .env("DATABASE_SSLMODE", "disable")
    }

    fn put(&self, arguments: &[&str]) -> Outcome {
        let script = self.script("put-secrets.sh", OpenBao::ROOT);
        let outcome = script.args(arguments).run();
        for (_, value) in VALUES {
            outcome.shows_no(value);
        }
        outcome
    }

    /// The token of a pipeline, as the README makes one.
    fn token_of_ci(&self) -> String {
        self.answer(
            "bao token create -policy=api-gateway-ci -no-default-policy -ttl=1h -field=token",
        )
    }

    /// The example's own way to start something in production.
    fn run(&self, token: &str) -> Launcher<'_> {
        self.script("run.sh", token).env("NODE_ENV", "production")
    }

    /// The leases of users of the database.
    fn users(&self) -> Vec<Value> {
        let reply = self.bao.ask("LIST", USERS, OpenBao::ROOT, &Value::Null);
        let answer: Value = serde_json::from_str(reply.text()).expect("OpenBao answers in JSON");
        answer["data"]["keys"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

impl Deref for Example {
    type Target = VaultShell;

    fn deref(&self) -> &VaultShell {
        &self.shell
    }
}

fn copy(project: &Project, files: &[&str]) {
    for file in files {
        let content = fs::read(repository(&format!("examples/vault/{file}")));
        project.write(file, content.expect("the example is there"));
        if file.ends_with(".sh") {
            project.set_mode(file, 0o700);
        }
    }
}

fn dotenv(jwt_secret: &str) -> String {
    let lines = VALUES.iter().map(|(name, value)| match *name {
        "JWT_SECRET" => format!("{name}={jwt_secret}\n"),
        _ => format!("{name}={value}\n"),
    });
    lines.collect()
}

/// Each variable that a process was started with.
fn environment(id: u32) -> Vec<(String, String)> {
    let content = fs::read_to_string(format!("/proc/{id}/environ")).expect("it runs");
    let variables = content.split_terminator('\0');
    let variables = variables.filter_map(|variable| variable.split_once('='));
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let stdout = outcome.exits_with(0).stdout();
    stdout.lines().map(str::to_owned).collect()
}

/// OpenBao takes its time to end what hangs on a token.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_gateway_runs_in_production_with_its_secrets_in_vault() {
    let example = Example::ready();
    let token = example.token_of_ci();
    let before = example.bao.tokens();
    let gateway = Gateway::start(example.run(&token));

    // It has every secret, and tells none.
    let health = gateway.get("/health");
    assert_eq!(health.status, 200);
    let document: Value = serde_json::from_str(&health.body).expect("JSON");
    let environment = environment(gateway.id());
    for (name, value) in VALUES {
        assert_eq!(document["secrets"][name], true, "{name}");
        assert!(!health.body.contains(value));
        let given = (name.to_owned(), value.to_owned());
        assert!(environment.contains(&given), "{name}");
    }
    assert_eq!(document["secrets"]["DATABASE_URL"], true);

    // Its URL lets it into the database, as a user of its own that has the rights of the gateway.
    let value = |name: &str| {
        let found = environment.iter().find(|(given, _)| given == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    let user = value("DATABASE_USER");
    let login = example.postgres.login_to(value("DATABASE_URL"));
    assert_eq!(login, Some((user.clone(), "gateway".to_owned())));
    assert_eq!(example.users().len(), 1);

    // Nothing of Vault is among what it got, and nothing that is good for a login.
    let role = example.answer("bao read -field=role_id auth/approle/role/api-gateway/role-id");
    for (name, value) in &environment {
        assert!(!name.starts_with("VAULT_"), "{name}");
        for held in [&token, &role, &example.bao.tls_url()] {
            assert!(!value.contains(held.as_str()), "{name}");
        }
    }
    // The secret id is used up.
    let ids = "auth/approle/role/api-gateway/secret-id";
    let ids = example.bao.ask("LIST", ids, OpenBao::ROOT, &Value::Null);
    assert_eq!(ids.status, 404);

    // Of the login its token is left, which may do what the policy says for a day, and the user
    // ends with it.
    let after = example.bao.tokens();
    let kept: Vec<_> = after.iter().filter(|one| !before.contains(one)).collect();
    assert_eq!(kept.len(), 1);
    let accessor = json!({ "accessor": kept[0] });
    let lookup = "auth/token/lookup-accessor";
    let found = example.bao.call("POST", lookup, &accessor);
    assert_eq!(found["data"]["policies"], json!(["api-gateway"]));
    assert_eq!(found["data"]["creation_ttl"], 24 * 60 * 60);
    gateway.stop().exits_with(0);
    example
        .bao
        .call("POST", "auth/token/revoke-accessor", &accessor);
    eventually("the user stays", || example.users().is_empty());
    assert_eq!(example.postgres.login_to(value("DATABASE_URL")), None);
}

#[test]
fn the_scripts_can_be_run_again_and_a_change_leaves_the_version_before() {
    let example = Example::ready();
    // Only Vault knows the password by now, and nobody else is asked for it.
    let set_up = example.script("set-up.sh", OpenBao::ROOT).run();
    set_up
        .exits_with(0)
        .stdout_has("auth/approle/role/api-gateway");
    let administrator = example.postgres.login("vault", "dummy-vault-password");
    assert_eq!(administrator, None);
    let said = |verb: &str| {
        let secrets = [
            "REDIS_URL",
            "JWT_SECRET",
            "API_ENCRYPTION_KEY",
            "stripe",
            "ETHEREUM_SEPOLIA_RPC_URL",
            "BASE_SEPOLIA_RPC_URL",
        ];
        let left_out = ["LINEA_SEPOLIA_RPC_URL", "TELEGRAM_BOT_TOKEN"];
        let left_out = left_out.map(|secret| format!("{secret}: left out"));
        let said = secrets.map(|secret| format!("{secret}: {verb}"));
        [left_out.to_vec(), said.to_vec()].concat()
    };
    assert_eq!(lines(&example.put(&["values"])), said("unchanged"));

    example.write("values", dotenv(NEW_JWT_SECRET));
    let updated = lines(&example.put(&["values"]));
    let updated: Vec<_> = updated
        .iter()
        .filter(|line| line.ends_with(": updated"))
        .collect();
    assert_eq!(updated, ["JWT_SECRET: updated"]);
    let run = example.run(&example.token_of_ci());
    let outcome = run.command(["env"]).run();
    let names = ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "STRIPE_SECRET_KEY"];
    let values = [NEW_JWT_SECRET, VALUES[1].1, VALUES[3].1];
    assert_eq!(outcome.variables(&names), values);

    // What is deleted is written again, all of it.
    let delete = "bao kv delete secret/api-gateway/production/stripe";
    example.lines(OpenBao::ROOT, delete).exits_with(0);
    example.bao.call(
        "DELETE",
        "secret/metadata/api-gateway/production/REDIS_URL",
        &Value::Null,
    );
    let again = lines(&example.put(&["values"]));
    for line in ["stripe: updated", "REDIS_URL: created"] {
        assert!(again.iter().any(|said| said == line), "{again:?}");
    }
    let run = example.run(&example.token_of_ci());
    let outcome = run.command(["env"]).run();
    let names = ["STRIPE_WEBHOOK_SECRET", "REDIS_URL"];
    assert_eq!(outcome.variables(&names), [VALUES[4].1, VALUES[0].1]);
}

#[test]
fn without_its_policy_it_fails_with_the_stanza_and_leaves_no_user() {
    let example = Example::ready();
    let token = example.token_of_ci();
    let stanza =
        "path \"secret/data/api-gateway/production/JWT_SECRET\" { capabilities = [\"read\"] }";
    let policy = fs::read_to_string(example.path("policy.hcl")).expect("it was copied");
    assert!(policy.contains(stanza), "{policy}");
    example
        .bao
        .policy("api-gateway", &policy.replace(stanza, ""));
    let before = example.bao.tokens().len();
    let outcome = example.run(&token).command(example.marker()).run();
    outcome
        .exits_with(125)
        .stderr_has("vault-permission-denied")
        .stderr_has(stanza);
    for (_, value) in VALUES {
        outcome.shows_no(value);
    }
    assert!(!example.started());
    assert_eq!(example.bao.tokens().len(), before);
    eventually("a user stays", || example.users().is_empty());
    // With the stanza it runs.
    example.bao.policy("api-gateway", &policy);
    let outcome = example.run(&token).command(["env"]).run();
    assert_eq!(outcome.variables(&["JWT_SECRET"]), [VALUES[1].1]);
}

#[test]
fn a_user_that_ends_with_a_shorter_token_is_not_taken() {
    let example = Example::ready();
    let role = "bao write auth/approle/role/api-gateway token_policies=api-gateway token_ttl=15m";
    example.lines(OpenBao::ROOT, role).exits_with(0);
    let run = example.run(&example.token_of_ci());
    let outcome = run.command(example.marker()).run();
    outcome.exits_with(125).stderr_has("vault-lease-too-short");
    assert!(!example.started());
    eventually("a user stays", || example.users().is_empty());
}

#[test]
fn the_policy_of_the_example_is_the_one_that_is_printed() {
    let project = Project::new();
    copy(&project, &["secrets.toml", "policy.hcl"]);
    let launcher = project.launcher().args(["vault", "policy"]);
    let printed = launcher.args(["--env", "production"]).run();
    let policy = fs::read_to_string(project.path("policy.hcl")).expect("it was copied");
    assert_eq!(printed.exits_with(0).stdout(), policy);
}

#[test]
fn who_starts_the_gateway_can_read_no_secret() {
    let example = Example::ready();
    let token = example.token_of_ci();
    for denied in [
        "bao kv get secret/api-gateway/production/JWT_SECRET",
        "bao read database/creds/api-gateway",
        // Without a wrapping, or in one that lasts.
        "bao write -force auth/approle/role/api-gateway/secret-id",
        "bao write -force -wrap-ttl=1h auth/approle/role/api-gateway/secret-id",
    ] {
        let outcome = example.lines(&token, denied);
        outcome.exits_with(2).shows_no(VALUES[1].1);
    }
    let wrapped = "bao write -force -wrap-ttl=60s auth/approle/role/api-gateway/secret-id";
    example.lines(&token, wrapped).exits_with(0);
}

#[test]
fn production_takes_no_plain_text_and_no_server_that_nobody_vouches_for() {
    let example = Example::ready();
    let launcher = || {
        let launcher = example.stranger(&binary("secret-run"));
        let launcher = launcher
            .env("NODE_ENV", "production")
            .env("VAULT_ROLE_ID", "dummy-role")
            .env("VAULT_SECRET_ID", "dummy-secret-id");
        launcher.args(["--error-format", "json"])
    };
    for (name, value, kind) in [
        (
            "VAULT_ADDR",
            "http://vault.example.com:8200",
            "vault-plain-text",
        ),
        ("VAULT_SKIP_VERIFY", "true", "vault-unverified"),
        ("VAULT_CACERT", "", "vault-certificate"),
        // With both right, it is the login that fails.
        ("LANG", "C", "vault-unwrap"),
    ] {
        let outcome = launcher().env(name, value).command(example.marker()).run();
        let _ = outcome.exits_with(125).problem(kind);
        outcome.shows_no("dummy-secret-id");
        assert!(!example.started());
    }
}

#[test]
fn what_is_missing_is_named_and_nothing_is_made_of_it() {
    let example = Example::bare();
    let outcome = example.script("set-up.sh", OpenBao::ROOT).run();
    outcome
        .exits_with(1)
        .stderr_has("set VAULT_DATABASE_PASSWORD");
    let outcome = example.put(&[]);
    outcome
        .exits_with(1)
        .stderr_has("REDIS_URL is required and has no value");
    let listed = "secret/metadata/api-gateway/production";
    let listed = example.bao.ask("LIST", listed, OpenBao::ROOT, &Value::Null);
    assert_eq!(listed.status, 404);
    // A server that does not answer is not taken for one that has nothing.
    example.write("values", dotenv(VALUES[1].1));
    let script = example.script("put-secrets.sh", "dummy-other-token");
    let outcome = script.args(["values"]).run();
    outcome
        .exits_with(1)
        .stderr_has("Vault does not say what is in REDIS_URL");
}

#[test]
fn in_development_it_starts_from_a_dotenv() {
    let project = Project::new();
    copy(&project, &["secrets.toml"]);
    let dotenv = fs::read(repository("examples/api-gateway/.env.example"));
    project.write(".env", dotenv.expect("the example is there"));
    let gateway = Gateway::start(project.launcher());
    let health: Value = serde_json::from_str(&gateway.get("/health").body).expect("JSON");
    assert_eq!(health["secrets"]["DATABASE_URL"], true);
    assert_eq!(health["secrets"]["STRIPE_SECRET_KEY"], true);
    gateway.stop().exits_with(0);
}

#[test]
fn the_server_to_try_it_with_has_tls_and_an_authority_of_its_own() {
    let example = Example::bare();
    copy(&example.shell, &["server.sh"]);
    // What an earlier one left is replaced.
    example
        .write("dev/vault-ca.pem", "")
        .set_mode("dev/vault-ca.pem", 0o400);
    let address = format!("127.0.0.1:{}", free_port());
    // Its log would be that of the test.
    let line = format!("exec ./server.sh {address} 2>/dev/null");
    let shell = example.stranger("/bin/bash".as_ref());
    let server = Running::begin(shell.args(["-c", &line]));
    let ask = |lines: &str| {
        let shell = example.administrator("/bin/bash".as_ref());
        shell
            .env("VAULT_ADDR", format!("https://{address}"))
            .env("VAULT_CACERT", example.path("dev/vault-ca.pem"))
            .env("VAULT_TOKEN", "dummy-root-token")
            .args(["-c", lines])
            .run()
    };
    eventually("no server answers", || {
        let outcome = ask("bao secrets list");
        outcome.stdout().contains("secret/")
    });
    let secret = "bao kv put secret/app value=q7zk-5f31 > /dev/null && secret-run -- env";
    example.write(
        "secrets.toml",
        "version = 1\n[environments.production]\nbackend = \"vault\"\n\
         [backends.vault]\nkind = \"vault\"\n[secrets.TOKEN]\nkey = \"secret/app\"\n",
    );
    let outcome = ask(&format!("export SECRETS_ENV=production; {secret}"));
    assert_eq!(outcome.variables(&["TOKEN"]), ["q7zk-5f31"]);
    drop(server);
}
