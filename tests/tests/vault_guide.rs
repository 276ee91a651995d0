//! The guide for production in `docs/vault.md`: its commands, manifests and configurations run as they
//! stand there, against OpenBao, its agent and PostgreSQL. Only what names somebody else's
//! machine or folder is replaced.

use std::fs;
use std::os::unix::fs::symlink;
use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_run_tests::{
    Issuer, OpenBao, Outcome, Postgres, Response, Running, SecretServer, VaultShell, built_server,
    repository,
};
use serde_json::{Value, json};

const VALUE: &str = "q7zk-5e01-of-vault";
const URL: &str = "https://vault.example.com:8200";

/// The block of code in this language, counted from 0, under a heading of the guide.
#[track_caller]
fn block(heading: &str, language: &str, number: usize) -> String {
    let guide = fs::read_to_string(repository("docs/vault.md")).expect("the guide is text");
    let (mut here, mut fence) = (false, None::<String>);
    let mut blocks: Vec<(String, String)> = Vec::new();
    for line in guide.lines() {
        match (&fence, line.strip_prefix("```")) {
            (None, Some(opened)) => {
                fence = Some(opened.to_owned());
                blocks.extend(here.then(|| (opened.to_owned(), String::new())));
            }
            (Some(_), Some(_)) => fence = None,
            (Some(_), None) if here => {
                let (_, text) = blocks.last_mut().expect("a fence opens a block");
                text.push_str(line);
                text.push('\n');
            }
            (None, None) if line.starts_with('#') => here = line == heading,
            _ => {}
        }
    }
    let mut found = blocks.into_iter().filter(|(of, _)| of == language);
    let found = found.nth(number);
    found
        .unwrap_or_else(|| panic!("no {language} {number} under `{heading}`"))
        .1
}

/// The same text with something else in place of what is in it.
#[track_caller]
fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from} in\n{text}");
        text.replace(from, to)
    })
}

