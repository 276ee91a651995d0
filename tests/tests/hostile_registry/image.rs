//! An image in a registry that is a dummy, and pulls of it.

use std::time::Duration;

use secret_run_tests::{IMAGE_MANIFEST, Registry, Response, SecretServer, digest};
use secret_runtime::secret::SecretValue;
use secret_runtime::supply::oci::{Credentials, OciError, Pull, Pulled, pull};

pub(crate) const COMPONENT: &[u8] = b"dummy component";
pub(crate) const TOKEN: &str = "Bearer dummy-token";
/// The login of the tests as a client sends it.
pub(crate) const LOGIN: &str = "Basic ZHVtbXktdXNlcjpkdW1teS1wYXNzd29yZA==";

/// A server that holds an image of one component.
pub(crate) struct Image {
    pub(crate) server: SecretServer,
    pub(crate) digest: String,
    pub(crate) manifest: String,
}

impl Image {
    pub(crate) fn new() -> Self {
        let server = SecretServer::start();
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "layers": [{
                "mediaType": "application/wasm",
                "digest": digest(COMPONENT),
                "size": COMPONENT.len(),
            }],
        });
        let manifest = manifest.to_string();
        let digest = digest(manifest.as_bytes());
        let image = Self {
            server,
            digest,
            manifest,
        };
        image.answer_manifest(image.good_manifest());
        image.answer_blob(Response::new(200).body(COMPONENT));
        image
    }

    pub(crate) fn good_manifest(&self) -> Response {
        let response = Response::new(200).body(&self.manifest);
        response.header("content-type", IMAGE_MANIFEST)
    }

    pub(crate) fn answer_manifest(&self, response: Response) {
        let path = format!("/v2/rules/manifests/{}", self.digest);
        self.server.answer(&path, response);
    }

    pub(crate) fn answer_blob(&self, response: Response) {
        self.server.answer(&Self::blob_path(), response);
    }

    pub(crate) fn blob_path() -> String {
        format!("/v2/rules/blobs/{}", digest(COMPONENT))
    }

    pub(crate) fn pull(&self, credentials: Option<&Credentials>) -> Result<Pulled, OciError> {
        self.pull_within(credentials, Duration::from_secs(30))
    }

    pub(crate) fn pull_within(
        &self,
        credentials: Option<&Credentials>,
        deadline: Duration,
    ) -> Result<Pulled, OciError> {
        let request = Pull {
            registry: &self.server.address().to_string(),
            repository: "rules",
            digest: &self.digest,
            authority: None,
            credentials,
            deadline,
        };
        pull(&request, &mut |_, _| ())
    }

    /// The login for this registry.
    pub(crate) fn login(&self) -> Credentials {
        login_for(&self.server.address().to_string())
    }

    /// Wants a token from `realm` for everything.
    pub(crate) fn want_token(&self, challenge: &str) {
        let refusal = || Response::new(401).header("www-authenticate", challenge);
        let manifest = self.good_manifest();
        self.answer_manifest(manifest.only_with("authorization", TOKEN, refusal()));
        let blob = Response::new(200).body(COMPONENT);
        self.answer_blob(blob.only_with("authorization", TOKEN, refusal()));
    }
}

/// The login for a registry of this name.
pub(crate) fn login_for(registry: &str) -> Credentials {
    let value = |text: &str| SecretValue::copy_of(text.as_bytes());
    let (user, password) = (value(Registry::USER), value(Registry::PASSWORD));
    Credentials::new(registry, user, password).expect("it is a registry, and no colon")
}

pub(crate) fn came(pulled: Result<Pulled, OciError>) {
    assert_eq!(pulled.expect("the pull succeeds").component, COMPONENT);
}
