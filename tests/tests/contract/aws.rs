//! The backend for Secrets Manager of AWS, against moto.

use secret_run_tests::contract::Source;
use secret_run_tests::{Fault, Link, Moto, Quality, REGION, base64};
use secret_runtime::backend::Backend;
use secret_runtime::backend::aws::{AwsSession, SecretsManager};
use secret_runtime::manifest::AwsAccess;
use serde_json::{Value, json};

/// moto behind a link that can fail.
pub(crate) struct Secrets {
    moto: Moto,
    link: Link,
    backend: SecretsManager<'static>,
}

impl Secrets {
    pub(crate) fn start() -> Self {
        let moto = Moto::start();
        let link = Link::to(moto.address());
        let access = AwsAccess {
            region: Some(REGION.to_owned()),
            endpoint: Some(format!("http://{}", link.address())),
            ..AwsAccess::default()
        };
        let session = AwsSession::with_keys(true, "AKIADUMMY", "dummy-key");
        // A test has one of each, until it ends.
        let (session, access) = (Box::leak(Box::new(session)), Box::leak(Box::new(access)));
        Self {
            moto,
            link,
            backend: SecretsManager::new(session, access),
        }
    }
}

impl Source for Secrets {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn path(&self, name: &str) -> String {
        format!("app/{name}")
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let moto = &self.moto;
        if bytes.is_empty() {
            // AWS has no empty secrets: what holds nothing is not there.
            let gone = json!({ "SecretId": path, "ForceDeleteWithoutRecovery": true });
            let _ = moto.call(REGION, "DeleteSecret", &gone);
            return None;
        }
        let filter = json!({ "Filters": [{ "Key": "name", "Values": [path] }] });
        let listed = moto.call(REGION, "ListSecrets", &filter)["SecretList"].clone();
        let mut listed = listed.as_array().into_iter().flatten();
        let is_there = listed.any(|secret| secret["Name"] == path);
        let (action, key) = match is_there {
            true => ("PutSecretValue", "SecretId"),
            false => ("CreateSecret", "Name"),
        };
        let answer = moto.call(
            REGION,
            action,
            &json!({ key: path, "SecretBinary": base64(bytes) }),
        );
        answer["VersionId"].as_str().map(str::to_owned)
    }

    fn limit(&self) -> Option<usize> {
        None
    }

    fn keeps_versions(&self) -> bool {
        true
    }

    fn unreadable(&mut self, name: &str) -> String {
        let path = self.path(name);
        self.put(&path, b"dummy-going");
        let _: Value = self
            .moto
            .call(REGION, "DeleteSecret", &json!({ "SecretId": path }));
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