/// The lines that the step of a pipeline runs.
fn step(pipeline: &str) -> String {
    let (_, step) = pipeline
        .split_once("- run: |\n")
        .expect("it has a step of lines");
    step.lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

/// A server, and somebody who has `vault`, and an app that shows what it got.
fn shell() -> VaultShell {
    let shell = VaultShell::start();
    shell.write("bin/README", "");
    let bao = built_server("bao").expect("`cargo xtask test --setup-only` installs it");
    symlink(bao, shell.path("bin/vault")).expect("a link can be made");
    shell
        .write("deploy", "#!/bin/sh\nenv\n")
        .set_mode("deploy", 0o700);
    shell
}

/// A manifest with one secret, whose backend has these lines of the guide.
fn one_secret(shell: &VaultShell, backend: &str) {
    let manifest = format!(
        "version = 1\n[environments.production]\nbackend = \"vault\"\n\
         [backends.vault]\nkind = \"vault\"\nmount = \"secret\"\npath = \"agentauri\"\n{backend}\n\
         [secrets.JWT_SECRET]\n"
    );
    shell.write("secrets.toml", manifest);
    let fields = json!({ "value": VALUE });
    shell.bao.put("agentauri/JWT_SECRET", &fields);
}

/// Runs lines of the guide as who may do everything.
#[track_caller]
fn administrate(shell: &VaultShell, lines: &str) -> Outcome {
    let outcome = shell.lines(OpenBao::ROOT, lines);
    outcome.exits_with(0);
    outcome
}

/// Runs lines of the guide as who starts the app and has no token.
fn start(shell: &VaultShell, variables: &[(&str, &str)], lines: &str) -> Outcome {
    let bash = shell.stranger("/bin/bash".as_ref());
    let bash = bash.env("SECRETS_ENV", "production");
    let bash = variables
        .iter()
        .fold(bash, |bash, (name, value)| bash.env(name, value));
    bash.args(["-euo", "pipefail", "-c", lines]).run()
}

#[track_caller]
fn came(outcome: &Outcome) {
    assert_eq!(outcome.variables(&["JWT_SECRET"]), [VALUE]);
    assert!(!outcome.stdout().contains("\nVAULT_TOKEN="));
    assert!(!outcome.stdout().contains("\nVAULT_SECRET_ID="));
    assert!(!outcome.stdout().contains("\nVAULT_JWT="));
}

#[test]
fn the_first_manifest_of_the_guide_runs_with_the_policy_that_is_printed_for_it() {
    const DATABASE: &str = "### Users of a database";
    let (shell, postgres) = (shell(), Postgres::start());
    let secrets = [
        ("agentauri/JWT_SECRET", "value"),
        ("agentauri/database", "password"),
    ];
    for (path, field) in secrets {
        let mut fields = serde_json::Map::new();
        fields.insert(field.to_owned(), VALUE.into());
        shell.bao.put(path, &fields.into());
    }
    administrate(
        &shell,
        "vault secrets enable -path=partners -version=1 kv; vault kv put partners/shared/key value=v",
    );
    let statements = "CREATE ROLE agentauri; CREATE ROLE vault LOGIN CREATEROLE PASSWORD \
                      'dummy-password'; GRANT agentauri TO vault WITH ADMIN OPTION;";
    shell.write("database.sql", statements);
    shell.set_mode("database.sql", 0o644);
    postgres.run_file(&shell.path("database.sql"), &[]);
    let database = [
        ("db.example.com:5432", postgres.address().to_string()),
        ("sslmode=verify-full", "sslmode=disable".to_owned()),
    ];
    let database = database.each_ref().map(|(from, to)| (*from, to.as_str()));
    let users = replaced(&block(DATABASE, "sh", 0), &database);
    administrate(
        &shell,
        &format!("VAULT_DATABASE_PASSWORD=dummy-password\n{users}"),
    );

    let auth = "auth = { method = \"approle\" }";
    let wrapped = block("### CI, with AppRole", "toml", 0);
    let composed = replaced(
        &block(DATABASE, "toml", 0),
        &[database[0], database[1], ("/agentauri?", "/postgres?")],
    );
    let first = block("# HashiCorp Vault and OpenBao", "toml", 0);
    let manifest = replaced(&first, &[(auth, &wrapped)]);
    shell.write("secrets.toml", format!("{manifest}\n{composed}"));

    // The policy stands in the guide as it is printed, and is piped as the guide has it.
    let printed = start(&shell, &[], "secret-run vault policy --env production");
    let policy = block("## What a token must be allowed", "hcl", 0);
    assert_eq!(printed.exits_with(0).stdout(), policy);
    administrate(&shell, &block("## In production", "sh", 0));
    administrate(&shell, &block("### CI, with AppRole", "sh", 0));
    // Who has a day gives the role a day.
    administrate(&shell, &block(DATABASE, "sh", 1));
    let before = shell.bao.tokens();
    let lines = block("### CI, with AppRole", "sh", 1);
    let lines = format!("export SECRETS_ENV=production\n{lines}");
    let outcome = administrate(&shell, &lines);
    came(&outcome);
    let names = [
        "DATABASE_PASSWORD",
        "PARTNER_KEY",
        "DB_USER",
        "DATABASE_URL",
    ];
    let got = outcome.variables(&names);
    assert_eq!(got[..2], [VALUE, "v"]);
    let login = postgres.login_to(&got[3]);
    assert_eq!(login, Some((got[2].clone(), got[2].clone())));
    let after = shell.bao.tokens();
    let kept: Vec<_> = after.iter().filter(|one| !before.contains(one)).collect();
    assert_eq!(kept.len(), 1, "the token that the user hangs on is kept");
    let lookup = json!({ "accessor": kept[0] });
    let found = shell
        .bao
        .call("POST", "auth/token/lookup-accessor", &lookup);
    assert_eq!(found["data"]["creation_ttl"], 24 * 60 * 60);
}

#[test]
fn a_pipeline_logs_in_with_what_it_keeps_or_with_the_token_of_its_job() {
    const APP_ROLE: &str = "### CI, with AppRole";
    const JWT: &str = "### CI, with the token of the job";
    let shell = shell();
    one_secret(&shell, "");
    administrate(&shell, &block("## In production", "sh", 0));
    administrate(&shell, &block(APP_ROLE, "sh", 0));
    let lasting = block(APP_ROLE, "sh", 2);
    administrate(
        &shell,
        &replaced(&lasting, &[("192.0.2.0/24", "127.0.0.1/32")]),
    );
    let role = shell.answer("vault read -field=role_id auth/approle/role/agentauri/role-id");
    let id = "vault write -force -field=secret_id auth/approle/role/agentauri/secret-id";
    let id = shell.answer(id);
    let pipeline = block(APP_ROLE, "yaml", 0);
    let (_, line) = pipeline.split_once("- run: ").expect("it has a step");
    let line = line.lines().next().expect("a step is a line");
    let variables = [("VAULT_ROLE_ID", &*role), ("VAULT_SECRET_ID", &*id)];
    for backend in ["", "auth = { method = \"approle\" }"] {
        one_secret(&shell, backend);
        came(&start(&shell, &variables, line));
    }
    // From elsewhere the secret id is good for nothing.
    administrate(&shell, &lasting);
    let id = "vault write -force -field=secret_id auth/approle/role/agentauri/secret-id";
    let elsewhere = [
        ("VAULT_ROLE_ID", &*role),
        ("VAULT_SECRET_ID", &shell.answer(id)),
    ];
    let outcome = start(&shell, &elsewhere, line);
    outcome.exits_with(125).stderr_has("vault-login-refused");

    let issuer = Issuer::new();
    shell.write("issuer.pem", &issuer.public_key);
    let discovery = "oidc_discovery_url=https://token.actions.githubusercontent.com";
    let keys = "jwt_validation_pubkeys=@issuer.pem";
    administrate(
        &shell,
        &replaced(&block(JWT, "sh", 0), &[(discovery, keys)]),
    );
    one_secret(&shell, &block(JWT, "toml", 0));
    let script = step(&block(JWT, "yaml", 0));
    let jobs = SecretServer::start();
    let run = |environment: &str| {
        let claims = json!({
            "iss": "https://token.actions.githubusercontent.com", "aud": [URL],
            "repository": "shop/agentauri", "environment": environment,
        });
        let subject = format!("repo:shop/agentauri:environment:{environment}");
        let token = issuer.token(&subject, &claims);
        let answer = Response::new(200).header("content-type", "application/json");
        let answer = answer.body(json!({ "value": token }).to_string());
        jobs.answer("/token", answer);
        let url = jobs.url("/token?api-version=2.0");
        let variables = [
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "dummy-request-token"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &*url),
        ];
        let outcome = start(&shell, &variables, &script);
        outcome.shows_no(&token);
        outcome
    };
    came(&run("production"));
    let asked = jobs.requests().pop().expect("the job asks for its token");
    let audience = format!("audience={}", shell.bao.tls_url());
    assert!(asked.path.ends_with(&audience), "{}", asked.path);
    assert_eq!(
        asked.header("authorization"),
        Some("Bearer dummy-request-token")
    );
    // A job of another environment is not let in.
    let outcome = run("staging");
    outcome.exits_with(125).stderr_has("vault-login-refused");
}

