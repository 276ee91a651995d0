//! What to do when something goes wrong with Vault.

use super::VaultError;
use super::policy::is_pattern;
use crate::backend::past_proxy;
use crate::error::Explain;

/// What to do where no policy can grant a path alone.
const PATTERN: &str = "give it a name without a `*` at the end, a `+` at the beginning of a name, and \
                       `{{`: in a policy, these stand for other paths as well";

/// The advice for an error.
pub(super) fn of(error: &VaultError) -> Option<String> {
    use VaultError as E;
    let text = match error {
        E::Denied {
            path,
            capability,
            namespace,
        } if !is_pattern(path) => {
            let place = match namespace {
                Some(namespace) => format!("in a policy of the namespace `{namespace}`"),
                None => "in a policy of the token".to_owned(),
            };
            return Some(format!(
                "this stanza {place} grants it: {}",
                stanza(path, capability)
            ));
        }
        E::Gone {
            destroyed: true, ..
        } => return Some("write it again".into()),
        E::Gone { path, version, .. } => {
            return Some(format!(
                "take it back with `vault kv undelete -versions={version} {path}`, or write it again"
            ));
        }
        E::NoKey { mount, .. } => {
            return Some(format!(
                "check `transit` in the backend; `vault list {mount}/keys` names those that are there"
            ));
        }
        E::NotDecrypted { key, mount, .. } => {
            return Some(format!(
                "encrypt the value again with `base64 | vault write -field=ciphertext \
                 {mount}/encrypt/{key} plaintext=-`, and write what it prints into the manifest"
            ));
        }
        E::Unreachable { proxy, .. } => {
            let hint = "check the address, the network, and whether the server runs";
            return Some(past_proxy(hint, *proxy));
        }
        E::File(error) | E::Aws(error) => return error.hint(),
        E::Late(error) => return error.hint(),
        E::NoAddress => {
            "set VAULT_ADDR, or `address` in the backend, as in https://vault.example.com:8200"
        }
        E::BadAddress { .. } => {
            "write it as https://vault.example.com:8200, or unix:///run/vault/agent.sock for an agent"
        }
        E::PlainText { .. } => {
            "use an address that begins with https://; http:// is for this machine"
        }
        E::OtherAddress { .. } => {
            "if it is for the manifest's server, set VAULT_ADDR to that, or unset it; if not, take `address` out \
             of the backend, or name with `auth` what that server is shown"
        }
        E::SkipVerify => {
            "unset it, and name the authority of the certificate with VAULT_CACERT or \
             `tls.authority`"
        }
        E::CertificateFile { .. } => "check the path; a certificate begins with -----BEGIN",
        E::HalfIdentity => {
            "set VAULT_CLIENT_CERT and VAULT_CLIENT_KEY, or `tls.certificate` and `tls.key`"
        }
        E::NoCredentials { .. } => {
            "set one of these where secret-run is started, or choose another way to log in with \
             `auth` in the backend"
        }
        E::OddCredential { .. } => "check that it was copied whole, and nothing more",
        E::LoginRefused { method: "aws", .. } => {
            "check that the method is enabled there, that its role is bound to who this is for AWS \
             (`aws sts get-caller-identity`), that it asks AWS in the region of `region` in `auth`, and \
             whether it wants a `server-id`"
        }
        E::LoginRefused { .. } => {
            "check that the method is enabled there, the role, and that the credential is right and \
             not used up"
        }
        E::Unwrap => {
            "a wrapping token is good once and for a short time: ask for a new one. If nobody of \
             yours has unwrapped it, somebody else has, and its secret id must be destroyed"
        }
        E::ForeignWrapping { .. } => {
            "check `mount` in `auth`. If it is right, somebody may have unwrapped the secret id and wrapped \
             something in its place: destroy the secret ids of the role, and ask for a new one"
        }
        E::BadToken => "log in again, or set a new token",
        E::NoMount { .. } => {
            "check `mount` and the path with `vault secrets list`; if they are right, no policy of \
             the token grants anything there"
        }
        E::WrongKv { .. } => "correct `kv-version`, or leave it out to have Vault asked",
        E::NoNamespace { .. } => {
            "check VAULT_NAMESPACE, or `namespace` in the backend; it is the whole path"
        }
        E::BadPath { .. } => {
            "a path is names with `/` between them; one `/` before them leaves out the backend's \
             `mount` and `path`"
        }
        E::NoTransit => "name it in the backend, as in `transit = { key = \"app\" }`",
        E::NoMark => {
            "write the whole of it: `key = \"vault:v1:...\"`, or `from = \"BACKEND:vault:v1:...\"`"
        }
        E::Pattern { .. } | E::Denied { .. } => PATTERN,
        E::NoPath => "set VAULT_PATH, or `path` in the backend",
        E::BadVersion { .. } => "a version is a whole number from 1",
        E::NoVersions { .. } => {
            "leave `?version=` out; only version 2 of the engine for keys and values keeps versions"
        }
        E::Sealed { .. } => "have it unsealed, or ask another server of the cluster",
        E::Standby { .. } => "check the state of the cluster, or the address",
        E::Throttled { .. } => "start fewer at a time, or raise the quota",
        E::Server { .. } | E::TimedOut { .. } => {
            "try again; if it stays, look at the state of the server"
        }
        E::Redirect { .. } => "check `api_addr` of the server, and what stands before it",
        E::Refused { .. } | E::NoAnswer { .. } => "check what answers at this address",
        E::Certificate { .. } => {
            "name the authority with VAULT_CACERT or `tls.authority`; if the certificate is for \
             another name, set VAULT_TLS_SERVER_NAME or `tls.server-name`"
        }
        E::Tls { .. } => {
            "check that the server speaks TLS at this port, and whether it wants a certificate of us"
        }
        E::TooLarge { .. } => "this is more than a secret: keep it elsewhere",
        E::Leased { .. } => {
            "nothing renews it once the command runs, unless that is watched: use a secret that is not given for a time, or \
             write `leases = \"keep\"` in the backend"
        }
        E::ShortLease { by_token: true, .. } => {
            "it ends with the token that it is read with: raise `token_ttl` of the role that logs \
             in, or lower `leases` in the backend"
        }
        E::ShortLease { .. } => {
            "raise `default_ttl` of the role that it is of, or lower `leases` in the backend"
        }
        E::Outlived { .. } => {
            "raise `token_ttl` and `token_max_ttl` of the role to more than the time a run may take"
        }
        E::NoEnd => "give its role a short `token_ttl`: what is killed revokes nothing",
        E::NotRenewed { .. } => {
            "another one is asked for before it ends; raise `max_ttl` and `token_max_ttl` of its roles to \
             have that less often"
        }
        E::LeaseNotRevoked { .. } => {
            "its token was not made for this run, and may not revoke leases: log in with a role, or grant \
             `update` on sys/leases/revoke"
        }
        E::NotRevoked => "give its role a short `token_ttl`",
    };
    Some(text.into())
}

/// What a policy says to grant it.
pub(super) fn stanza(path: &str, capability: &str) -> String {
    let path = path.replace('\\', "\\\\").replace('"', "\\\"");
    format!("path \"{path}\" {{ capabilities = [\"{capability}\"] }}")
}
