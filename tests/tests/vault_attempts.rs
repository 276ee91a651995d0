//! What is asked of Vault again, and what is not: what failed in a way that may pass, and what must not
//! happen twice.

use secret_run_tests::{
    Fault, Launcher, Link, Outcome, Response, SecretServer, VaultProject, fake_vault, free_port,
};
use serde_json::json;

const VALUE: &str = "q7zk-5c00-of-vault";
const TOKEN: &str = "dummy-token-5c01";
const ENTRY: &str = "[secrets.TOKEN]\n";
const BACKEND: &str = "mount = \"secret\"\npath = \"app\"";
const LOGIN: &str = "/v1/auth/approle/login";

/// The one problem of a run that ends with it, which has this kind.
#[track_caller]
fn refused(project: &VaultProject, launcher: Launcher<'_>, kind: &str) -> (String, String) {
    project.refused(launcher, kind, &[VALUE, TOKEN])
}

#[track_caller]
fn came(outcome: &Outcome) {
    assert_eq!(VaultProject::variables(outcome, &["TOKEN"]), [VALUE]);
}

#[test]
fn servers_in_trouble_are_asked_again_and_then_named() {
    for (status, error, kind) in [
        (500, VALUE, "vault-server"),
        (502, VALUE, "vault-server"),
        (429, VALUE, "vault-throttled"),
        (503, "Vault is in standby mode", "vault-standby"),
        (
            500,
            "local node not active but active cluster node not found",
            "vault-standby",
        ),
    ] {
        let server = fake_vault(VALUE);
        let body = json!({ "errors": [error] }).to_string();
        server.answer(
            "/v1/secret/data/app/TOKEN",
            Response::new(status).body(body),
        );
        let project = VaultProject::new(BACKEND, ENTRY);
        let launcher = project.launcher_to(&format!("http://{}", server.address()));
        let _ = refused(&project, launcher.env("VAULT_TOKEN", TOKEN), kind);
        assert_eq!(server.requests().len(), 4, "{status} {error}");
    }
}

#[test]
fn links_that_break_are_tried_again_and_then_named() {
    let server = fake_vault(VALUE);
    for (fault, kind) in [
        (Fault::CutAfter(0), "vault-unreachable"),
        (Fault::ResetAfter(0), "vault-unreachable"),
        // In the middle of the answer.
        (Fault::CutAfter(60), "vault-unreachable"),
        (Fault::StallAfter(60), "vault-timed-out"),
    ] {
        let link = Link::to(server.address()).fault(fault);
        // With one request that can be counted.
        let project = VaultProject::new(&format!("{BACKEND}\nkv-version = 2"), ENTRY);
        let launcher = project.launcher_to(&format!("http://{}", link.address()));
        let _ = refused(&project, launcher.env("VAULT_TOKEN", TOKEN), kind);
        assert_eq!(link.connections(), 3, "{fault:?}");
    }
    let project = VaultProject::new(BACKEND, ENTRY);
    let launcher = || {
        let launcher = project.launcher_to(&format!("http://127.0.0.1:{}", free_port()));
        launcher.env("VAULT_TOKEN", TOKEN)
    };
    let _ = refused(&project, launcher(), "vault-unreachable");
    let proxied = launcher().env("https_proxy", "http://proxy.example.com:3128");
    let (_, hint) = refused(&project, proxied, "vault-unreachable");
    let proxy = "https_proxy is set, but secret-run goes through no proxy";
    assert!(hint.ends_with(proxy), "{hint}");
}

/// The number of requests to a path.
fn asked(server: &SecretServer, path: &str) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|request| request.path == path)
        .count()
}

/// The launcher, which logs in with a role.
fn with_role<'a>(project: &'a VaultProject, server: &SecretServer) -> Launcher<'a> {
    let launcher = project.launcher_to(&format!("http://{}", server.address()));
    let launcher = launcher.env("VAULT_ROLE_ID", "dummy-role");
    launcher.env("VAULT_SECRET_ID", TOKEN)
}

/// A secret id may be good for one login, which has been made where the answer was lost.
#[test]
fn a_login_that_may_have_been_made_is_not_made_again() {
    for (status, times) in [(500, 1), (502, 1), (504, 1), (503, 3), (429, 3)] {
        let server = fake_vault(VALUE);
        server.answer(LOGIN, Response::new(status).body("{\"errors\": []}"));
        let project = VaultProject::new(BACKEND, ENTRY);
        let outcome = with_role(&project, &server).command(project.marker()).run();
        outcome.exits_with(125);
        assert_eq!(asked(&server, LOGIN), times, "{status}");
    }
}