/// OpenBao asks the cluster who a service account is; here, a server that answers as one does.
#[test]
fn a_pod_logs_in_with_a_token_that_is_for_vault_alone() {
    const HEADING: &str = "### Kubernetes";
    let shell = shell();
    let (cluster, issuer) = (SecretServer::start(), Issuer::new());
    let reviewed = |audience: &str| {
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "status": { "authenticated": true, "audiences": [audience], "user": {
                "username": "system:serviceaccount:shop:agentauri", "uid": "dummy-uid",
                "groups": ["system:serviceaccounts"],
            } },
        });
        let created = Response::new(201).header("content-type", "application/json");
        let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
        cluster.answer(reviews, created.body(review.to_string()));
        let account = json!({
            "namespace": "shop", "serviceaccount": { "name": "agentauri", "uid": "dummy-uid" },
        });
        let claims = json!({ "kubernetes.io": account, "aud": [audience] });
        issuer.token("system:serviceaccount:shop:agentauri", &claims)
    };
    shell.write("issuer.pem", &issuer.public_key);
    let host = format!(
        "kubernetes_host={} disable_local_ca_jwt=true pem_keys=@issuer.pem \
         kubernetes_ca_cert=@authority.pem",
        cluster.origin()
    );
    let here = "kubernetes_host=https://kubernetes.default.svc";
    let commands = replaced(&block(HEADING, "sh", 0), &[(here, &*host)]);
    administrate(&shell, &commands);
    let file = shell.path("token").display().to_string();
    let auth = block(HEADING, "toml", 0);
    one_secret(&shell, &replaced(&auth, &[("/run/vault/token", &*file)]));
    administrate(&shell, &block("## In production", "sh", 0));
    // As a projected volume has it.
    shell
        .write("token", reviewed("vault"))
        .set_mode("token", 0o644);
    came(&start(&shell, &[], "secret-run -- ./deploy"));
    // One that is for the cluster is not taken.
    let other = reviewed("https://kubernetes.default.svc");
    shell.write("token", &other).set_mode("token", 0o644);
    let outcome = start(&shell, &[], "secret-run -- ./deploy");
    outcome.exits_with(125).stderr_has("vault-login-refused");

    // The deployment mounts the token where the manifest reads it, for the audience of the role.
    let deployment = block(HEADING, "yaml", 0);
    for part in [
        "serviceAccountName: agentauri",
        "namespace: shop",
        "{ name: vault-token, mountPath: /run/vault, readOnly: true }",
        "serviceAccountToken: { path: token, audience: vault, ",
    ] {
        assert!(deployment.contains(part), "{part}");
    }
}

