//! An issuer of tokens (JWT), as a CI system or a cluster has one.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::etcd::base64;
use crate::launcher::program;

/// An issuer, with a key of its own.
#[derive(Debug)]
pub struct Issuer {
    folder: TempDir,
    /// Its public key, in PEM.
    pub public_key: String,
}

impl Issuer {
    /// A new one.
    ///
    /// # Panics
    /// When openssl is missing.
    #[must_use]
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let issuer = Self {
            folder,
            public_key: String::new(),
        };
        issuer.openssl(&["genrsa", "-out", "key.pem", "2048"]);
        let public = issuer.openssl(&["rsa", "-in", "key.pem", "-pubout"]);
        Self {
            public_key: String::from_utf8(public).expect("PEM is text"),
            ..issuer
        }
    }

    /// A token for `subject` and the audience `vault`, with further claims, for an hour.
    ///
    /// # Panics
    /// When openssl does not sign.
    #[must_use]
    pub fn token(&self, subject: &str, further: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("it is after 1970").as_secs();
        let mut claims = json!({
            "iss": "https://issuer.example.com", "sub": subject, "aud": ["vault"],
            "iat": now - 60, "nbf": now - 60, "exp": now + 3600,
        });
        let all = claims.as_object_mut().expect("claims are an object");
        all.extend(further.as_object().cloned().unwrap_or_default());
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let part = |value: &Value| url_safe(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&head), part(&claims));
        fs::write(self.folder.path().join("signed"), &signed).expect("a file can be written");
        let signature = self.openssl(&["dgst", "-sha256", "-sign", "key.pem", "signed"]);
        format!("{signed}.{}", url_safe(&signature))
    }

    fn openssl(&self, words: &[&str]) -> Vec<u8> {
        let openssl = program("openssl").expect("openssl is installed");
        let mut openssl = Command::new(openssl);
        openssl.current_dir(self.folder.path()).args(words);
        let output = openssl.output().expect("openssl can be started");
        assert!(output.status.success(), "openssl {words:?}: {output:?}");
        output.stdout
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

/// Base64 as tokens have it.
fn url_safe(bytes: &[u8]) -> String {
    let text = base64(bytes).replace('+', "-").replace('/', "_");
    text.trim_end_matches('=').to_owned()
}
