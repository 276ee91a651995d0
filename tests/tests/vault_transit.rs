//! References that are ciphertext: decrypted by OpenBao's engine `transit`, all in one request.

use secret_run_tests::{OpenBao, Outcome, VaultProject, base64};
use serde_json::{Value, json};

const TRANSIT: &str = "transit = { key = \"app\" }";
const DECRYPT: &str = "path \"transit/decrypt/app\" { capabilities = [\"update\"] }\n";

/// Rules that let nothing be done.
const NOTHING: &str = "path \"transit/*\" { capabilities = [\"deny\"] }";

/// A server with the keys `app` and `other`.
fn server() -> OpenBao {
    let bao = OpenBao::start();
    bao.call("POST", "sys/mounts/transit", &json!({ "type": "transit" }));
    for key in ["app", "other"] {
        bao.call("POST", &format!("transit/keys/{key}"), &json!({}));
    }
    bao
}

fn encrypt(bao: &OpenBao, key: &str, value: &str) -> String {
    let plaintext = json!({ "plaintext": base64(value.as_bytes()) });
    let answer = bao.call("POST", &format!("transit/encrypt/{key}"), &plaintext);
    let ciphertext = answer["data"]["ciphertext"].as_str();
    ciphertext.expect("what is encrypted is a text").to_owned()
}

/// A token that is good for so many requests, and may decrypt.
fn token(bao: &OpenBao, rules: &str, uses: u32) -> String {
    bao.policy("dummy", rules);
    let token = json!({
        "policies": ["dummy"], "no_default_policy": true, "num_uses": uses, "ttl": "1h",
    });
    let token = bao.call("POST", "auth/token/create", &token);
    let token = token["auth"]["client_token"].as_str();
    token.expect("it is a text").to_owned()
}

fn entry(name: &str, key: &str) -> String {
    format!("[secrets.{name}]\nkey = \"{key}\"\n")
}

/// The only problem of a run that must not start, which shows no ciphertext.
fn refused(project: &VaultProject, bao: &OpenBao, kind: &str, ciphertext: &str) -> Value {
    let outcome: Outcome = project.launcher(bao).command(project.marker()).run();
    let problem = outcome.exits_with(125).problem(kind);
    assert!(!project.started());
    outcome.shows_no_part_of(ciphertext, 30);
    problem
}

#[test]
fn ciphertexts_of_a_manifest_are_decrypted_in_one_request_and_the_policy_grants_it() {
    let bao = server();
    let names: Vec<_> = (0..50).map(|number| format!("SECRET_{number}")).collect();
    let value = |name: &String| format!("q7zk-{name}-=+/\u{fc}");
    let entries = names
        .iter()
        .map(|name| entry(name, &encrypt(&bao, "app", &value(name))));
    let entries: String = entries.collect();
    let project = VaultProject::new(TRANSIT, &entries);
    let policy = project.launcher_to("").args(["vault", "policy"]).run();
    assert_eq!(policy.exits_with(0).stdout(), DECRYPT);
    let once = token(&bao, DECRYPT, 1);
    let launcher = project.stranger(&bao).env("VAULT_TOKEN", &once);
    let outcome = launcher.command(["env"]).run();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let found = VaultProject::variables(&outcome, &names);
    let wanted = names.iter().map(|name| value(&(*name).to_owned()));
    assert_eq!(found, wanted.collect::<Vec<_>>());
    // It was good for one.
    let reply = bao.ask("GET", "auth/token/lookup-self", &once, &Value::Null);
    assert_eq!(reply.status, 403);
}

