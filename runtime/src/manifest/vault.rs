//! `[backends.NAME]` of the kind `vault`: where HashiCorp's Vault or OpenBao is, how to log in, and
//! where in it an app's secrets are.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::aws::{self, AwsAccess};
use super::entries::{duration, malformed};
use super::names::is_variable;
use super::reader::{Reader, Table};

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

/// A backend for Vault. What it does not say comes from the usual variables of Vault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VaultSettings {
    /// Instead of `VAULT_ADDR`.
    pub address: Option<String>,
    /// Instead of `VAULT_NAMESPACE`.
    pub namespace: Option<String>,
    /// Where the engine is that paths lie in; instead of `VAULT_MOUNT_PATH`.
    pub mount: Option<String>,
    /// What paths begin with below the mount; instead of `VAULT_PATH`.
    pub path: Option<String>,
    /// Which version of the engine for keys and values is at `mount`; asked for if it is not said.
    pub kv_version: Option<KvVersion>,
    /// What an entry's own name is there.
    pub names: VaultNames,
    /// What is done with what is given for a time.
    pub leases: VaultLeases,
    /// What decrypts references that are ciphertext.
    pub transit: Option<VaultTransit>,
    /// Whom to trust, and who we are.
    pub tls: VaultTls,
    /// How to log in; a token if nothing is said.
    pub auth: Option<VaultAuth>,
}

/// The versions of the engine for keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvVersion {
    /// One that keeps what was written last.
    One,
    /// One that keeps versions.
    Two,
}

/// What the name of an entry that says nothing else stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultNames {
    /// `DATABASE_URL` is the path `DATABASE_URL` below `path`.
    #[default]
    Paths,
    /// `DATABASE_URL` is the field `DATABASE_URL` at `path`.
    Fields,
}

/// What is done with an answer that is good for a time only. Nothing renews it once the command
/// has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultLeases {
    /// It is taken, and lives its time beside the command.
    #[default]
    Keep,
    /// It is refused.
    Refuse,
    /// It is taken if it is good for so long.
    AtLeast(Duration),
}

/// A key of the engine `transit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultTransit {
    /// Its name.
    pub key: String,
    /// Where the engine is; `transit` if nothing is said.
    pub mount: String,
}

/// Files for TLS, relative to the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VaultTls {
    /// Certificates that are trusted instead of the system's; instead of `VAULT_CACERT`.
    pub authority: Option<PathBuf>,
    /// The name that the server's certificate must be for; instead of `VAULT_TLS_SERVER_NAME`.
    pub server_name: Option<String>,
    /// Our own certificate; instead of `VAULT_CLIENT_CERT`.
    pub certificate: Option<PathBuf>,
    /// Its key; instead of `VAULT_CLIENT_KEY`.
    pub key: Option<PathBuf>,
}

/// A way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultAuth {
    /// Which.
    pub method: VaultMethod,
    /// Where it is mounted, without `auth/`; under its own name if nothing is said.
    pub mount: Option<String>,
}

/// The ways to log in. Files are relative to the manifest.
#[derive(Clone, PartialEq, Eq)]
pub enum VaultMethod {
    /// A token that is there already.
    Token {
        /// Instead of `VAULT_TOKEN` and the file in the home folder.
        file: Option<PathBuf>,
    },
    /// The id of a role, and a secret for it.
    AppRole {
        /// Instead of `VAULT_ROLE_ID`.
        role_id: Option<String>,
        /// The same in a file.
        role_id_file: Option<PathBuf>,
        /// Instead of `VAULT_SECRET_ID`.
        secret_id_file: Option<PathBuf>,
        /// Whether the secret is a token to be unwrapped once.
        wrapped: bool,
    },
    /// The token of a service account.
    Kubernetes {
        /// Which role.
        role: String,
        /// Where the token is; where Kubernetes puts it if nothing is said.
        jwt_file: Option<PathBuf>,
    },
    /// A token of an issuer that Vault trusts.
    Jwt {
        /// Which role; Vault's default if nothing is said.
        role: Option<String>,
        /// Where the token is.
        jwt: VaultSupply,
    },
    /// A name and a password.
    Userpass {
        /// The name.
        username: String,
        /// Where the password is.
        password: VaultSupply,
    },
    /// The certificate that TLS shows.
    Cert {
        /// Which role; any that fits if nothing is said.
        role: Option<String>,
    },
    /// Who we are for AWS.
    Aws {
        /// Which role; the one that is called as we are if nothing is said.
        role: Option<String>,
        /// In which region Vault has us checked; at the endpoint for the whole world if nothing is
        /// said. And instead of `AWS_PROFILE`, and of credentials in variables: a profile.
        access: AwsAccess,
        /// Which Vault it is for, as its operators have named it.
        server_id: Option<String>,
    },
}

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultSupply {
    /// A variable of the launcher, which the command does not get.
    Variable(String),
    /// A file.
    File(PathBuf),
}

impl VaultMethod {
    /// The `method` in the manifest, and the usual mount.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Token { .. } => "token",
            Self::AppRole { .. } => "approle",
            Self::Kubernetes { .. } => "kubernetes",
            Self::Jwt { .. } => "jwt",
            Self::Userpass { .. } => "userpass",
            Self::Cert { .. } => "cert",
            Self::Aws { .. } => "aws",
        }
    }
}

/// The id of a role is no secret, but people put the other one there.
impl fmt::Debug for VaultMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultMethod({})", self.name())
    }
}

impl VaultSettings {
    /// The variable of the launcher that it names for a credential.
    #[must_use]
    pub fn credential_variable(&self) -> Option<&str> {
        let auth = self.auth.as_ref()?;
        match &auth.method {
            VaultMethod::Jwt { jwt: supply, .. }
            | VaultMethod::Userpass {
                password: supply, ..
            } => match supply {
                VaultSupply::Variable(name) => Some(name),
                VaultSupply::File(_) => None,
            },
            _ => None,
        }
    }
}

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
