//! What a manifest says of a backend: whom it asks, and what it shows them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::manifest::{
    AwsAccess, BackendSettings, VaultAuth, VaultMethod, VaultSettings, VaultSupply,
};
use crate::outbound::HttpOrigin;
use crate::plan::{Plan, PlannedBackend};

/// A backend of a plan.
#[derive(Debug, Serialize)]
pub struct BackendReport {
    /// Its name in the manifest.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// What the manifest says of whom it asks and as whom, by key. What it does not say comes from the
    /// variables and files of whoever runs it. Files are whole paths.
    #[serde(flatten)]
    pub says: BTreeMap<&'static str, String>,
}

/// The facts of one backend, while they are gathered.
struct Says<'a> {
    facts: BTreeMap<&'static str, String>,
    directory: &'a Path,
}

impl BackendReport {
    /// What is asked in a plan by its own means, and over a network.
    pub(super) fn all_of(plan: &Plan) -> Vec<Self> {
        let directory = plan.manifest().source().directory();
        let asked = plan.backends.iter();
        let asked = asked.filter(|planned| !planned.requests.is_empty());
        asked
            .filter_map(|planned| Self::of(planned, directory))
            .collect()
    }

    fn of(planned: &PlannedBackend, directory: &Path) -> Option<Self> {
        let mut says = Says {
            facts: BTreeMap::new(),
            directory,
        };
        match &planned.settings {
            BackendSettings::Vault(settings) => says.vault(settings),
            BackendSettings::Aws(settings) => says.aws(&settings.access),
            _ => return None,
        }
        Some(Self {
            name: planned.name.clone(),
            kind: planned.settings.kind().to_owned(),
            says: says.facts,
        })
    }
}

impl Says<'_> {
    fn text(&mut self, key: &'static str, text: Option<&String>) {
        self.facts.extend(text.map(|text| (key, text.clone())));
    }

    fn file(&mut self, key: &'static str, file: Option<&PathBuf>) {
        let file = file.map(|file| self.directory.join(file).display().to_string());
        self.text(key, file.as_ref());
    }

    fn supply(&mut self, (file, variable): (&'static str, &'static str), supply: &VaultSupply) {
        match supply {
            VaultSupply::Variable(name) => self.text(variable, Some(name)),
            VaultSupply::File(path) => self.file(file, Some(path)),
        }
    }

    fn vault(&mut self, settings: &VaultSettings) {
        let address = settings.address.as_ref().map(|address| shown(address));
        self.text("address", address.as_ref());
        self.text("namespace", settings.namespace.as_ref());
        let (tls, name) = (&settings.tls, settings.tls.server_name.as_ref());
        self.file("tls.authority", tls.authority.as_ref());
        self.text("tls.server-name", name);
        self.file("tls.certificate", tls.certificate.as_ref());
        self.file("tls.key", tls.key.as_ref());
        if let Some(auth) = &settings.auth {
            self.login(auth);
        }
    }

    fn login(&mut self, auth: &VaultAuth) {
        self.text("login", Some(&auth.method.name().to_owned()));
        self.text("login.mount", auth.mount.as_ref());
        match &auth.method {
            VaultMethod::Token { file } => self.file("login.token-file", file.as_ref()),
            // People put the other one in the place of a role's id.
            VaultMethod::AppRole {
                role_id: _,
                role_id_file,
                secret_id_file,
                wrapped: _,
            } => {
                self.file("login.role-id-file", role_id_file.as_ref());
                self.file("login.secret-id-file", secret_id_file.as_ref());
            }
            VaultMethod::Kubernetes { role, jwt_file } => {
                self.text("login.role", Some(role));
                self.file("login.jwt-file", jwt_file.as_ref());
            }
            VaultMethod::Jwt { role, jwt } => {
                self.text("login.role", role.as_ref());
                self.supply(("login.jwt-file", "login.jwt-variable"), jwt);
            }
            VaultMethod::Userpass { username, password } => {
                self.text("login.username", Some(username));
                let keys = ("login.password-file", "login.password-variable");
                self.supply(keys, password);
            }
            VaultMethod::Cert { role } => self.text("login.role", role.as_ref()),
            VaultMethod::Aws {
                role,
                access,
                server_id,
            } => {
                self.text("login.role", role.as_ref());
                self.text("login.region", access.region.as_ref());
                self.text("login.profile", access.profile.as_ref());
                self.text("login.server-id", server_id.as_ref());
            }
        }
    }

    fn aws(&mut self, access: &AwsAccess) {
        self.text("region", access.region.as_ref());
        self.text("profile", access.profile.as_ref());
        self.text("role", access.role.as_ref().map(|role| &role.arn));
        self.text("endpoint", access.endpoint.as_ref());
    }
}

/// An address, if it is one: what else stands there may have a password in it.
fn shown(address: &str) -> String {
    let is_socket = address.starts_with("unix:///");
    match HttpOrigin::parse(address) {
        Ok(origin) => origin.to_string(),
        Err(_) if is_socket => address.to_owned(),
        Err(_) => "what is no address".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_address_is_shown_and_nothing_that_may_hold_a_password() {
        assert_eq!(
            shown("https://vault.example.com:8200/"),
            "https://vault.example.com:8200"
        );
        assert_eq!(shown("unix:///run/agent.sock"), "unix:///run/agent.sock");
        for odd in ["https://me:dummy-password@example.com", "dummy-password"] {
            assert_eq!(shown(odd), "what is no address");
        }
    }
}
