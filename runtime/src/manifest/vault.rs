//! Reading `[backends.NAME]` of the kind `vault`.

use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::aws::{self, AwsAccess};
use super::entries::{duration, malformed};
use super::names::is_variable;
use super::reader::{Reader, Table};
use super::vault_model::{
    KvVersion, VaultAuth, VaultLeases, VaultMethod, VaultNames, VaultSettings, VaultSupply,
    VaultTls, VaultTransit,
};

/// Keys of the backend, beside `kind`.
pub(super) const VAULT_KEYS: &[&str] = &[
    "address",
    "namespace",
    "mount",
    "path",
    "kv-version",
    "names",
    "leases",
    "transit",
    "tls",
    "auth",
    "deadline",
    "attempts",
    "cache",
];
/// Keys of `leases` as a table.
pub(super) const LEASES_KEYS: &[&str] = &["at-least"];
/// Keys of `tls`.
pub(super) const TLS_KEYS: &[&str] = &["authority", "server-name", "certificate", "key"];
/// Keys of `transit`.
const TRANSIT_KEYS: &[&str] = &["key", "mount"];
/// Keys of `auth` for each method, beside `method`.
pub(super) const AUTH_KEYS: &[(&str, &[&str])] = &[
    ("token", &["token-file"]),
    (
        "approle",
        &[
            "mount",
            "role-id",
            "role-id-file",
            "secret-id-file",
            "wrapped",
        ],
    ),
    ("kubernetes", &["mount", "role", "jwt-file"]),
    ("jwt", &["mount", "role", "jwt-file", "jwt-variable"]),
    (
        "userpass",
        &["mount", "username", "password-file", "password-variable"],
    ),
    ("cert", &["mount", "role"]),
    ("aws", &["mount", "role", "region", "profile", "server-id"]),
];

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> Option<VaultSettings> {
    let names = [("paths", VaultNames::Paths), ("fields", VaultNames::Fields)];
    let names = table.choice(reader, "names", &names);
    let tls = match table.table(reader, "tls") {
        Some(tls) => self::tls(reader, &tls),
        None => VaultTls::default(),
    };
    let transit = table.table(reader, "transit");
    let transit = transit.and_then(|table| self::transit(reader, &table));
    let auth = match table.get("auth") {
        Some(_) => {
            let table = table.table(reader, "auth")?;
            Some(auth(reader, &table)?)
        }
        None => None,
    };
    Some(VaultSettings {
        address: text(reader, table, "address"),
        namespace: path(reader, table, "namespace"),
        mount: path(reader, table, "mount"),
        path: path(reader, table, "path"),
        kv_version: kv_version(reader, table),
        names: names.map(Spanned::into_inner).unwrap_or_default(),
        leases: leases(reader, table).unwrap_or_default(),
        transit,
        tls,
        auth,
    })
}

fn kv_version(reader: &mut Reader, table: &Table<'_, '_>) -> Option<KvVersion> {
    let version = table.integer(reader, "kv-version")?;
    match version.get_ref() {
        1 => Some(KvVersion::One),
        2 => Some(KvVersion::Two),
        _ => {
            let span = version.span();
            malformed(reader, "kv-version", "1 or 2", "kv-version = 2", &span);
            None
        }
    }
}

/// `leases = "keep" | "refuse" | { at-least = "1h" }`.
fn leases(reader: &mut Reader, table: &Table<'_, '_>) -> Option<VaultLeases> {
    let value = table.get("leases")?;
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        let choices = [("keep", VaultLeases::Keep), ("refuse", VaultLeases::Refuse)];
        return table
            .choice(reader, "leases", &choices)
            .map(Spanned::into_inner);
    }
    let table = table.table(reader, "leases")?;
    table.only(reader, LEASES_KEYS);
    if table.get("at-least").is_none() {
        let advice = "write how long a lease must last, as in `at-least = \"1h\"`";
        table.missing(reader, "at-least", advice);
    }
    duration(reader, &table, "at-least").map(VaultLeases::AtLeast)
}

fn transit(reader: &mut Reader, table: &Table<'_, '_>) -> Option<VaultTransit> {
    table.only(reader, TRANSIT_KEYS);
    let mount = path(reader, table, "mount");
    let key = required(reader, table, "key", "write which key of Vault decrypts")?;
    if key.contains('/') {
        let span = table.get("key").map_or(0..0, Spanned::span);
        malformed(reader, "key", "the name of a key", "key = \"app\"", &span);
        return None;
    }
    Some(VaultTransit {
        key,
        mount: mount.unwrap_or_else(|| "transit".to_owned()),
    })
}

fn tls(reader: &mut Reader, table: &Table<'_, '_>) -> VaultTls {
    table.only(reader, TLS_KEYS);
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if table.get(one).is_some() && table.get(other).is_none() {
            table.missing(reader, other, "a certificate and its key go together");
        }
    }
    VaultTls {
        authority: file(reader, table, "authority"),
        server_name: text(reader, table, "server-name"),
        certificate: file(reader, table, "certificate"),
        key: file(reader, table, "key"),
    }
}

