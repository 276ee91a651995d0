//! Who asks a backend, and which: what decides the answer, besides what is asked.
//!
//! It is a digest over the user, the manifest, the variables that the backend reads, and the
//! credentials in variables and files. Another token, profile, role or component is another
//! identity, and finds nothing that this one read. Nothing of it is ever shown or written as it
//! is.
//!
//! Of a JSON Web Token only its issuer and subject count: platforms make a new one every hour for
//! the same app. One that somebody forged finds nothing that is not the same user's already. A secret
//! id that can be used once does not count, either.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::backend::ProcessVariable;
use crate::manifest::{
    BackendSettings, CredentialSpec, CredentialText, VaultMethod, VaultSettings, VaultSupply,
};
use crate::plan::{Plan, PlannedBackend};
use crate::plugin::Plugins;

/// The largest credential that is read.
const LARGEST: u64 = 1 << 20;
/// Where Kubernetes puts the token of a service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// What Vault's own client reads, and we do.
const VAULT_VARIABLES: &[&str] = &[
    "VAULT_ADDR",
    "VAULT_NAMESPACE",
    "VAULT_MOUNT_PATH",
    "VAULT_PATH",
    "VAULT_TOKEN",
    "VAULT_ROLE_ID",
    "VAULT_CACERT",
    "VAULT_CAPATH",
    "VAULT_TLS_SERVER_NAME",
    "VAULT_SKIP_VERIFY",
];
/// Where AWS is and as whom it is asked, for the SDK.
const AWS_VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_SSM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
];

/// Who asked whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity([u8; 32]);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Identity {
    /// That of a backend of this run; nothing if it can't be known.
    pub(crate) fn of(
        plan: &Plan,
        backend: &PlannedBackend,
        plugins: &Plugins,
        process: ProcessVariable<'_>,
    ) -> Option<Self> {
        let manifest = plan.manifest();
        let mut parts = Parts {
            hash: Sha256::new(),
            directory: manifest.source().directory(),
            process,
        };
        parts.add("user", &nix::unistd::geteuid().as_raw().to_le_bytes());
        parts.add("manifest", &manifest.source().digest());
        parts.add("backend", backend.name.as_bytes());
        parts.add("kind", backend.settings.kind().as_bytes());
        match &backend.settings {
            BackendSettings::Env { .. } | BackendSettings::File { .. } => return None,
            BackendSettings::Aws(_) => parts.aws(),
            BackendSettings::Vault(vault) => parts.vault(vault),
            BackendSettings::Plugin { plugin, .. } => {
                parts.add("component", plugins.component_digest(plugin)?.as_bytes());
                let plugin = manifest.plugins.get(plugin)?;
                plugin
                    .credential_variables()
                    .for_each(|name| parts.variable(name));
                if let Some(file) = &plugin.ca_file {
                    parts.file(file);
                }
                plugin
                    .credentials
                    .values()
                    .flatten()
                    .for_each(|credential| parts.credential(credential));
            }
        }
        Some(Self(parts.hash.finalize().into()))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn test(byte: u8) -> Self {
        Self([byte; 32])
    }
}

/// What goes into the digest. Each part has a name and a length, so that none runs into the next.
struct Parts<'a> {
    hash: Sha256,
    directory: &'a Path,
    process: ProcessVariable<'a>,
}

