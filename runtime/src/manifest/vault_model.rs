//! `[backends.NAME]` of the kind `vault`: where HashiCorp's Vault or OpenBao is, how to log in, and
//! where in it an app's secrets are.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::aws::AwsAccess;

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

/// What is done with an answer that is good for a time only. Without `--watch`, nothing renews it
/// once the command has started.
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