#[test]
fn an_agent_gives_its_token_as_a_file_or_by_its_socket() {
    const HEADING: &str = "### An agent";
    let shell = shell();
    one_secret(&shell, "auth = { method = \"approle\" }");
    administrate(&shell, &block("## In production", "sh", 0));
    let role = "vault auth enable approle; vault write auth/approle/role/agentauri \
                token_policies=agentauri token_ttl=1h; mkdir -p -m 700 etc run; \
                vault read -field=role_id auth/approle/role/agentauri/role-id > etc/role-id; \
                vault write -force -field=secret_id auth/approle/role/agentauri/secret-id > id";
    administrate(&shell, role);
    let folder = |name: &str| format!("{}/", shell.path(name).display());
    let (etc, run) = (folder("etc"), folder("run"));
    let address = shell.bao.tls_url();
    let places = [(URL, &*address), ("/run/vault/", &*run)];
    let configuration = replaced(&block(HEADING, "hcl", 0), &places);
    let configuration = replaced(&configuration, &[("/etc/vault/", &*etc)]);
    shell.write("etc/ca.crt", &shell.bao.authority().certificate);
    let agent = |number: usize, configuration: &str| {
        for old in ["run/token", "run/agent.sock"] {
            // The first has left none.
            let _ = fs::remove_file(shell.path(old));
        }
        shell.write("agent.hcl", configuration);
        // It removes the secret id that it has read, and what it needs stands in its configuration.
        let command = block(HEADING, "sh", number);
        let line = format!(
            "unset VAULT_ADDR VAULT_CACERT; cp id etc/secret-id; exec {} > log 2>&1",
            command.trim()
        );
        let bash = shell.stranger("/bin/bash".as_ref());
        let running = Running::begin(bash.args(["-c", &line]));
        let started = Instant::now();
        while !(shell.path("run/token").exists() && shell.path("run/agent.sock").exists()) {
            let log = || fs::read_to_string(shell.path("log"));
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", log());
            sleep(Duration::from_millis(20));
        }
        running
    };
    let run_by = |number: usize, pairs: &[(&str, &str)], variables: &[(&str, &str)]| {
        let backend = replaced(&block(HEADING, "toml", number), pairs);
        one_secret(&shell, &backend);
        start(&shell, variables, "secret-run -- ./deploy")
    };
    let socket = [("/run/vault/", &*run)];

    let running = agent(0, &configuration);
    let token = fs::read_to_string(shell.path("run/token")).expect("the sink is a text");
    let before = shell.bao.tokens();
    came(&run_by(0, &places, &[]));
    came(&run_by(1, &socket, &[]));
    // A token that is there is sent, and the agent leaves it as it is.
    let variable = [("VAULT_TOKEN", "dummy-other-token")];
    let outcome = run_by(1, &socket, &variable);
    outcome.exits_with(125).stderr_has("vault-bad-token");
    // The agent's own is left alone.
    assert_eq!(shell.bao.tokens().len(), before.len());
    let looked_up = shell
        .bao
        .ask("GET", "auth/token/lookup-self", &token, &Value::Null);
    assert_eq!(looked_up.status, 200);
    drop(running);

    let silent = [("use_auto_auth_token = true", "use_auto_auth_token = false")];
    // What the second command starts reads the same configuration.
    let running = agent(1, &replaced(&configuration, &silent));
    for stated in ["", "\nkv-version = 2"] {
        let backend = format!("agent.sock\"{stated}");
        let outcome = run_by(1, &[socket[0], ("agent.sock\"", &*backend)], &[]);
        outcome
            .exits_with(125)
            .stderr_has("vault-no-credentials")
            .stderr_has("the agent's own");
    }
    drop(running);
    let outcome = run_by(1, &socket, &[]);
    outcome.exits_with(125).stderr_has("vault-unreachable");
}

#[test]
fn an_authority_of_ones_own_is_named_as_the_guide_says() {
    let shell = shell();
    shell.write("ca.crt", &shell.bao.authority().certificate);
    let lines = block("### An authority of your own", "sh", 0);
    let manifest = ["", "tls = { authority = \"ca.crt\" }"];
    for (backend, lines) in [
        (manifest[0], &*lines),
        (manifest[1], "secret-run check --env production"),
    ] {
        one_secret(&shell, backend);
        let bash = shell.administrator("/bin/bash".as_ref());
        let bash = bash.env("VAULT_CACERT", "");
        let outcome = bash.args(["-euo", "pipefail", "-c", lines]).run();
        outcome.exits_with(0);
    }
    // `curl` and secret-run agree on who is not vouched for.
    one_secret(&shell, "");
    let bash = shell.administrator("/bin/bash".as_ref());
    let bash = bash.env("VAULT_CACERT", "");
    let lines =
        "curl -s \"$VAULT_ADDR/v1/sys/health\"; test $? = 60 && secret-run check --env production";
    let outcome = bash.args(["-c", lines]).run();
    outcome.exits_with(125).stderr_has("vault-certificate");
}