/// Each read of such an engine makes something, which only the answer names.
#[test]
fn a_read_that_may_have_made_something_is_not_made_again() {
    let path = "/v1/database/creds/app";
    for (status, times) in [(502, 1), (500, 1), (503, 3)] {
        let server = fake_vault(VALUE);
        let mounts = json!({ "data": { "secret": { "database/": { "type": "database" } } } });
        let mounts = Response::new(200).body(mounts.to_string());
        server.answer("/v1/sys/internal/ui/mounts", mounts);
        server.answer(path, Response::new(status).body("{\"errors\": []}"));
        let entry = "[secrets.USER]\nkey = \"database/creds/app#username\"\n";
        let project = VaultProject::new("", entry);
        let launcher = project.launcher_to(&format!("http://{}", server.address()));
        let _ = refused(&project, launcher.env("VAULT_TOKEN", TOKEN), "vault-server");
        assert_eq!(asked(&server, path), times, "{status}");
    }
}

#[test]
fn a_token_that_could_not_be_revoked_is_said_also_where_vault_went_away() {
    let server = fake_vault(VALUE);
    let auth = json!({ "auth": { "client_token": "dummy-made-5c02", "lease_duration": 60 } });
    server.answer(LOGIN, Response::new(200).body(auth.to_string()));
    let away = Response::new(502);
    server.answer("/v1/sys/internal/ui/mounts", away.clone());
    server.answer("/v1/auth/token/revoke-self", away);
    let entries = format!("{ENTRY}[secrets.OTHER]\n[secrets.THIRD]\n");
    let project = VaultProject::new(BACKEND, &entries);
    let outcome = with_role(&project, &server).command(project.marker()).run();
    let problems = outcome.exits_with(125).shows_no("dummy-made").problems();
    let told: Vec<_> = problems
        .iter()
        .map(|problem| (problem["kind"].clone(), problem["severity"].clone()))
        .collect();
    let warning = (json!("vault-token-not-revoked"), json!("warning"));
    let error = (json!("vault-server"), json!("error"));
    assert_eq!(told.len(), 2, "{outcome:?}");
    assert!(
        told.contains(&warning) && told.contains(&error),
        "{outcome:?}"
    );
}

/// What is leased with a token that was there has to be given back by itself.
#[test]
fn what_was_leased_is_given_back_where_nobody_tells_how_long_the_token_is_good() {
    let server = fake_vault(VALUE);
    let mounts = json!({ "data": { "secret": { "database/": { "type": "database" } } } });
    let mounts = Response::new(200).body(mounts.to_string());
    server.answer("/v1/sys/internal/ui/mounts", mounts);
    let leased = json!({
        "lease_id": "database/creds/app/dummy-lease-5c03", "lease_duration": 3600, "renewable": true,
        "data": { "username": VALUE },
    });
    server.answer(
        "/v1/database/creds/app",
        Response::new(200).body(leased.to_string()),
    );
    let denied = Response::new(403).body("{\"errors\": [\"permission denied\"]}");
    server.answer("/v1/auth/token/lookup-self", denied);
    let revoke = "/v1/sys/leases/revoke";
    server.answer(revoke, Response::new(204));
    let entry = "[secrets.USER]\nkey = \"database/creds/app#username\"\n";
    let project = VaultProject::new("leases = { at-least = \"1m\" }", entry);
    let launcher = project.launcher_to(&format!("http://{}", server.address()));
    let launcher = launcher.env("VAULT_TOKEN", TOKEN);
    let _ = refused(&project, launcher, "vault-permission-denied");
    assert_eq!(asked(&server, revoke), 1);
}

#[test]
fn where_the_active_server_is_gone_the_first_is_asked_again() {
    let server = fake_vault(VALUE);
    let path = "/v1/secret/data/app/TOKEN";
    let gone = format!("http://127.0.0.1:{}{path}", free_port());
    let secret = json!({ "data": {
        "data": { "value": VALUE }, "metadata": { "version": 1, "created_time": "" },
    } });
    let secret = Response::new(200).body(secret.to_string());
    server.answer(path, secret.only_after(1, Response::redirect(307, &gone)));
    let project = VaultProject::new(&format!("{BACKEND}\nkv-version = 2"), ENTRY);
    let launcher = project.launcher_to(&format!("http://{}", server.address()));
    came(&launcher.env("VAULT_TOKEN", TOKEN).command(["env"]).run());
}
