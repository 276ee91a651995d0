//! The backend for Vault, and an OpenBao behind a link that can fail.

use std::path::Path;

use secret_run_tests::contract::Source;
use secret_run_tests::{Fault, Link, OpenBao, Quality};
use secret_runtime::backend::Backend;
use secret_runtime::backend::vault::Vault;
use secret_runtime::manifest::VaultSettings;
use serde_json::json;

/// The client takes no larger answer, and the answer is more than the document.
const LIMIT: usize = 1 << 20;

/// May read all of the app's paths, and of one of them nothing.
const RULES: &str = "path \"secret/data/app/*\" { capabilities = [\"read\"] }\n\
                     path \"secret/data/app/unreadable\" { capabilities = [\"deny\"] }";

/// The backend with a token, and its server.
pub(crate) struct OfVault {
    bao: OpenBao,
    link: Link,
    backend: Vault,
}

impl OfVault {
    pub(crate) fn start() -> Self {
        let bao = OpenBao::start();
        let link = Link::to(bao.address());
        let settings = VaultSettings {
            address: Some(format!("http://{}", link.address())),
            mount: Some("secret".to_owned()),
            ..VaultSettings::default()
        };
        let token = bao.token(RULES);
        let process = move |name: &str| (name == "VAULT_TOKEN").then(|| token.clone().into());
        let backend = Vault::open(&settings, Path::new(""), true, &process);
        Self {
            backend: backend.expect("the settings are right"),
            bao,
            link,
        }
    }
}

impl Source for OfVault {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn path(&self, name: &str) -> String {
        format!("app/{name}")
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(bytes).expect("a field of JSON is text");
        Some(self.bao.put(path, &json!({ "value": text })).to_string())
    }

    /// What stands in a text of JSON.
    fn bytes(&self) -> Vec<u8> {
        (0..=127).collect()
    }

    fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }

    fn keeps_versions(&self) -> bool {
        true
    }

    fn unreadable(&mut self, name: &str) -> String {
        let path = self.path(name);
        assert_eq!(path, "app/unreadable", "the policy denies that");
        path
    }

    fn fail(&mut self) {
        self.link.change(Quality {
            fault: Some(Fault::ResetAfter(0)),
            ..Quality::default()
        });
        self.link.cut();
    }

    fn recover(&mut self) {
        self.link.change(Quality::default());
    }
}
