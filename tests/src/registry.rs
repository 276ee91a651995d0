//! Debian's docker-registry on a folder of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::daemon::Daemon;
use crate::exchange::{Reply, exchange};
use crate::launcher::program;
use crate::port::free_port;

/// The type of the manifest that [`Registry::push`] writes.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a registry wants of its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Password,
    Tls,
}

/// A running registry with nothing in it.
#[derive(Debug)]
pub struct Registry {
    daemon: Daemon,
    address: SocketAddr,
    door: Door,
}

impl Registry {
    /// The user that a registry [with a password](Self::with_password) lets in.
    pub const USER: &str = "dummy-user";
    /// The user's password.
    pub const PASSWORD: &str = "dummy-password";
    /// The line that `htpasswd -B` makes of both.
    const HTPASSWD: &str =
        "dummy-user:$2b$05$abcdefghijklmnopqrstuubpjyK0khxU7BjKLoE60Le0buL3R2kIO\n";
    /// Both as a client sends them.
    const LOGIN: &str = "Basic ZHVtbXktdXNlcjpkdW1teS1wYXNzd29yZA==";

    /// One that lets everybody in.
    ///
    /// # Panics
    /// When it is not installed, or does not answer: the text shows what it wrote.
    #[must_use]
    pub fn start() -> Self {
        Self::behind(Door::Open)
    }

    /// One that wants a user and a password.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn with_password() -> Self {
        Self::behind(Door::Password)
    }

    /// One that speaks TLS only, with a certificate of [its own authority](Self::authority). To
    /// push to it, fill its [storage](Self::storage) from another registry's.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn with_tls() -> Self {
        Self::behind(Door::Tls)
    }

    fn behind(door: Door) -> Self {
        let (daemon, port) = Daemon::start(
            "docker-registry",
            |program, folder| {
                let port = free_port();
                let file = configure(folder, port, door);
                let mut command = Command::new(program);
                command.env_clear().arg("serve").arg(file);
                (command, port)
            },
            |port| match door {
                Door::Tls => std::net::TcpStream::connect(local(*port)).is_ok(),
                Door::Open | Door::Password => {
                    let reply = exchange(local(*port), "GET", "/v2/", &[], &[]);
                    reply.is_ok_and(|reply| matches!(reply.status, 200 | 401))
                }
            },
        );
        Self {
            daemon,
            address: local(port),
            door,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its name in a reference: `127.0.0.1:PORT`.
    #[must_use]
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// The certificate, in PEM, of the authority of a registry [with TLS](Self::with_tls).
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn authority(&self) -> Vec<u8> {
        fs::read(self.daemon.folder().join("cert.pem")).expect("the registry has a certificate")
    }

    /// The folder of what was pushed.
    #[must_use]
    pub fn storage(&self) -> PathBuf {
        self.daemon.folder().join("storage")
    }

    /// The file of a blob in the storage, for tests that tamper with it.
    #[must_use]
    pub fn blob_file(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:");
        let hex = hex.expect("the digest is one of SHA-256");
        let blobs = self.storage().join("docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }

    /// Pushes an image of one component, with its signature if there is one, and returns the
    /// digest of the image.
    ///
    /// # Panics
    /// When the registry does not take it.
    #[must_use]
    pub fn push(&self, repository: &str, component: &[u8], signature: Option<&str>) -> String {
        let mut layers = vec![self.push_blob(repository, "application/wasm", component)];
        if let Some(text) = signature {
            let media_type = "application/vnd.secret-run.minisign";
            layers.push(self.push_blob(repository, media_type, text.as_bytes()));
        }
        self.push_image(repository, &layers)
    }

    /// Pushes an image of these layers, and returns its digest.
    ///
    /// # Panics
    /// When the registry does not take it.
    #[must_use]
    pub fn push_image(&self, repository: &str, layers: &[Value]) -> String {
        let config = self.push_blob(repository, "application/vnd.wasm.config.v0+json", b"{}");
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config,
            "layers": layers,
        });
        self.push_manifest(repository, IMAGE_MANIFEST, manifest.to_string().as_bytes())
    }

    /// Pushes a document, and returns its digest.
    ///
    /// # Panics
    /// When the registry does not take it.
    #[must_use]
    pub fn push_manifest(&self, repository: &str, media_type: &str, document: &[u8]) -> String {
        let digest = digest(document);
        let path = format!("/v2/{repository}/manifests/{digest}");
        let reply = self.send("PUT", &path, &[("content-type", media_type)], document);
        assert_eq!(
            reply.status,
            201,
            "the manifest is not taken: {}",
            reply.text()
        );
        digest
    }

    /// Pushes a blob, and returns its description for a manifest.
    ///
    /// # Panics
    /// When the registry does not take it.
    #[must_use]
    pub fn push_blob(&self, repository: &str, media_type: &str, blob: &[u8]) -> Value {
        let begun = self.send(
            "POST",
            &format!("/v2/{repository}/blobs/uploads/"),
            &[],
            &[],
        );
        assert_eq!(begun.status, 202, "no upload begins: {}", begun.text());
        let location = begun.header("location").expect("an upload has a place");
        let path = match location.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/').expect("the place has a path")..],
            None => location,
        };
        let digest = digest(blob);
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}digest={digest}");
        let octets = [("content-type", "application/octet-stream")];
        let reply = self.send("PUT", &path, &octets, blob);
        assert_eq!(reply.status, 201, "the blob is not taken: {}", reply.text());
        json!({ "mediaType": media_type, "digest": digest, "size": blob.len() })
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut headers = headers.to_vec();
        if self.door == Door::Password {
            headers.push(("authorization", Self::LOGIN));
        }
        let reply = exchange(self.address, method, path, &headers, body);
        reply.expect("the registry answers")
    }
}

/// The digest of something as registries write it.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// Writes the registry's configuration, and what it names.
fn configure(folder: &Path, port: u16, door: Door) -> PathBuf {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).expect("the folder can be written to");
        file
    };
    let storage = folder.join("storage");
    let mut text = format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
         storage: {{filesystem: {{rootdirectory: {}}}}}\n",
        storage.display()
    );
    let mut http = format!("addr: 127.0.0.1:{port}, secret: dummy-secret");
    match door {
        Door::Open => {}
        Door::Password => {
            let file = write("htpasswd", Registry::HTPASSWD);
            let file = file.display();
            text.push_str(&format!(
                "auth: {{htpasswd: {{realm: test, path: {file}}}}}\n"
            ));
        }
        Door::Tls => {
            certify(folder);
            let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
            let (key, certificate) = (key.display(), certificate.display());
            http.push_str(&format!(
                ", tls: {{key: {key}, certificate: {certificate}}}"
            ));
        }
    }
    text.push_str(&format!("http: {{{http}}}\n"));
    write("config.yml", &text)
}

/// Makes a key and a certificate for 127.0.0.1 that is good for a day.
fn certify(folder: &Path) {
    let program = program("openssl").expect("openssl is installed");
    let mut openssl = Command::new(program);
    openssl
        .current_dir(folder)
        .args(["req", "-x509", "-nodes", "-days", "1"]);
    openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-keyout", "key.pem", "-out", "cert.pem"]);
    openssl.args([
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    let output = openssl.output().expect("openssl can be started");
    assert!(
        output.status.success(),
        "openssl makes no certificate: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
