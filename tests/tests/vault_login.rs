//! The ways to log in to OpenBao, and what is left of a login.

use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_run_tests::{
    Identity, Issuer, OpenBao, Outcome, Postgres, Response, SecretServer, VaultProject,
};
use serde_json::{Value, json};

const VALUE: &str = "q7zk-5b00-of-vault";
const READ: &str = "path \"secret/data/app/*\" { capabilities = [\"read\"] }";
const ENTRY: &str = "[secrets.TOKEN]\nkey = \"/secret/app/TOKEN\"\n";

/// A server with one secret, and a policy `app` that lets it be read.
fn server() -> OpenBao {
    let bao = OpenBao::start();
    bao.put("app/TOKEN", &json!({ "value": VALUE }));
    bao.policy("app", READ);
    bao
}

/// A server that logs the role `app` in by its id and a secret. Answers both.
fn with_app_role() -> (OpenBao, String, String) {
    let bao = server();
    let (role, secret) = bao.app_role(&json!({ "token_policies": "app", "token_ttl": "1h" }));
    (bao, role, secret)
}

/// The value came, and of the login nothing is left: no token that was not there before.
#[track_caller]
fn logged_in(bao: &OpenBao, before: &[String], outcome: &Outcome) {
    assert_eq!(VaultProject::variables(outcome, &["TOKEN"]), [VALUE]);
    assert_eq!(sorted(bao.tokens()), sorted(before.to_vec()));
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[test]
fn a_token_comes_from_a_variable_the_home_folder_or_a_file() {
    let bao = server();
    let token = bao.token(READ);
    let project = VaultProject::new("", ENTRY);
    let outcome = project.stranger(&bao).command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("vault-no-credentials");
    let message = problem["message"].as_str().expect("a message is a text");
    assert!(
        message.starts_with("no token for Vault: tried VAULT_TOKEN"),
        "{message}"
    );
    project.write(".vault-token", format!("{token}\n"));
    let before = bao.tokens();
    let outcome = project.stranger(&bao).command(["env"]).run();
    logged_in(&bao, &before, &outcome);
    // The variable wins, and the command does not get it.
    project.write(".vault-token", "dummy-other");
    let launcher = project.stranger(&bao).env("VAULT_TOKEN", &token);
    let outcome = launcher.command(["env"]).run();
    logged_in(&bao, &before, &outcome);
    outcome.shows_no(&token);
    let file = "auth = { method = \"token\", token-file = \"agent/token\" }";
    let project = VaultProject::new(file, ENTRY);
    project.write("agent/token", &token);
    let launcher = project.stranger(&bao).env("VAULT_TOKEN", "dummy-other");
    logged_in(&bao, &before, &launcher.command(["env"]).run());
    project.set_mode("agent/token", 0o644);
    let outcome = project.stranger(&bao).command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("file-readable-by-others");
    assert!(!project.started());
}

#[test]
fn a_token_file_that_cannot_be_looked_for_is_not_taken_for_a_missing_one() {
    let file = "auth = { method = \"token\", token-file = \"secrets.toml/token\" }";
    let project = VaultProject::new(file, ENTRY);
    let launcher = project.launcher_to("http://127.0.0.1:1");
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("not-a-directory");
}

#[test]
fn the_plan_shows_whom_a_manifest_asks_and_what_it_shows_them() {
    let backend = "address = \"https://vault.example.com\"\n\
                   auth = { method = \"jwt\", role = \"app\", jwt-file = \"/home/me/dummy\" }";
    let aws = "[backends.store]\nkind = \"aws-parameter-store\"\nprofile = \"team\"\n\
               endpoint = \"https://aws.example.com\"\n[secrets.LEVEL]\nfrom = \"store:level\"\n";
    let project = VaultProject::new(backend, &format!("{ENTRY}{aws}"));
    let plan = |words: &[&str]| {
        let launcher = project.launcher_to("").args(["plan"]).args(words);
        let outcome = launcher.run();
        outcome.exits_with(0);
        outcome
    };
    let backends = plan(&["--format", "json"]).stdout_json()["backends"].clone();
    assert_eq!(
        backends,
        json!([
            {
                "name": "vault", "kind": "vault", "address": "https://vault.example.com", "login": "jwt",
                "login.role": "app", "login.jwt-file": "/home/me/dummy",
            },
            {
                "name": "store", "kind": "aws-parameter-store", "profile": "team",
                "endpoint": "https://aws.example.com",
            },
        ])
    );
    plan(&[])
        .stdout_has("\nvault (vault)\n  address: https://vault.example.com\n  login: jwt\n")
        .stdout_has("  login.jwt-file: /home/me/dummy\n")
        .stdout_has("\nstore (aws-parameter-store)\n  endpoint: https://aws.example.com\n");
}

#[test]
fn a_role_logs_in_with_variables_or_files_and_its_token_is_revoked() {
    let (bao, role, secret) = with_app_role();
    let before = bao.tokens();
    let project = VaultProject::new("", ENTRY);
    let launcher = project.stranger(&bao).env("VAULT_ROLE_ID", &role);
    let outcome = launcher.env("VAULT_SECRET_ID", &secret).command(["env"]);
    let outcome = outcome.run();
    logged_in(&bao, &before, &outcome);
    outcome.shows_no(&secret);
    let backend = format!(
        "auth = {{ method = \"approle\", role-id = \"{role}\", secret-id-file = \"secret\" }}"
    );
    let project = VaultProject::new(&backend, ENTRY);
    project.write("secret", format!("{secret}\n"));
    logged_in(
        &bao,
        &before,
        &project.stranger(&bao).command(["env"]).run(),
    );
    project.write("secret", "dummy-other");
    let outcome = project.stranger(&bao).command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("vault-login-refused");
    let message = "Vault refuses the login with the method `approle` at `auth/approle`";
    assert_eq!(problem["message"], message);
}

#[test]
fn the_token_of_a_login_is_revoked_when_the_run_fails_as_well() {
    let (bao, role, secret) = with_app_role();
    let before = bao.tokens();
    let entries = format!("{ENTRY}[secrets.DENIED]\nkey = \"secret/other\"\n");
    let project = VaultProject::new("", &entries);
    let launcher = project.stranger(&bao).env("VAULT_ROLE_ID", &role);
    let launcher = launcher.env("VAULT_SECRET_ID", &secret);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("vault-permission-denied");
    assert!(!project.started());
    assert_eq!(sorted(bao.tokens()), sorted(before));
}

#[test]
fn a_wrapped_secret_id_is_unwrapped_once() {
    let (bao, role, _) = with_app_role();
    let wrapping = bao.wrapped_secret_id("app");
    let backend =
        format!("auth = {{ method = \"approle\", role-id = \"{role}\", wrapped = true }}");
    let project = VaultProject::new(&backend, ENTRY);
    let launcher = || project.stranger(&bao).env("VAULT_SECRET_ID", &wrapping);
    let outcome = launcher().command(["env"]).run();
    assert_eq!(VaultProject::variables(&outcome, &["TOKEN"]), [VALUE]);
    outcome.shows_no(&wrapping);
    let outcome = launcher().command(project.marker()).run();
    outcome.shows_no(&wrapping);
    let problem = outcome.exits_with(125).problem("vault-unwrap");
    let hint = problem["hint"].as_str().expect("a hint is a text");
    assert!(hint.contains("somebody else has"), "{hint}");
}

/// Somebody who came between has unwrapped the secret id, and wrapped it or another one again.
#[test]
fn what_was_not_wrapped_by_the_role_itself_is_not_unwrapped() {
    let (bao, role, secret) = with_app_role();
    bao.call("POST", "sys/auth/other", &json!({ "type": "approle" }));
    bao.call("POST", "auth/other/role/app", &json!({}));
    let again = json!({ "secret_id": secret });
    for wrapping in [
        bao.wrapped("sys/wrapping/wrap", &again),
        bao.wrapped("auth/other/role/app/secret-id", &json!({})),
    ] {
        let backend =
            format!("auth = {{ method = \"approle\", role-id = \"{role}\", wrapped = true }}");
        let project = VaultProject::new(&backend, ENTRY);
        let launcher = project.stranger(&bao).env("VAULT_SECRET_ID", &wrapping);
        let outcome = launcher.command(project.marker()).run();
        let problem = outcome.exits_with(125).problem("vault-foreign-wrapping");
        let hint = problem["hint"].as_str().expect("a hint is a text");
        assert!(
            hint.contains("destroy the secret ids of the role"),
            "{hint}"
        );
        outcome.shows_no(&wrapping).shows_no(&secret);
        assert!(!project.started());
        // It is there for whoever looks into it.
        let reply = bao.ask("POST", "sys/wrapping/unwrap", &wrapping, &Value::Null);
        assert_eq!(reply.status, 200);
    }
}

#[test]
fn a_user_logs_in_with_a_password_that_the_command_does_not_get() {
    let bao = server();
    bao.enable_auth("userpass");
    let user = json!({ "password": "dummy-password", "token_policies": "app" });
    bao.call("POST", "auth/userpass/users/app", &user);
    let before = bao.tokens();
    let auth = "auth = { method = \"userpass\", username = \"app\", password-variable = \"PASS\" }";
    let project = VaultProject::new(auth, ENTRY);
    let launcher = project.stranger(&bao).env("PASS", "dummy-password");
    let outcome = launcher.command(["env"]).run();
    logged_in(&bao, &before, &outcome);
    outcome.shows_no("dummy-password");
}

#[test]
fn a_certificate_logs_in_over_tls() {
    let bao = server();
    bao.enable_auth("cert");
    let role = json!({ "certificate": bao.authority().certificate, "token_policies": "app" });
    bao.call("POST", "auth/cert/certs/app", &role);
    let before = bao.tokens();
    let backend = format!(
        "address = \"{}\"\nauth = {{ method = \"cert\", role = \"app\" }}\n\
         tls = {{ authority = \"authority.pem\", certificate = \"app.pem\", key = \"app-key.pem\" }}",
        bao.tls_url()
    );
    let project = VaultProject::new(&backend, ENTRY);
    let Identity { certificate, key } = bao.authority().certify(&["app.example.com"]);
    project.write("authority.pem", &bao.authority().certificate);
    project
        .write("app.pem", certificate)
        .write("app-key.pem", key);
    logged_in(
        &bao,
        &before,
        &project.stranger(&bao).command(["env"]).run(),
    );
    project.set_mode("app-key.pem", 0o644);
    let outcome = project.stranger(&bao).command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("file-readable-by-others");
}

#[test]
fn a_token_of_an_issuer_logs_in() {
    let bao = server();
    bao.enable_auth("jwt");
    let issuer = Issuer::new();
    let token = issuer.token("app", &json!({}));
    let config = json!({ "jwt_validation_pubkeys": [issuer.public_key] });
    bao.call("POST", "auth/jwt/config", &config);
    let role = json!({
        "role_type": "jwt", "bound_audiences": ["vault"], "user_claim": "sub",
        "bound_subject": "app", "token_policies": "app",
    });
    bao.call("POST", "auth/jwt/role/app", &role);
    let before = bao.tokens();
    let auth = "auth = { method = \"jwt\", role = \"app\", jwt-variable = \"CI_JOB_JWT\" }";
    let project = VaultProject::new(auth, ENTRY);
    let launcher = project.stranger(&bao).env("CI_JOB_JWT", &token);
    let outcome = launcher.command(["env"]).run();
    logged_in(&bao, &before, &outcome);
    outcome.shows_no(&token);
    let auth = "auth = { method = \"jwt\", role = \"app\", jwt-file = \"token\" }";
    let project = VaultProject::new(auth, ENTRY);
    project.write("token", &token);
    logged_in(
        &bao,
        &before,
        &project.stranger(&bao).command(["env"]).run(),
    );
}

/// OpenBao asks the cluster who a service account is; here, a server that answers as one does.
#[test]
fn the_token_of_a_service_account_logs_in() {
    let bao = server();
    let cluster = SecretServer::start();
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
        "status": { "authenticated": true, "audiences": ["vault"], "user": {
            "username": "system:serviceaccount:shop:app", "uid": "dummy-uid",
            "groups": ["system:serviceaccounts"],
        } },
    });
    let created = Response::new(201).header("content-type", "application/json");
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    cluster.answer(reviews, created.body(review.to_string()));
    bao.enable_auth("kubernetes");
    let issuer = Issuer::new();
    let account = json!({
        "namespace": "shop", "serviceaccount": { "name": "app", "uid": "dummy-uid" },
    });
    let claims = json!({ "kubernetes.io": account });
    let token = issuer.token("system:serviceaccount:shop:app", &claims);
    let config = json!({
        "kubernetes_host": format!("http://{}", cluster.address()),
        "pem_keys": [issuer.public_key], "disable_local_ca_jwt": true,
        "kubernetes_ca_cert": bao.authority().certificate,
    });
    bao.call("POST", "auth/kubernetes/config", &config);
    let role = json!({
        "bound_service_account_names": "app", "bound_service_account_namespaces": "shop",
        "audience": "vault",
        "token_policies": "app",
    });
    bao.call("POST", "auth/kubernetes/role/app", &role);
    let before = bao.tokens();
    let auth = "auth = { method = \"kubernetes\", role = \"app\", jwt-file = \"token\" }";
    let project = VaultProject::new(auth, ENTRY);
    // As Kubernetes has it.
    project.write("token", &token).set_mode("token", 0o644);
    logged_in(
        &bao,
        &before,
        &project.stranger(&bao).command(["env"]).run(),
    );
    assert_eq!(cluster.requests().len(), 1);
}