fn auth(reader: &mut Reader, table: &Table<'_, '_>) -> Option<VaultAuth> {
    // People write credentials here.
    for (key, value) in table.entries() {
        if key.get_ref() != "method" {
            reader.conceal(value);
        }
    }
    if table.get("method").is_none() {
        let advice = "write `method = \"approle\"`, or leave `auth` out to use a token";
        table.missing(reader, "method", advice);
        return None;
    }
    let methods: Vec<_> = AUTH_KEYS.iter().map(|keys| (keys.0, *keys)).collect();
    let (name, keys) = table.choice(reader, "method", &methods)?.into_inner();
    table.only(reader, &[&["method"], keys].concat());
    let mount = path(reader, table, "mount");
    let method = match name {
        "token" => VaultMethod::Token {
            file: file(reader, table, "token-file"),
        },
        "approle" => {
            let advice = "one of them is the role that is logged in";
            table.conflict(reader, "role-id", "role-id-file", advice);
            VaultMethod::AppRole {
                role_id: text(reader, table, "role-id"),
                role_id_file: file(reader, table, "role-id-file"),
                secret_id_file: file(reader, table, "secret-id-file"),
                wrapped: table.boolean(reader, "wrapped").unwrap_or_default(),
            }
        }
        "kubernetes" => VaultMethod::Kubernetes {
            role: required(reader, table, "role", "write which role of Vault it is")?,
            jwt_file: file(reader, table, "jwt-file"),
        },
        "jwt" => VaultMethod::Jwt {
            role: text(reader, table, "role"),
            jwt: supply(reader, table, "jwt-file", "jwt-variable")?,
        },
        "userpass" => VaultMethod::Userpass {
            username: required(reader, table, "username", "write who logs in")?,
            password: supply(reader, table, "password-file", "password-variable")?,
        },
        "cert" => VaultMethod::Cert {
            role: text(reader, table, "role"),
        },
        _ => VaultMethod::Aws {
            role: text(reader, table, "role"),
            access: AwsAccess {
                region: aws::region(reader, table),
                profile: text(reader, table, "profile"),
                ..AwsAccess::default()
            },
            server_id: server_id(reader, table),
        },
    };
    Some(VaultAuth { method, mount })
}

/// A credential in a file or in a variable.
fn supply(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    in_file: &'static str,
    in_variable: &'static str,
) -> Option<VaultSupply> {
    if table.conflict(reader, in_file, in_variable, "it is in one of them") {
        return None;
    }
    if let Some(file) = file(reader, table, in_file) {
        return Some(VaultSupply::File(file));
    }
    if table.get(in_variable).is_none() {
        let advice = "write in which variable of secret-run, or in which file, it is";
        table.missing(reader, in_variable, advice);
        return None;
    }
    let name = table.text(reader, in_variable)?;
    if is_variable(name.get_ref()) {
        return Some(VaultSupply::Variable(name.into_inner()));
    }
    let wanted = "the name of a variable";
    malformed(reader, in_variable, wanted, "\"CI_JOB_JWT\"", &name.span());
    None
}

fn required(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &'static str,
    advice: &'static str,
) -> Option<String> {
    if table.get(key).is_none() {
        table.missing(reader, key, advice);
    }
    text(reader, table, key)
}

fn text(reader: &mut Reader, table: &Table<'_, '_>, key: &str) -> Option<String> {
    let text = table.text(reader, key)?;
    if text.get_ref().is_empty() || text.get_ref().contains(char::is_control) {
        let wanted = "a text without control characters";
        malformed(reader, key, wanted, "\"app\"", &text.span());
        return None;
    }
    Some(text.into_inner())
}

/// It becomes a header.
fn server_id(reader: &mut Reader, table: &Table<'_, '_>) -> Option<String> {
    let text = table.text(reader, "server-id")?;
    if !text.get_ref().is_empty() && text.get_ref().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(text.into_inner());
    }
    let (wanted, example) = ("letters, digits and signs", "\"vault.example.com\"");
    malformed(reader, "server-id", wanted, example, &text.span());
    None
}

fn file(reader: &mut Reader, table: &Table<'_, '_>, key: &str) -> Option<PathBuf> {
    text(reader, table, key).map(PathBuf::from)
}

/// A path within Vault, without a `/` at either end.
fn path(reader: &mut Reader, table: &Table<'_, '_>, key: &str) -> Option<String> {
    let text = table.text(reader, key)?;
    if let Some(path) = vault_path(text.get_ref()) {
        return Some(path.to_owned());
    }
    let wanted = "a path of names with `/` between";
    malformed(reader, key, wanted, "\"team/app\"", &text.span());
    None
}

/// A path within Vault without a `/` at either end; `None` if that is none.
pub(crate) fn vault_path(text: &str) -> Option<&str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let path = path.strip_prefix('/').unwrap_or(path);
    let is_name = |part: &str| {
        !matches!(part, "" | "." | "..") && part.trim() == part && !part.contains(char::is_control)
    };
    path.split('/').all(is_name).then_some(path)
}
