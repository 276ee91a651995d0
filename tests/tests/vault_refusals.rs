//! What Vault refuses, and what is refused of it: each in the user's words, and with nothing of an
//! answer or a credential in them.

use std::thread::sleep;
use std::time::Duration;

use secret_run_tests::{
    Authority, Launcher, OpenBao, Outcome, Response, SecretServer, VaultProject, fake_vault,
};
use serde_json::json;

const VALUE: &str = "q7zk-5c00-of-vault";
const TOKEN: &str = "dummy-token-5c01";
const ENTRY: &str = "[secrets.TOKEN]\n";
const BACKEND: &str = "mount = \"secret\"\npath = \"app\"";

fn server() -> OpenBao {
    let bao = OpenBao::start();
    bao.put("app/TOKEN", &json!({ "value": VALUE }));
    bao
}

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
fn a_policy_without_the_path_is_named_with_the_stanza_that_grants_it() {
    let bao = server();
    for stated in ["", "\nkv-version = 2"] {
        let token = bao.token("path \"secret/data/other\" { capabilities = [\"read\"] }");
        let project = VaultProject::new(&format!("{BACKEND}{stated}"), ENTRY);
        let launcher = project.stranger(&bao).env("VAULT_TOKEN", &token);
        let (message, hint) = refused(&project, launcher, "vault-permission-denied");
        assert_eq!(message, "Vault denies `read` on `secret/data/app/TOKEN`");
        let stanza = "path \"secret/data/app/TOKEN\" { capabilities = [\"read\"] }";
        assert_eq!(
            hint,
            format!("this stanza in a policy of the token grants it: {stanza}")
        );
        let token = bao.token(stanza);
        let launcher = project.stranger(&bao).env("VAULT_TOKEN", token);
        came(&launcher.command(["env"]).run());
    }
}

#[test]
fn a_token_that_has_expired_is_told_from_one_that_may_not() {
    let bao = server();
    let short = bao.call("POST", "auth/token/create", &json!({ "ttl": "1s" }));
    let short = short["auth"]["client_token"]
        .as_str()
        .expect("a token is a text");
    sleep(Duration::from_secs(2));
    for stated in ["", "\nkv-version = 2"] {
        let project = VaultProject::new(&format!("{BACKEND}{stated}"), ENTRY);
        for token in [short, TOKEN] {
            let launcher = project.stranger(&bao).env("VAULT_TOKEN", token);
            let (_, hint) = refused(&project, launcher, "vault-bad-token");
            assert_eq!(hint, "log in again, or set a new token");
        }
    }
}

#[test]
fn a_sealed_server_is_named_at_once() {
    let bao = server();
    bao.seal();
    // With one request that can be counted.
    let project = VaultProject::new(&format!("{BACKEND}\nkv-version = 2"), ENTRY);
    let launcher = || project.stranger(&bao).env("VAULT_TOKEN", TOKEN);
    let (message, _) = refused(&project, launcher(), "vault-sealed");
    assert_eq!(message, format!("Vault at `{}` is sealed", bao.url()));
    let launcher = launcher().env("SECRET_RUN_LOG", "debug");
    let outcome = launcher.command(project.marker()).run();
    assert_eq!(outcome.stderr().matches("request to Vault").count(), 1);
}

#[test]
fn a_wrong_mount_a_wrong_namespace_and_a_wrong_version_are_told_apart() {
    let bao = server();
    bao.call(
        "POST",
        "sys/mounts/old",
        &json!({ "type": "kv", "options": { "version": "1" } }),
    );
    bao.call("POST", "old/app/TOKEN", &json!({ "value": VALUE }));
    let project = VaultProject::new("mount = \"secrets\"\npath = \"app\"", ENTRY);
    let (message, _) = refused(&project, project.launcher(&bao), "vault-no-mount");
    let nowhere = "`secrets/app/TOKEN` lies in no mount that this token may read from";
    assert_eq!(message, nowhere);
    let project = VaultProject::new(BACKEND, ENTRY);
    let launcher = project.launcher(&bao).env("VAULT_NAMESPACE", "team/app");
    let (message, _) = refused(&project, launcher, "vault-no-namespace");
    assert_eq!(message, "Vault has no namespace `team/app`");
    for (mount, stated) in [("secret", 1), ("old", 2)] {
        let backend = format!("mount = \"{mount}\"\npath = \"app\"\nkv-version = {stated}");
        let project = VaultProject::new(&backend, ENTRY);
        let (message, _) = refused(&project, project.launcher(&bao), "vault-wrong-kv-version");
        let wrong =
            format!("`{mount}` holds no version {stated} of the engine for keys and values");
        assert_eq!(message, wrong);
    }
}

