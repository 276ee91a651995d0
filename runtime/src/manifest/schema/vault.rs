//! Tables of a backend for Vault.

use schemars::JsonSchema;

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(super) enum VaultNames {
    /// DATABASE_URL is the path DATABASE_URL below `path`.
    Paths,
    /// DATABASE_URL is the field DATABASE_URL of the secret at `path`.
    Fields,
}

/// What is done with what is given for a time.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum VaultLeases {
    Always(VaultLeasesAlways),
    Terms(VaultLeasesTerms),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(super) enum VaultLeasesAlways {
    /// It is taken, and lives its time beside the command.
    Keep,
    /// It is refused.
    Refuse,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct VaultLeasesTerms {
    /// A lease that ends sooner is refused, as in "1h".
    at_least: String,
}

/// A key of the engine `transit`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct VaultTransit {
    /// Its name.
    key: String,
    /// Where the engine is, if not at `transit`.
    mount: Option<String>,
}

/// Files are relative to the manifest.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct VaultTls {
    /// Certificates in PEM that are trusted instead of the system's.
    authority: Option<String>,
    /// The name that the server's certificate must be for.
    server_name: Option<String>,
    /// Our own certificate, in PEM.
    certificate: Option<String>,
    /// Its key, in PEM.
    key: Option<String>,
}

/// Files are relative to the manifest. `mount` is where the method is, if not under its own name.
#[derive(JsonSchema)]
#[schemars(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum VaultAuth {
    /// A token that is there already.
    #[schemars(rename_all = "kebab-case")]
    Token {
        /// Instead of VAULT_TOKEN and ~/.vault-token: a file that an agent keeps.
        token_file: Option<String>,
    },
    /// The id of a role, and a secret for it.
    #[schemars(rename_all = "kebab-case")]
    Approle {
        mount: Option<String>,
        /// Instead of VAULT_ROLE_ID.
        role_id: Option<String>,
        /// The same in a file.
        role_id_file: Option<String>,
        /// Instead of VAULT_SECRET_ID.
        secret_id_file: Option<String>,
        /// Whether the secret is a token to be unwrapped once.
        wrapped: Option<bool>,
    },
    /// The token of a service account.
    #[schemars(rename_all = "kebab-case")]
    Kubernetes {
        mount: Option<String>,
        role: String,
        /// Where the token is; where Kubernetes puts it by default.
        jwt_file: Option<String>,
    },
    /// A token of an issuer that Vault trusts: in `jwt-file` or in `jwt-variable`.
    #[schemars(rename_all = "kebab-case")]
    Jwt {
        mount: Option<String>,
        role: Option<String>,
        jwt_file: Option<String>,
        /// A variable of secret-run, which the command does not get.
        jwt_variable: Option<String>,
    },
    /// A name and a password: in `password-file` or in `password-variable`.
    #[schemars(rename_all = "kebab-case")]
    Userpass {
        mount: Option<String>,
        username: String,
        password_file: Option<String>,
        /// A variable of secret-run, which the command does not get.
        password_variable: Option<String>,
    },
    /// The certificate of `tls`.
    Cert {
        mount: Option<String>,
        role: Option<String>,
    },
    /// Who we are for AWS: a signed request that Vault sends there.
    #[schemars(rename_all = "kebab-case")]
    Aws {
        mount: Option<String>,
        role: Option<String>,
        /// Where Vault has it checked, if that is not the endpoint for the whole world.
        region: Option<String>,
        /// Instead of AWS_PROFILE, and of credentials in variables.
        profile: Option<String>,
        /// The header X-Vault-AWS-IAM-Server-ID, if Vault wants it.
        server_id: Option<String>,
    },
}