impl Parts<'_> {
    fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
    }

    fn variable(&mut self, name: &str) {
        use std::os::unix::ffi::OsStringExt;
        if let Some(value) = (self.process)(name) {
            self.add(name, &Zeroizing::new(value.into_vec()));
        }
    }

    /// The path in a variable: that starts from the working directory, and not from the manifest.
    fn path_in(&self, name: &str) -> Option<PathBuf> {
        let path = (self.process)(name).filter(|path| !path.is_empty())?;
        let path = PathBuf::from(path);
        Some(std::path::absolute(&path).unwrap_or(path))
    }

    fn file(&mut self, path: &Path) {
        let path = self.directory.join(path);
        self.add("file", path.as_os_str().as_encoded_bytes());
        if let Some(content) = content(&path) {
            self.add("content", &content);
        }
    }

    fn token_file(&mut self, path: &Path) {
        let path = self.directory.join(path);
        self.add("file", path.as_os_str().as_encoded_bytes());
        if let Some(content) = content(&path) {
            self.token(&content);
        }
    }

    /// A JSON Web Token, or whatever stands in its place.
    fn token(&mut self, token: &[u8]) {
        match Claims::of(token) {
            Some(claims) => {
                self.add("issuer", claims.iss.as_bytes());
                self.add("subject", claims.sub.as_bytes());
            }
            None => self.add("token", token),
        }
    }

    fn token_variable(&mut self, name: &str) {
        if let Some(token) = (self.process)(name) {
            let token = Zeroizing::new(token.into_encoded_bytes());
            self.token(&token);
        }
    }

    fn aws(&mut self) {
        // What the manifest says of it is in the manifest's digest.
        AWS_VARIABLES.iter().for_each(|name| self.variable(name));
        // What a container is given is at the same place for each, whoever it is.
        self.token_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        for name in [
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ] {
            if let Some(file) = self.path_in(name) {
                self.token_file(&file);
            }
        }
        // Also where the keys are in variables: the region and the address may be in one of these.
        for (name, usual) in [
            ("AWS_CONFIG_FILE", ".aws/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ] {
            let usual = || Some(self.path_in("HOME")?.join(usual));
            if let Some(file) = self.path_in(name).or_else(usual) {
                self.file(&file);
            }
        }
    }

    fn vault(&mut self, vault: &VaultSettings) {
        VAULT_VARIABLES.iter().for_each(|name| self.variable(name));
        let certificate = vault.tls.certificate.clone();
        let certificate = certificate.or_else(|| self.path_in("VAULT_CLIENT_CERT"));
        if let Some(file) = certificate {
            self.file(&file);
        }
        let home = self.path_in("HOME").map(|home| home.join(".vault-token"));
        let Some(auth) = &vault.auth else {
            self.variable("VAULT_SECRET_ID");
            home.iter().for_each(|file| self.file(file));
            return;
        };
        match &auth.method {
            VaultMethod::Token { file } => {
                file.iter().chain(&home).for_each(|file| self.file(file));
            }
            VaultMethod::AppRole {
                role_id_file,
                secret_id_file,
                wrapped,
                ..
            } => {
                role_id_file.iter().for_each(|file| self.file(file));
                if !wrapped {
                    secret_id_file.iter().for_each(|file| self.file(file));
                    self.variable("VAULT_SECRET_ID");
                }
            }
            VaultMethod::Kubernetes { jwt_file, .. } => {
                let usual = Path::new(SERVICE_ACCOUNT);
                self.token_file(jwt_file.as_deref().unwrap_or(usual));
            }
            VaultMethod::Jwt { jwt, .. } => match jwt {
                VaultSupply::File(file) => self.token_file(file),
                VaultSupply::Variable(name) => self.token_variable(name),
            },
            VaultMethod::Userpass { password, .. } => match password {
                VaultSupply::File(file) => self.file(file),
                VaultSupply::Variable(name) => self.variable(name),
            },
            VaultMethod::Cert { .. } => {}
            VaultMethod::Aws { .. } => self.aws(),
        }
    }

    fn credential(&mut self, credential: &CredentialSpec) {
        let mut text = |text: &CredentialText| {
            if let CredentialText::File(file) = text {
                self.file(file);
            }
        };
        match credential {
            CredentialSpec::Header { value, .. } | CredentialSpec::Query { value, .. } => {
                text(value);
            }
            CredentialSpec::Bearer(token) => text(token),
            CredentialSpec::Basic { username, password } => {
                text(username);
                text(password);
            }
        }
    }
}

/// What a token says of whom it is for.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
}

impl Claims {
    fn of(token: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(token).ok()?.trim();
        let mut parts = text.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mut decoded = Zeroizing::new(vec![0; claims.len()]);
        let length = URL_SAFE_NO_PAD.decode_slice(claims, &mut decoded).ok()?;
        serde_json::from_slice(decoded.get(..length)?).ok()
    }
}

/// What a file has in it, if it is one with an end.
fn content(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let size = usize::try_from(metadata.len().min(LARGEST)).ok()?;
    // In its final size, so that growing leaves no copy behind.
    let mut content = Zeroizing::new(Vec::with_capacity(size + 1));
    let file = File::open(path).ok()?;
    file.take(LARGEST).read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests;
