//! The stores that secrets come from over a network, each with one secret, and a link in between that
//! can fail.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::{
    AwsProject, Consul, Etcd, Launcher, Link, Moto, OpenBao, PluginProject, REGION, VaultProject,
};

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// The backend `vault`, with OpenBao.
    Vault,
    /// The backend `aws-secrets-manager`, with moto.
    SecretsManager,
    /// The backend `aws-parameter-store`, with moto.
    ParameterStore,
    /// The plugin `consul-kv`, with Consul.
    Consul,
    /// The plugin `etcd`, with etcd.
    Etcd,
}

/// A running store that holds [`VALUE`](Self::VALUE), behind a link.
#[derive(Debug)]
pub struct LinkedStore {
    kind: StoreKind,
    link: Link,
    _server: Server,
    token: String,
    plugins: PathBuf,
}

/// Kept until the store is dropped.
#[derive(Debug)]
enum Server {
    OpenBao { _bao: Box<OpenBao> },
    Moto { _moto: Moto },
    Consul { _consul: Consul },
    Etcd { _etcd: Etcd },
}

/// A project with one secret of a store: the entry `TOKEN`.
#[derive(Debug)]
pub struct LinkedProject {
    of: Of,
    token: String,
    address: SocketAddr,
}

#[derive(Debug)]
enum Of {
    Vault(VaultProject),
    Aws(AwsProject),
    Plugin(PluginProject),
}

impl LinkedStore {
    /// What the store holds.
    pub const VALUE: &str = "q7zk-5f20-of-a-store";

    /// Starts it. Compiled plugins are in the folder `plugins`; see
    /// [`PluginStore::with`](crate::PluginStore::with).
    ///
    /// # Panics
    /// When it is not installed, or does not answer.
    #[must_use]
    pub fn start(kind: StoreKind, plugins: &Path) -> Self {
        let mut token = String::new();
        let (server, address) = match kind {
            StoreKind::Vault => {
                let bao = OpenBao::start();
                bao.put("app/TOKEN", &json!({ "value": Self::VALUE }));
                OpenBao::ROOT.clone_into(&mut token);
                let address = bao.address();
                (
                    Server::OpenBao {
                        _bao: Box::new(bao),
                    },
                    address,
                )
            }
            StoreKind::SecretsManager | StoreKind::ParameterStore => {
                let moto = Moto::start();
                if kind == StoreKind::SecretsManager {
                    let _ = moto.secret(REGION, "app/TOKEN", Self::VALUE);
                } else {
                    moto.parameter(REGION, "app/TOKEN", "SecureString", Self::VALUE);
                }
                let address = moto.address();
                (Server::Moto { _moto: moto }, address)
            }
            StoreKind::Consul => {
                let consul = Consul::start();
                consul.put("app/TOKEN", Self::VALUE);
                token = consul.token("key_prefix \"app/\" { policy = \"read\" }");
                let address = consul.address();
                (Server::Consul { _consul: consul }, address)
            }
            StoreKind::Etcd => {
                let etcd = Etcd::start();
                etcd.put("app/TOKEN", Self::VALUE);
                let address = etcd.address();
                (Server::Etcd { _etcd: etcd }, address)
            }
        };
        Self {
            kind,
            link: Link::to(address),
            _server: server,
            token,
            plugins: plugins.to_owned(),
        }
    }

    /// The way to it.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// A project that is led over the link, with these lines of the backend, and what else stands
    /// in the manifest behind the entry `TOKEN`.
    #[must_use]
    pub fn project(&self, backend: &str, rest: &str) -> LinkedProject {
        let address = self.link.address();
        let token = &self.token;
        LinkedProject::new(self.kind, address, token, &self.plugins, backend, rest)
    }
}

impl LinkedProject {
    /// A project whose store is at this address, and takes this token if it takes any.
    #[must_use]
    pub fn new(
        kind: StoreKind,
        address: SocketAddr,
        token: &str,
        plugins: &Path,
        backend: &str,
        rest: &str,
    ) -> Self {
        let entry = format!("[secrets.TOKEN]\n{rest}");
        let plugin = |name: &str, credentials: &str| {
            let origin = format!("http://{address}");
            let lines = format!(
                "settings = {{ address = \"{origin}\" }}\nallow.http = [\"{origin}\"]\n\
                 allow.private-addresses = [\"{origin}\"]\n{credentials}"
            );
            let project = PluginProject::new(plugins, name, &lines, &entry);
            Of::Plugin(project.backend(&format!("prefix = \"app/\"\n{backend}")))
        };
        let aws = |kind: &str| {
            let backend = format!("kind = \"{kind}\"\nprefix = \"app/\"\n{backend}");
            Of::Aws(AwsProject::new(&backend, &entry))
        };
        let of = match kind {
            StoreKind::Vault => {
                let backend = format!("mount = \"secret\"\npath = \"app\"\n{backend}");
                Of::Vault(VaultProject::new(&backend, &entry))
            }
            StoreKind::SecretsManager => aws("aws-secrets-manager"),
            StoreKind::ParameterStore => aws("aws-parameter-store"),
            StoreKind::Consul => {
                let header = "{ header = \"x-consul-token\", value = \"{STORE_TOKEN}\" }";
                plugin(
                    "consul-kv",
                    &format!("credentials.\"http://{address}\" = {header}"),
                )
            }
            StoreKind::Etcd => plugin("etcd", ""),
        };
        Self {
            of,
            token: token.to_owned(),
            address,
        }
    }

    /// The launcher in it. Errors are JSON.
    #[must_use]
    pub fn launcher(&self) -> Launcher<'_> {
        match &self.of {
            Of::Vault(project) => project
                .launcher_to(&format!("http://{}", self.address))
                .env("VAULT_TOKEN", &self.token),
            Of::Aws(project) => project.launcher(self.address),
            Of::Plugin(project) => project.launcher().env("STORE_TOKEN", &self.token),
        }
    }

    /// The command that leaves a mark, for runs that must not start it.
    #[must_use]
    pub fn marker(&self) -> [&'static str; 2] {
        match &self.of {
            Of::Vault(project) => project.marker(),
            Of::Aws(project) => project.marker(),
            Of::Plugin(project) => project.project().marker(),
        }
    }

    /// Whether it was started.
    #[must_use]
    pub fn started(&self) -> bool {
        match &self.of {
            Of::Vault(project) => project.started(),
            Of::Aws(project) => project.started(),
            Of::Plugin(project) => project.project().started(),
        }
    }
}
