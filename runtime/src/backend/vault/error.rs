//! What goes wrong with Vault, in the words of its users. Nothing here has room for a value, a
//! token, or a text that a server sent.

use std::path::PathBuf;
use std::time::Duration;

use humantime::format_duration;
use thiserror::Error;

use crate::backend::FetchError;
use crate::error::{Explain, Nature};
use crate::lease::Lease;
use crate::outbound::CertificateFault;
use crate::resilience::DeadlineError;

/// Why Vault could not be asked, or what it said.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum VaultError {
    /// Nobody says where it is.
    #[error("no address of a Vault server is set")]
    NoAddress,
    /// The address is none.
    #[error("the address of the Vault server {reason}")]
    BadAddress {
        /// Completes "the address ...".
        reason: String,
    },
    /// The address is on another machine, and nothing would be encrypted.
    #[error(
        "production sends nothing in plain text to another machine, as `{address}` would have it"
    )]
    PlainText {
        /// The address.
        address: String,
    },
    /// A credential would be sent to another server than the one that it is for.
    #[error(
        "`{credential}` is for the server of VAULT_ADDR, and the manifest names another, `{address}`"
    )]
    OtherAddress {
        /// Which.
        credential: String,
        /// The address of the manifest.
        address: String,
    },
    /// The certificate would not be looked at.
    #[error("production checks the certificate of Vault, and VAULT_SKIP_VERIFY is set")]
    SkipVerify,
    /// A file with certificates or a key is none.
    #[error("`{}` holds no {wanted} in PEM", path.display())]
    CertificateFile {
        /// The file or folder.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("a client certificate and its key go together, and one of them is not set")]
    HalfIdentity,
    /// There is nothing to log in with.
    #[error("no {what} for Vault: tried {tried}")]
    NoCredentials {
        /// What is missing.
        what: &'static str,
        /// Where it was looked for.
        tried: String,
    },
    /// A file of credentials must not be used.
    #[error("a credential for Vault is in a file that is not used: {0}")]
    File(FetchError),
    /// AWS, which is to say who we are, does not.
    #[error("nothing tells Vault who this is for AWS: {0}")]
    Aws(FetchError),
    /// A credential has characters that can't be sent.
    #[error("the {what} for Vault has characters that it cannot have")]
    OddCredential {
        /// Which.
        what: &'static str,
    },
    /// The login was refused.
    #[error("Vault refuses the login with the method `{method}` at `auth/{mount}`")]
    LoginRefused {
        /// The method.
        method: &'static str,
        /// Where it is.
        mount: String,
    },
    /// What a wrapping token stood for is gone.
    #[error("Vault does not unwrap the secret id")]
    Unwrap,
    /// A wrapping token stands for something else.
    #[error(
        "the wrapping token was not made for a secret id of `auth/{mount}`, so it is not unwrapped"
    )]
    ForeignWrapping {
        /// Where the method is.
        mount: String,
    },
    /// The token is not, or no longer, one.
    #[error(
        "Vault does not know the token: it has expired, or was revoked, or is of another Vault"
    )]
    BadToken,
    /// No policy of the token grants it.
    #[error("Vault denies `{capability}` on `{path}`")]
    Denied {
        /// As policies name it.
        path: String,
        /// What was wanted.
        capability: &'static str,
        /// The namespace, where there is one.
        namespace: Option<String>,
    },
    /// No engine is mounted there, as far as the token can see.
    #[error("`{path}` lies in no mount that this token may read from")]
    NoMount {
        /// What was asked for.
        path: String,
    },
    /// The engine is of another version than the manifest says.
    #[error("`{mount}` holds no version {stated} of the engine for keys and values")]
    WrongKv {
        /// Where.
        mount: String,
        /// What the manifest says.
        stated: u8,
    },
    /// There is no such namespace.
    #[error("Vault has no namespace `{namespace}`")]
    NoNamespace {
        /// Which.
        namespace: String,
    },
    /// What was asked for can't be a path.
    #[error("`{path}` is no path of a secret in Vault")]
    BadPath {
        /// What was asked for.
        path: String,
    },
    /// A policy would take it for more than itself.
    #[error("a policy of Vault takes `{path}` for a pattern, and grants more than that path")]
    Pattern {
        /// The path.
        path: String,
    },
    /// There is no path at all.
    #[error("the backend has no `path`, so an entry's own name is a field of nothing")]
    NoPath,
    /// What was asked for can't be a version.
    #[error("`{version}` is no version in Vault")]
    BadVersion {
        /// What was asked for.
        version: String,
    },
    /// Nothing says what decrypts a reference.
    #[error("the reference is ciphertext, and the backend names no key that decrypts it")]
    NoTransit,
    /// It looks like ciphertext, and does not begin as one.
    #[error("the path looks like ciphertext that lacks `vault:` before it")]
    NoMark,
    /// The key is not there.
    #[error("Vault has no key `{key}` in `{mount}`")]
    NoKey {
        /// Which.
        key: String,
        /// Where.
        mount: String,
    },
    /// A reference is ciphertext of something else.
    #[error("Vault does not decrypt `{ciphertext}` with the key `{key}`: {fault}")]
    NotDecrypted {
        /// How it begins.
        ciphertext: String,
        /// With which key.
        key: String,
        /// Where that is.
        mount: String,
        /// Why not.
        fault: &'static str,
    },
    /// There are no versions.
    #[error("Vault keeps no versions of `{path}`")]
    NoVersions {
        /// What was asked for.
        path: String,
    },
    /// The version is there, and what it held is not.
    #[error("version {version} of `{path}` is {}", if *destroyed { "destroyed" } else { "deleted" })]
    Gone {
        /// What was asked for.
        path: String,
        /// Which.
        version: u64,
        /// For good.
        destroyed: bool,
    },
    /// It is sealed.
    #[error("Vault at `{address}` is sealed")]
    Sealed {
        /// Where.
        address: String,
    },
    /// It does not serve, and sends nobody to one that does.
    #[error("Vault at `{address}` is a standby, and there is no active server behind it")]
    Standby {
        /// Where.
        address: String,
    },
    /// Too many requests.
    #[error("Vault throttles requests{}", after(*attempts))]
    Throttled {
        /// How often it was asked.
        attempts: u32,
        /// When to ask again at the earliest, if it said so.
        retry_after: Option<Duration>,
    },
    /// The server did not do its work.
    #[error("Vault answers with status {status}{}", after(*attempts))]
    Server {
        /// The status.
        status: u16,
        /// How often it was asked.
        attempts: u32,
        /// When to ask again at the earliest, if it said so.
        retry_after: Option<Duration>,
    },
    /// It sends on to where nothing is sent.
    #[error("`{address}` sends on to where nothing may be sent")]
    Redirect {
        /// Who does.
        address: String,
    },
    /// The server refused for a reason that is not known here.
    #[error("Vault refuses to read `{path}`, with status {status}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The status.
        status: u16,
    },
    /// There is no connection, or it broke.
    #[error("Vault could not be reached at `{address}`{}", after(*attempts))]
    Unreachable {
        /// Where.
        address: String,
        /// How often it was tried.
        attempts: u32,
        /// A variable that names a proxy.
        proxy: Option<&'static str>,
    },
    /// It took too long.
    #[error("Vault did not answer within {seconds} s{}", after(*attempts))]
    TimedOut {
        /// How long was waited each time.
        seconds: u64,
        /// How often it was asked.
        attempts: u32,
    },
    /// All of it took too long.
    #[error(transparent)]
    Late(Box<DeadlineError>),
    /// The certificate is not one for this server that is trusted.
    #[error("the certificate of `{address}` {fault}")]
    Certificate {
        /// Where.
        address: String,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// TLS did not come about.
    #[error("TLS with `{address}` failed")]
    Tls {
        /// Where.
        address: String,
    },
    /// The answer is none.
    #[error("what answers for `{path}` is not Vault, or its answer holds nothing")]
    NoAnswer {
        /// What was asked for.
        path: String,
    },
    /// The answer is too much.
    #[error("Vault holds more than {limit} bytes at `{path}`")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// It is good for a time only, and the manifest wants no such thing.
    #[error("`{path}` is leased for {lease}, and this backend refuses leases")]
    Leased {
        /// What was asked for.
        path: String,
        /// How long it is good.
        lease: Lease,
    },
    /// It ends sooner than the manifest wants.
    #[error("`{path}` is good for {lease}, and this backend wants {} at least", format_duration(*least))]
    ShortLease {
        /// What was asked for.
        path: String,
        /// How long it is good.
        lease: Lease,
        /// How long it should be.
        least: Duration,
        /// Whether it is the token that ends.
        by_token: bool,
    },
    /// A login's token ended before all was read, also that of another login.
    #[error("the token of this login ends before all is read: it is good for {seconds} s")]
    Outlived {
        /// How long tokens are good.
        seconds: u64,
    },
    /// A login's token ends when somebody revokes it, and never else.
    #[error("the token of this login has no end: it is good until it is revoked")]
    NoEnd,
    /// What is good for a time stays good for that time, and no longer.
    #[error("Vault does not renew what it gave at `{path}`")]
    NotRenewed {
        /// What was read, or the token's own path.
        path: String,
    },
    /// Nobody uses it any more, and it is good.
    #[error("the lease of `{path}` could not be revoked: it stays good until it expires")]
    LeaseNotRevoked {
        /// What was read.
        path: String,
    },
    /// The launcher's own token is still good.
    #[error("the token of this login could not be revoked: it stays good until it expires")]
    NotRevoked,
}

