//! What the manifest says, what the variables of Vault say, and what holds where nobody says
//! anything. The manifest wins.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::address::Address;
#[cfg(feature = "aws")]
use super::iam::Iam;
use super::login::{Credential, Login, Supply};
use super::read::Place;
use super::tls::Tls;
use super::transit::Transit;
use super::{Vault, VaultError};
#[cfg(feature = "aws")]
use crate::backend::aws::{AwsSession, Caller};
use crate::backend::file::Strictness;
use crate::backend::{FetchError, ProcessVariable, proxy_variable};
use crate::manifest::vault::vault_path;
use crate::manifest::{VaultAuth, VaultMethod, VaultSettings, VaultSupply};
use crate::secret::SecretValue;

/// Where Kubernetes puts the token of a service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Where `vault login` leaves a token, in the home folder.
const TOKEN_FILE: &str = ".vault-token";

/// Reads settings for one backend.
pub(super) struct Setup<'a> {
    pub(super) settings: &'a VaultSettings,
    /// What files are relative to.
    pub(super) directory: &'a Path,
    pub(super) strictness: Strictness,
    pub(super) process: ProcessVariable<'a>,
}

impl Vault {
    /// The backend of these settings. Files of the manifest are relative to `directory`;
    /// `production` refuses plain text to other machines, a certificate that is not looked at, and
    /// files of credentials that others can read.
    ///
    /// # Errors
    /// When nobody says where Vault is, or what is said is not to be used.
    pub fn open(
        settings: &VaultSettings,
        directory: &Path,
        production: bool,
        process: ProcessVariable<'_>,
    ) -> Result<Self, FetchError> {
        let setup = Setup {
            settings,
            directory,
            strictness: Strictness::of(production),
            process,
        };
        setup.vault(production).map_err(FetchError::new)
    }
}