#[test]
fn a_token_that_a_lease_hangs_on_is_kept_and_that_is_said() {
    let (bao, role, secret) = with_app_role();
    let postgres = Postgres::start();
    bao.dynamic_users(&postgres);
    bao.policy(
        "app",
        "path \"database/creds/app\" { capabilities = [\"read\"] }",
    );
    let before = bao.tokens().len();
    let entries = "[secrets.DB_USER]\nkey = \"database/creds/app#username\"\n\
                   [secrets.DB_PASSWORD]\nkey = \"database/creds/app#password\"\n";
    let project = VaultProject::new("", entries);
    let launcher = project.stranger(&bao).env("VAULT_ROLE_ID", &role);
    let launcher = launcher.env("VAULT_SECRET_ID", &secret);
    let outcome = launcher
        .env("SECRET_RUN_LOG", "info")
        .command(["env"])
        .run();
    let found = VaultProject::variables(&outcome, &["DB_USER", "DB_PASSWORD"]);
    outcome.stderr_has("the token of this login is kept, since leases end with it");
    assert_eq!(bao.tokens().len(), before + 1);
    assert_eq!(postgres.login(&found[0], &found[1]), Some(found[0].clone()));
    // Where the run fails, nobody gets the user, so it goes with the token.
    let entries = format!("{entries}[secrets.DENIED]\nkey = \"secret/other\"\n");
    let project = VaultProject::new("", &entries);
    let launcher = project.stranger(&bao).env("VAULT_ROLE_ID", &role);
    let launcher = launcher.env("VAULT_SECRET_ID", &secret);
    launcher.command(["env"]).run().exits_with(125);
    assert_eq!(bao.tokens().len(), before + 1);
    // OpenBao takes its time.
    let start = Instant::now();
    while bao.leases() != 1 {
        assert!(start.elapsed() < Duration::from_secs(30), "the lease stays");
        sleep(Duration::from_millis(50));
    }
}