/// How often something was tried, if more than once.
fn after(attempts: u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        attempts => format!(", also after {attempts} attempts"),
    }
}

impl VaultError {
    /// The same, which is what the last of so many attempts came to.
    pub(super) fn after(mut self, made: u32) -> Self {
        if let Self::Throttled { attempts, .. }
        | Self::Server { attempts, .. }
        | Self::Unreachable { attempts, .. }
        | Self::TimedOut { attempts, .. } = &mut self
        {
            *attempts = made;
        }
        self
    }
}

impl Explain for VaultError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NoAddress => "vault-no-address",
            Self::BadAddress { .. } => "vault-bad-address",
            Self::PlainText { .. } => "vault-plain-text",
            Self::OtherAddress { .. } => "vault-other-address",
            Self::SkipVerify => "vault-unverified",
            Self::CertificateFile { .. } => "vault-certificate-file",
            Self::HalfIdentity => "vault-half-identity",
            Self::NoCredentials { .. } => "vault-no-credentials",
            Self::File(error) | Self::Aws(error) => error.kind(),
            Self::OddCredential { .. } => "vault-odd-credential",
            Self::LoginRefused { .. } => "vault-login-refused",
            Self::Unwrap => "vault-unwrap",
            Self::ForeignWrapping { .. } => "vault-foreign-wrapping",
            Self::BadToken => "vault-bad-token",
            Self::Denied { .. } => "vault-permission-denied",
            Self::NoMount { .. } => "vault-no-mount",
            Self::WrongKv { .. } => "vault-wrong-kv-version",
            Self::NoNamespace { .. } => "vault-no-namespace",
            Self::BadPath { .. } => "vault-bad-path",
            Self::Pattern { .. } => "vault-path-is-pattern",
            Self::NoPath => "vault-no-path",
            Self::BadVersion { .. } => "vault-bad-version",
            Self::NoTransit => "vault-no-transit",
            Self::NoMark => "vault-bad-ciphertext",
            Self::NoKey { .. } => "vault-no-key",
            Self::NotDecrypted { .. } => "vault-not-decrypted",
            Self::NoVersions { .. } => "version-unsupported",
            Self::Gone {
                destroyed: true, ..
            } => "vault-version-destroyed",
            Self::Gone { .. } => "vault-version-deleted",
            Self::Sealed { .. } => "vault-sealed",
            Self::Standby { .. } => "vault-standby",
            Self::Throttled { .. } => "vault-throttled",
            Self::Server { .. } => "vault-server",
            Self::Redirect { .. } => "vault-redirect",
            Self::Refused { .. } => "vault-refused",
            Self::Unreachable { .. } => "vault-unreachable",
            Self::TimedOut { .. } => "vault-timed-out",
            Self::Late(error) => error.kind(),
            Self::Certificate { .. } => "vault-certificate",
            Self::Tls { .. } => "vault-tls",
            Self::NoAnswer { .. } => "vault-no-answer",
            Self::TooLarge { .. } => "vault-too-large",
            Self::Leased { .. } => "vault-leased",
            Self::ShortLease { .. } => "vault-lease-too-short",
            Self::Outlived { .. } => "vault-token-outlived",
            Self::NotRenewed { .. } => "vault-not-renewed",
            Self::LeaseNotRevoked { .. } => "vault-lease-not-revoked",
            Self::NoEnd => "vault-token-without-end",
            Self::NotRevoked => "vault-token-not-revoked",
        }
    }

    fn hint(&self) -> Option<String> {
        super::hint::of(self)
    }

    fn is_late(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_late(),
            Self::Late(_) => true,
            _ => false,
        }
    }

    fn nature(&self) -> Nature {
        match self {
            Self::File(error) | Self::Aws(error) => error.nature(),
            Self::LoginRefused { .. } | Self::BadToken | Self::Denied { .. } => Nature::Denied,
            Self::Late(error) => error.nature(),
            Self::Throttled { retry_after, .. } | Self::Server { retry_after, .. } => {
                Nature::Outage {
                    retry_after: *retry_after,
                }
            }
            Self::Sealed { .. }
            | Self::Standby { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NoAnswer { .. } => Nature::Outage { retry_after: None },
            _ => Nature::Fault,
        }
    }
}
