#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::ffi::OsString;
use std::sync::Arc;

use super::*;
use crate::manifest::Manifest;
use crate::plugin::{PluginOptions, Store, standard_catalog};
use crate::selection::Wanted;

fn identity(text: &str, directory: &Path, variables: &[(&str, &str)]) -> Identity {
    let path = directory.join("secrets.toml");
    let manifest = Manifest::parse(&path, text, standard_catalog()).unwrap();
    let wanted = Wanted::new(None, None, |_| None);
    let plan = Plan::new(Arc::new(manifest), &wanted).unwrap();
    let options = PluginOptions {
        store: Store::at(directory.to_owned()),
        allow_compile: false,
        alarm: None,
    };
    let plugins = Plugins::of_plan(&plan, options).unwrap();
    let process = |name: &str| {
        let mut found = variables.iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| OsString::from(value))
    };
    Identity::of(&plan, &plan.backends[0], &plugins, &process).unwrap()
}

fn manifest(kind: &str, more: &str) -> String {
    format!(
        "version = 1\n[environments.development]\nbackend = \"it\"\n[backends.it]\n\
         kind = \"{kind}\"\n{more}\n[secrets.TOKEN]\n"
    )
}

#[test]
fn another_credential_is_another_identity() {
    let folder = tempfile::tempdir().unwrap();
    let text = manifest("vault", "");
    let of = |variables: &[(&str, &str)]| identity(&text, folder.path(), variables);
    let token = of(&[("VAULT_TOKEN", "dummy-1"), ("PATH", "/bin")]);
    assert_eq!(token, of(&[("VAULT_TOKEN", "dummy-1"), ("PATH", "/usr")]));
    for other in [
        of(&[]),
        of(&[("VAULT_TOKEN", "dummy-2")]),
        of(&[("VAULT_ROLE_ID", "dummy-1")]),
        of(&[("VAULT_TOKEN", "dummy-1"), ("VAULT_NAMESPACE", "team")]),
        of(&[
            ("VAULT_TOKEN", "dummy-1"),
            ("VAULT_ADDR", "http://localhost"),
        ]),
    ] {
        assert_ne!(token, other);
    }
    let text = manifest("aws-secrets-manager", "");
    let of = |variables: &[(&str, &str)]| identity(&text, folder.path(), variables);
    let key = of(&[("AWS_ACCESS_KEY_ID", "dummy-1")]);
    assert_ne!(key, of(&[("AWS_ACCESS_KEY_ID", "dummy-2")]));
    assert_ne!(key, of(&[("AWS_PROFILE", "dummy-1")]));
    assert_ne!(of(&[("AWS_PROFILE", "a")]), of(&[("AWS_PROFILE", "b")]));
}

#[test]
fn what_is_in_files_of_credentials_counts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let text = manifest(
        "vault",
        "auth = { method = \"token\", token-file = \"token\" }",
    );
    let of = || identity(&text, folder.path(), &[]);
    let missing = of();
    write("token", "dummy-1");
    let first = of();
    write("token", "dummy-2");
    assert_ne!(missing, first);
    assert_ne!(first, of());
    let home = folder.path().to_str().unwrap();
    let text = manifest("aws-parameter-store", "profile = \"a\"");
    let of = || identity(&text, folder.path(), &[("HOME", home)]);
    let none = of();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    write(".aws/credentials", "[a]\naws_access_key_id = dummy\n");
    assert_ne!(none, of());
    // With keys in variables the region can come from there all the same.
    let text = manifest("aws-parameter-store", "");
    let keys = [("HOME", home), ("AWS_ACCESS_KEY_ID", "dummy-1")];
    let of = || identity(&text, folder.path(), &keys);
    let nowhere = of();
    write(".aws/config", "[default]\nregion = eu-central-1\n");
    assert_ne!(nowhere, of());
    // Each container has its token at the same place.
    let token = folder.path().join("token");
    let token = token.to_str().unwrap();
    let of = || {
        let file = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token);
        identity(&text, folder.path(), &[file])
    };
    let first = of();
    write("token", "dummy-3");
    assert_ne!(first, of());
}

#[test]
fn of_a_token_that_a_platform_renews_its_subject_counts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |claims: &str| {
        let mut encoded = vec![0; claims.len() * 2];
        let length = URL_SAFE_NO_PAD.encode_slice(claims, &mut encoded).unwrap();
        let claims = std::str::from_utf8(&encoded[..length]).unwrap();
        std::fs::write(folder.path().join("jwt"), format!("e30.{claims}.c2ln\n")).unwrap();
    };
    let auth = "auth = { method = \"kubernetes\", role = \"app\", jwt-file = \"jwt\" }";
    let text = manifest("vault", auth);
    let of = || identity(&text, folder.path(), &[]);
    write(r#"{"iss":"https://example.com","sub":"shop:app","exp":1}"#);
    let first = of();
    write(r#"{"iss":"https://example.com","sub":"shop:app","exp":2}"#);
    assert_eq!(first, of());
    write(r#"{"iss":"https://example.com","sub":"shop:other","exp":2}"#);
    assert_ne!(first, of());
    // What says nothing of itself counts as it is.
    write(r#"{"exp":1}"#);
    let silent = of();
    write(r#"{"exp":2}"#);
    assert_ne!(silent, of());
}

#[test]
fn a_secret_id_that_is_used_once_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    for (wrapped, same) in [("true", true), ("false", false)] {
        let auth =
            format!("auth = {{ method = \"approle\", role-id = \"app\", wrapped = {wrapped} }}");
        let text = manifest("vault", &auth);
        let of = |id| identity(&text, folder.path(), &[("VAULT_SECRET_ID", id)]);
        assert_eq!(of("dummy-1") == of("dummy-2"), same, "{wrapped}");
    }
}

#[test]
fn another_manifest_backend_or_kind_is_another_identity() {
    let folder = tempfile::tempdir().unwrap();
    let of = |text: &str| identity(text, folder.path(), &[]);
    let first = of(&manifest("vault", ""));
    assert_ne!(first, of(&manifest("vault", "path = \"app\"")));
    assert_ne!(first, of(&manifest("aws-secrets-manager", "")));
}