impl Setup<'_> {
    fn vault(&self, production: bool) -> Result<Vault, VaultError> {
        let address = self.settings.address.clone();
        let address = address.or_else(|| self.text("VAULT_ADDR"));
        let address = Address::parse(&address.ok_or(VaultError::NoAddress)?)?;
        if production && !address.is_private() {
            return Err(VaultError::PlainText {
                address: address.to_string(),
            });
        }
        if let Some(credential) = self.astray(&address) {
            return Err(VaultError::OtherAddress {
                credential,
                address: address.to_string(),
            });
        }
        let skip_verify = self.flag("VAULT_SKIP_VERIFY");
        if production && skip_verify {
            return Err(VaultError::SkipVerify);
        }
        Ok(Vault {
            tls: self.tls(skip_verify),
            proxy: proxy_variable(self.process),
            login: self.login(address.is_socket()),
            address,
            place: self.place()?,
            leases: self.settings.leases,
            production,
            terms: None,
            granted: Mutex::default(),
        })
    }

    /// What would be sent to `address` although it goes with another: where variables say which server
    /// is the user's, what the user has for Vault is for that, and a manifest does not send it elsewhere.
    /// What else `auth` names is the manifest's own choice. The socket of an agent stays on this machine.
    fn astray(&self, address: &Address) -> Option<String> {
        self.settings.address.as_ref()?;
        let usual = self.text("VAULT_ADDR")?;
        let is_it = Address::parse(&usual).is_ok_and(|usual| usual == *address);
        if is_it || address.is_socket() {
            return None;
        }
        let (token, secret_id) = match self.settings.auth.as_ref().map(|auth| &auth.method) {
            // As `login` chooses.
            None => {
                let has_token = self.value("VAULT_TOKEN").is_some();
                let is_role = !has_token && self.value("VAULT_ROLE_ID").is_some();
                (!is_role, is_role)
            }
            Some(VaultMethod::Token { file: None }) => (true, false),
            Some(VaultMethod::AppRole {
                secret_id_file: None,
                ..
            }) => (false, true),
            Some(_) => (false, false),
        };
        let variables = [("VAULT_TOKEN", token), ("VAULT_SECRET_ID", secret_id)];
        // Also where it is passed off as a JWT or a password.
        let named = self.settings.credential_variable();
        let mut held = variables.into_iter().filter(|(name, is_sent)| {
            (*is_sent || named == Some(*name)) && self.value(name).is_some()
        });
        let held = held.next().map(|(name, _)| name.to_owned());
        let file = || {
            let file = self.token_file().filter(|file| token && file.exists())?;
            Some(file.display().to_string())
        };
        held.or_else(file)
    }

    /// Where a token usually is.
    fn token_file(&self) -> Option<PathBuf> {
        let home = self.text("HOME").map(PathBuf::from);
        home.map(|home| home.join(TOKEN_FILE))
    }

    pub(super) fn place(&self) -> Result<Place, VaultError> {
        Ok(Place {
            namespace: self.path(&self.settings.namespace, "VAULT_NAMESPACE")?,
            mount: self.path(&self.settings.mount, "VAULT_MOUNT_PATH")?,
            path: self.path(&self.settings.path, "VAULT_PATH")?,
            kv_version: self.settings.kv_version,
            transit: self.settings.transit.as_ref().map(|transit| Transit {
                key: transit.key.clone(),
                mount: transit.mount.clone(),
            }),
        })
    }

    fn tls(&self, skip_verify: bool) -> Tls {
        let files = &self.settings.tls;
        let file = |own: &Option<PathBuf>, name: &str| {
            let own = own.as_ref().map(|file| self.directory.join(file));
            own.or_else(|| self.text(name).map(PathBuf::from))
        };
        let server_name = files.server_name.clone();
        Tls {
            authority: file(&files.authority, "VAULT_CACERT"),
            authorities: file(&None, "VAULT_CAPATH"),
            server_name: server_name.or_else(|| self.text("VAULT_TLS_SERVER_NAME")),
            certificate: file(&files.certificate, "VAULT_CLIENT_CERT"),
            key: file(&files.key, "VAULT_CLIENT_KEY"),
            skip_verify,
        }
    }

    fn login(&self, is_socket: bool) -> Login {
        let Some(auth) = &self.settings.auth else {
            let token = self.held("VAULT_TOKEN");
            return match self.held("VAULT_ROLE_ID") {
                Some(role) if token.is_none() => {
                    let role = of_variable(role, "role id", "VAULT_ROLE_ID");
                    self.app_role("approle", role, None, false)
                }
                _ if is_socket => Login::TokenOrAgent(self.token(None)),
                _ => Login::Token(self.token(None)),
            };
        };
        let mount = auth.mount.as_deref().unwrap_or(auth.method.name());
        match &auth.method {
            VaultMethod::Token { file } => Login::Token(self.token(file.as_deref())),
            VaultMethod::AppRole {
                role_id,
                role_id_file,
                secret_id_file,
                wrapped,
            } => {
                let role = match (role_id, role_id_file) {
                    (Some(id), _) => {
                        let id = SecretValue::copy_of(id.as_bytes());
                        of_variable(Supply::Held(id), "role id", "role-id")
                    }
                    (None, Some(file)) => self.file(file, "role id"),
                    (None, None) => self.variable("VAULT_ROLE_ID", "role id"),
                };
                self.app_role(mount, role, secret_id_file.as_deref(), *wrapped)
            }
            #[cfg(feature = "aws")]
            VaultMethod::Aws {
                role,
                access,
                server_id,
            } => {
                let production = self.strictness == Strictness::Refuse;
                let session = AwsSession::new(production, self.process);
                Login::Aws {
                    mount: mount.to_owned(),
                    iam: Box::new(Iam {
                        caller: Caller::new(session, access.clone()),
                        role: role.clone(),
                        server_id: server_id.clone(),
                    }),
                }
            }
            other => self.method(other, auth, mount),
        }
    }

    fn method(&self, method: &VaultMethod, auth: &VaultAuth, mount: &str) -> Login {
        let mut user = None;
        let mut fields = Vec::new();
        let mut named = |name: &'static str, text: &Option<String>| {
            fields.extend(text.as_ref().map(|text| {
                let text = SecretValue::copy_of(text.as_bytes());
                (name, of_variable(Supply::Held(text), name, name))
            }));
        };
        match method {
            VaultMethod::Kubernetes { role, jwt_file } => {
                named("role", &Some(role.clone()));
                let path = jwt_file.as_ref().map(|file| self.directory.join(file));
                let path = path.unwrap_or_else(|| SERVICE_ACCOUNT.into());
                // Kubernetes lets all of a container read it, and nobody else is there.
                let jwt = of_file(path, "token of a service account", Strictness::Warn);
                fields.push(("jwt", jwt));
            }
            VaultMethod::Jwt { role, jwt } => {
                named("role", role);
                fields.push(("jwt", self.supply(jwt, "JWT")));
            }
            VaultMethod::Userpass { username, password } => {
                user = Some(username.clone());
                fields.push(("password", self.supply(password, "password")));
            }
            VaultMethod::Cert { role } => named("name", role),
            VaultMethod::Token { .. } | VaultMethod::AppRole { .. } | VaultMethod::Aws { .. } => {}
        }
        Login::Method {
            method: auth.method.name(),
            mount: mount.to_owned(),
            user,
            fields,
            wrapped: false,
        }
    }

    fn app_role(
        &self,
        mount: &str,
        role: Credential,
        secret_id_file: Option<&Path>,
        wrapped: bool,
    ) -> Login {
        let mut fields = vec![("role_id", role)];
        let held = self.held("VAULT_SECRET_ID");
        // A role may be bound to addresses instead of having a secret.
        match (secret_id_file, held) {
            (Some(file), _) => fields.push(("secret_id", self.file(file, "secret id"))),
            (None, Some(held)) => {
                fields.push((
                    "secret_id",
                    of_variable(held, "secret id", "VAULT_SECRET_ID"),
                ));
            }
            (None, None) if wrapped => {
                fields.push(("secret_id", self.variable("VAULT_SECRET_ID", "secret id")));
            }
            (None, None) => {}
        }
        Login::Method {
            method: "approle",
            mount: mount.to_owned(),
            user: None,
            fields,
            wrapped,
        }
    }

    /// A token in this file, or where it usually is.
    fn token(&self, file: Option<&Path>) -> Credential {
        if let Some(file) = file {
            return self.file(file, "token");
        }
        let file = self.token_file();
        let mut tried = "VAULT_TOKEN".to_owned();
        if self.settings.auth.is_none() {
            tried.push_str(", VAULT_ROLE_ID");
        }
        if let Some(file) = &file {
            tried.push_str(&format!(" and {}", file.display()));
        }
        let supply = match (self.held("VAULT_TOKEN"), file) {
            (Some(held), _) => held,
            (None, Some(path)) => Supply::File {
                path,
                strictness: self.strictness,
            },
            (None, None) => Supply::Missing,
        };
        Credential {
            supply,
            what: "token",
            tried,
        }
    }

    fn supply(&self, supply: &VaultSupply, what: &'static str) -> Credential {
        match supply {
            VaultSupply::Variable(name) => self.variable(name, what),
            VaultSupply::File(file) => self.file(file, what),
        }
    }

    fn file(&self, file: &Path, what: &'static str) -> Credential {
        of_file(self.directory.join(file), what, self.strictness)
    }

    fn variable(&self, name: &str, what: &'static str) -> Credential {
        let held = self.held(name).unwrap_or(Supply::Missing);
        of_variable(held, what, name)
    }

    fn held(&self, name: &str) -> Option<Supply> {
        let value = self.value(name)?;
        Some(Supply::Held(SecretValue::new(value.into_vec())))
    }

    /// A path that the manifest or a variable names.
    fn path(&self, own: &Option<String>, name: &str) -> Result<Option<String>, VaultError> {
        if own.is_some() {
            return Ok(own.clone());
        }
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match vault_path(&text) {
            Some(path) => Ok(Some(path.to_owned())),
            None => Err(VaultError::BadPath { path: name.into() }),
        }
    }

    /// A variable that says yes, in the spellings of Vault's own client.
    fn flag(&self, name: &str) -> bool {
        let text = self.text(name).unwrap_or_default();
        !matches!(
            text.as_str(),
            "" | "0" | "f" | "F" | "false" | "False" | "FALSE"
        )
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.into_string().ok()
    }

    fn value(&self, name: &str) -> Option<OsString> {
        (self.process)(name).filter(|value| !value.is_empty())
    }
}

fn of_variable(supply: Supply, what: &'static str, name: &str) -> Credential {
    Credential {
        supply,
        what,
        tried: name.to_owned(),
    }
}

fn of_file(path: PathBuf, what: &'static str, strictness: Strictness) -> Credential {
    Credential {
        tried: path.display().to_string(),
        supply: Supply::File { path, strictness },
        what,
    }
}