#[test]
fn ciphertext_stands_beside_paths_with_fields_under_any_mount_and_key_version() {
    let bao = server();
    bao.put("app/TOKEN", &json!({ "value": "q7zk-6b01" }));
    bao.call(
        "POST",
        "sys/mounts/team/crypto",
        &json!({ "type": "transit" }),
    );
    bao.call("POST", "team/crypto/keys/app", &json!({}));
    let encrypt = |value: &str| {
        let plaintext = json!({ "plaintext": base64(value.as_bytes()) });
        let answer = bao.call("POST", "team/crypto/encrypt/app", &plaintext);
        answer["data"]["ciphertext"]
            .as_str()
            .expect("it is a text")
            .to_owned()
    };
    let document = encrypt(r#"{"user": "q7zk-6b02", "password": "q7zk-6b03"}"#);
    bao.call("POST", "team/crypto/keys/app/rotate", &json!({}));
    let newer = encrypt("q7zk-6b04");
    assert!(newer.starts_with("vault:v2:"), "{newer}");
    let from = format!("[secrets.NEWER]\nfrom = \"vault:{newer}\"\n");
    let parts = format!(
        "[secrets.PARTS]\nkey = {{ path = \"{document}\", field = \"password\" }}\n\
         [secrets.EMPTY]\nkey = \"{}\"\nrequired = false\n",
        encrypt("")
    );
    let entries = [
        entry("USER", &format!("{document}#user")),
        entry("TOKEN", "/secret/app/TOKEN"),
        from,
        parts,
    ];
    let backend = "transit = { key = \"app\", mount = \"team/crypto\" }";
    let project = VaultProject::new(backend, &entries.concat());
    let outcome = project.launcher(&bao).command(["env"]).run();
    let names = ["USER", "TOKEN", "NEWER", "PARTS"];
    let values = ["q7zk-6b02", "q7zk-6b01", "q7zk-6b04", "q7zk-6b03"];
    assert_eq!(VaultProject::variables(&outcome, &names), values);
    assert!(!outcome.stdout().contains("EMPTY="));
    // What people look at shows where a value comes from, and not all of it.
    let report = project.launcher(&bao).args(["check"]).run();
    report.exits_with(0).shows_no_part_of(&document, 30);
}

#[test]
fn each_ciphertext_that_is_not_decrypted_is_said_with_its_entry() {
    let bao = server();
    let (good, foreign) = (
        encrypt(&bao, "app", "q7zk-6c01"),
        encrypt(&bao, "other", "q7zk-6c02"),
    );
    let newer = good.replace("vault:v1:", "vault:v9:");
    let entries = [
        entry("GOOD", &good),
        entry("FOREIGN", &foreign),
        entry("NEWER", &newer),
        entry("DAMAGED", "vault:v1:@@@@"),
        entry("VERSION", &format!("{good}?version=1")),
    ];
    let project = VaultProject::new(TRANSIT, &entries.concat());
    let outcome = project.launcher(&bao).command(project.marker()).run();
    let problems = outcome.exits_with(125).problems();
    let told = |problem: &Value| {
        let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("secret"), text("message"))
    };
    let shown = |text: &str| text.chars().take(16).collect::<String>();
    let fault = |secret: &str, text: &str, fault: &str| {
        let message = format!("Vault does not decrypt `{text}` with the key `app`: {fault}");
        ("vault-not-decrypted".to_owned(), secret.to_owned(), message)
    };
    let mut expected = vec![
        fault(
            "FOREIGN",
            &format!("{}…", shown(&foreign)),
            "it is of another key, or damaged",
        ),
        fault(
            "NEWER",
            &format!("{}…", shown(&newer)),
            "the key has no such version",
        ),
        fault("DAMAGED", "vault:v1:@@@@", "it is damaged"),
        (
            "version-unsupported".into(),
            "VERSION".into(),
            format!("Vault keeps no versions of `{}…`", shown(&good)),
        ),
    ];
    let mut found: Vec<_> = problems.iter().map(told).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    for text in [&good, &foreign, &newer] {
        outcome.shows_no_part_of(text, 30);
    }
    outcome.shows_no("q7zk-6c01");
    assert!(!project.started());
    // A version of the key that may no longer decrypt.
    bao.call("POST", "transit/keys/app/rotate", &json!({}));
    bao.call(
        "POST",
        "transit/keys/app/config",
        &json!({ "min_decryption_version": 2 }),
    );
    let project = VaultProject::new(TRANSIT, &entry("OLD", &good));
    let problem = refused(&project, &bao, "vault-not-decrypted", &good);
    let message = problem["message"].as_str().expect("a message is a text");
    assert!(
        message.ends_with("its version of the key may no longer decrypt"),
        "{message}"
    );
    let hint = problem["hint"].as_str().expect("a hint is a text");
    assert!(
        hint.contains("vault write -field=ciphertext transit/encrypt/app"),
        "{hint}"
    );
}

#[test]
fn what_the_manifest_or_vault_lacks_to_decrypt_is_named() {
    let bao = server();
    let good = encrypt(&bao, "app", "q7zk-6d01");
    let of = |backend: &str| VaultProject::new(backend, &entry("TOKEN", &good));
    let _ = refused(&of(""), &bao, "vault-no-transit", &good);
    let problem = refused(
        &of("transit = { key = \"gone\" }"),
        &bao,
        "vault-no-key",
        &good,
    );
    assert_eq!(problem["message"], "Vault has no key `gone` in `transit`");
    let nowhere = "transit = { key = \"app\", mount = \"nowhere\" }";
    let _ = refused(&of(nowhere), &bao, "vault-no-mount", &good);
    let not_transit = "transit = { key = \"app\", mount = \"secret\" }";
    let _ = refused(&of(not_transit), &bao, "vault-no-mount", &good);
    // The backend's name alone looks like the mark of ciphertext.
    let from = format!("[secrets.TOKEN]\nfrom = \"{good}\"\n");
    let project = VaultProject::new(TRANSIT, &from);
    let problem = refused(&project, &bao, "vault-bad-ciphertext", &good);
    let hint = problem["hint"].as_str().expect("a hint is a text");
    assert!(hint.contains("`from = \"BACKEND:vault:v1:...\"`"), "{hint}");
    let project = of(TRANSIT);
    let launcher = project
        .stranger(&bao)
        .env("VAULT_TOKEN", token(&bao, NOTHING, 5));
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("vault-permission-denied");
    let hint = problem["hint"].as_str().expect("a hint is a text");
    assert!(hint.ends_with(DECRYPT.trim()), "{hint}");
    outcome.shows_no_part_of(&good, 30);
    // A token that is none is not one that may not.
    let launcher = project.stranger(&bao).env("VAULT_TOKEN", "dummy-6d02");
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("vault-bad-token");
}