#[test]
fn a_namespace_has_secrets_of_its_own() {
    let bao = OpenBao::start();
    bao.call("POST", "sys/namespaces/team", &json!({}));
    let kv = json!({ "type": "kv", "options": { "version": "2" } });
    bao.call("POST", "team/sys/mounts/secret", &kv);
    bao.call(
        "POST",
        "team/secret/data/app/TOKEN",
        &json!({ "data": { "value": VALUE } }),
    );
    let project = VaultProject::new(&format!("{BACKEND}\nnamespace = \"team\""), ENTRY);
    let launcher = project.launcher(&bao).env("VAULT_NAMESPACE", "other");
    came(&launcher.command(["env"]).run());
}

#[test]
fn a_certificate_must_be_of_the_authority_and_for_the_name() {
    let bao = server();
    let project = VaultProject::new(BACKEND, ENTRY);
    project.write("own/authority.pem", &bao.authority().certificate);
    project.write("other.pem", Authority::new().certificate);
    let launcher = || {
        project
            .launcher_to(&bao.tls_url())
            .env("VAULT_TOKEN", OpenBao::ROOT)
    };
    let with = |variable: &str, file: &str| launcher().env(variable, project.path(file));
    came(
        &with("VAULT_CACERT", "own/authority.pem")
            .command(["env"])
            .run(),
    );
    came(&with("VAULT_CAPATH", "own").command(["env"]).run());
    let named =
        |name: &str| with("VAULT_CACERT", "own/authority.pem").env("VAULT_TLS_SERVER_NAME", name);
    came(&named(OpenBao::NAME).command(["env"]).run());
    let (message, _) = refused(&project, named("other.example.com"), "vault-certificate");
    let url = bao.tls_url();
    assert_eq!(
        message,
        format!("the certificate of `{url}` is for another name")
    );
    for launcher in [launcher(), with("VAULT_CACERT", "other.pem")] {
        let (message, hint) = refused(&project, launcher, "vault-certificate");
        let nobody = format!("the certificate of `{url}` is signed by nobody who is trusted here");
        assert_eq!(message, nobody);
        assert!(hint.contains("VAULT_CACERT"), "{hint}");
    }
    let launcher = with("VAULT_CACERT", "secrets.toml");
    let _ = refused(&project, launcher, "vault-certificate-file");
    let half = with("VAULT_CACERT", "own/authority.pem");
    let half = half.env("VAULT_CLIENT_CERT", project.path("other.pem"));
    let _ = refused(&project, half, "vault-half-identity");
    // A server that speaks no TLS.
    let launcher = project.launcher_to(&format!("https://{}", bao.address()));
    let launcher = launcher.env("VAULT_TOKEN", TOKEN);
    let _ = refused(&project, launcher, "vault-tls");
}

#[test]
fn production_looks_at_every_certificate_and_sends_no_plain_text_away() {
    let bao = server();
    let project = VaultProject::new(BACKEND, ENTRY);
    let launcher = project
        .launcher_to(&bao.tls_url())
        .env("VAULT_TOKEN", OpenBao::ROOT);
    let launcher = launcher.env("VAULT_SKIP_VERIFY", "1");
    let _ = refused(&project, launcher, "vault-unverified");
    // An address for documentation: nothing is there, and nothing may be asked.
    let launcher = project.launcher_to("http://192.0.2.1:8200");
    let launcher = launcher.env("VAULT_TOKEN", TOKEN);
    let (message, _) = refused(&project, launcher, "vault-plain-text");
    assert!(message.contains("http://192.0.2.1:8200"), "{message}");
    let manifest = "version = 1\n[environments.development]\nbackend = \"vault\"\n\
                    [backends.vault]\nkind = \"vault\"\nmount = \"secret\"\npath = \"app\"\n\
                    [secrets.TOKEN]\n";
    project.write("secrets.toml", manifest);
    let launcher = Launcher::new(&project)
        .env("VAULT_ADDR", bao.tls_url())
        .env("VAULT_TOKEN", OpenBao::ROOT);
    came(
        &launcher
            .env("VAULT_SKIP_VERIFY", "true")
            .command(["env"])
            .run(),
    );
}

#[test]
fn what_is_not_said_or_said_wrong_is_named_before_anything_is_sent() {
    let bao = server();
    let project = VaultProject::new(BACKEND, ENTRY);
    let launcher = || project.launcher(&bao);
    let _ = refused(
        &project,
        launcher().env("VAULT_ADDR", ""),
        "vault-no-address",
    );
    let (message, _) = refused(
        &project,
        launcher().env("VAULT_ADDR", "vault.example.com"),
        "vault-bad-address",
    );
    assert_eq!(
        message,
        "the address of the Vault server has no scheme `https` or `http`"
    );
    let odd = launcher().env("VAULT_TOKEN", format!("{TOKEN}\u{1}"));
    let _ = refused(&project, odd, "vault-odd-credential");
    for (key, kind) in [
        ("/secret/app/TOKEN?version=latest", "vault-bad-version"),
        ("/secret/app/TOKEN?version=0", "vault-bad-version"),
        ("../app/TOKEN", "vault-bad-path"),
        ("app//TOKEN", "vault-bad-path"),
    ] {
        let project = VaultProject::new(BACKEND, &format!("{ENTRY}key = \"{key}\"\n"));
        let _ = refused(&project, project.launcher(&bao), kind);
    }
    let project = VaultProject::new("mount = \"secret\"\nnames = \"fields\"", ENTRY);
    let _ = refused(&project, project.launcher(&bao), "vault-no-path");
}

#[test]
fn what_is_not_vault_is_not_taken_for_something_absent() {
    for (status, body, kind) in [
        (404, "<html>not here</html>", "vault-no-answer"),
        (200, "<html>welcome</html>", "vault-no-answer"),
        (200, "{}", "vault-no-answer"),
        (200, r#"{"data": null}"#, "vault-no-answer"),
        (418, "{\"errors\": []}", "vault-refused"),
    ] {
        let server = fake_vault(VALUE);
        server.answer(
            "/v1/secret/data/app/TOKEN",
            Response::new(status).body(body),
        );
        let entry = format!("{ENTRY}required = false\n");
        let project = VaultProject::new(BACKEND, &entry);
        let launcher = project.launcher_to(&format!("http://{}", server.address()));
        let _ = refused(&project, launcher.env("VAULT_TOKEN", TOKEN), kind);
    }
}

#[test]
fn a_standby_sends_on_to_the_active_server() {
    let bao = server();
    let standby = SecretServer::start();
    let on = |to: &str| Response::new(307).header("location", to);
    let path = "/v1/sys/internal/ui/mounts";
    for path in [path, "/v1/secret/data/app/TOKEN"] {
        standby.answer(path, on(&format!("{}{path}", bao.url())));
    }
    let project = VaultProject::new(BACKEND, ENTRY);
    let launcher = || {
        let launcher = project.launcher_to(&format!("http://{}", standby.address()));
        launcher.env("VAULT_TOKEN", OpenBao::ROOT)
    };
    came(&launcher().command(["env"]).run());
    // All that follows goes there at once.
    assert_eq!(standby.requests().len(), 2);
    for to in ["http://192.0.2.1:8200/v1", "/v1/elsewhere", "nowhere"] {
        standby.answer(path, on(to));
        let _ = refused(&project, launcher(), "vault-redirect");
    }
}

#[test]
fn a_credential_of_the_user_is_not_sent_to_another_server_than_theirs() {
    let server = fake_vault(VALUE);
    let own = format!("http://{}", server.address());
    let project = |auth: &str| {
        let backend = format!("address = \"{own}\"\nkv-version = 2\n{BACKEND}\n{auth}");
        let project = VaultProject::new(&backend, ENTRY);
        project.write("token", TOKEN);
        project
    };
    let other = "https://vault.example.com:8200";
    for auth in ["", "auth = { method = \"token\" }"] {
        let project = project(auth);
        let with_token = |address: &str| project.launcher_to(address).env("VAULT_TOKEN", TOKEN);
        let (message, hint) = refused(&project, with_token(other), "vault-other-address");
        assert_eq!(
            message,
            format!(
                "`VAULT_TOKEN` is for the server of VAULT_ADDR, and the manifest names another, `{own}`"
            )
        );
        assert!(hint.contains("unset it"), "{hint}");
        project.write(".vault-token", TOKEN);
        let _ = refused(&project, project.launcher_to(other), "vault-other-address");
    }
    let approle = project("auth = { method = \"approle\", role-id = \"dummy\" }");
    let launcher = approle.launcher_to(other).env("VAULT_SECRET_ID", TOKEN);
    let _ = refused(&approle, launcher, "vault-other-address");
    let passed_off =
        project("auth = { method = \"jwt\", role = \"app\", jwt-variable = \"VAULT_TOKEN\" }");
    let launcher = passed_off.launcher_to(other).env("VAULT_TOKEN", TOKEN);
    let _ = refused(&passed_off, launcher, "vault-other-address");
    assert_eq!(server.requests().len(), 0);
    let plain = project("");
    for address in ["", &format!("{own}/")] {
        let launcher = plain.launcher_to(address).env("VAULT_TOKEN", TOKEN);
        came(&launcher.command(["env"]).run());
    }
    let named = project("auth = { method = \"token\", token-file = \"token\" }");
    let launcher = named.launcher_to(other).env("VAULT_TOKEN", TOKEN);
    came(&launcher.command(["env"]).run());
}
