//! Debian's etcd on a folder of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use crate::daemon::Daemon;
use crate::exchange::exchange;
use crate::port::free_port;

/// A running etcd with one member and nothing in it.
#[derive(Debug)]
pub struct Etcd {
    _daemon: Daemon,
    address: SocketAddr,
}

impl Etcd {
    /// Starts it, and waits until it takes requests.
    ///
    /// # Panics
    /// When it is not installed, or does not answer: the text shows what it wrote.
    #[must_use]
    pub fn start() -> Self {
        let (daemon, port) = Daemon::start(
            "etcd",
            |program, folder| {
                let (clients, peers) = (free_port(), free_port());
                let url = |port: u16| format!("http://127.0.0.1:{port}");
                let mut command = Command::new(program);
                command.env_clear().arg("--data-dir").arg(folder);
                command.args(["--name", "test", "--logger", "zap", "--log-level", "error"]);
                command.args(["--listen-client-urls", &url(clients)]);
                command.args(["--advertise-client-urls", &url(clients)]);
                command.args(["--listen-peer-urls", &url(peers)]);
                command.args(["--initial-advertise-peer-urls", &url(peers)]);
                command.args(["--initial-cluster", &format!("test={}", url(peers))]);
                (command, clients)
            },
            |port| {
                let health = exchange(local(*port), "GET", "/health", &[], &[]);
                health.is_ok_and(|reply| reply.text().contains(r#""health":"true""#))
            },
        );
        Self {
            _daemon: daemon,
            address: local(port),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of its gateway, without a `/` at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Calls its JSON gateway: `call("kv/put", …)`. In it, keys and values are base64.
    ///
    /// # Panics
    /// When it answers anything but JSON with status 200.
    #[must_use]
    pub fn call(&self, method: &str, request: &serde_json::Value) -> serde_json::Value {
        let path = format!("/v3/{method}");
        let body = request.to_string();
        let reply = exchange(self.address, "POST", &path, &[], body.as_bytes());
        let reply = reply.expect("etcd answers");
        assert_eq!(reply.status, 200, "etcd refuses {path}: {}", reply.text());
        serde_json::from_slice(&reply.body).expect("etcd answers in JSON")
    }

    /// Stores a value, and answers which revision of the store has it.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn put(&self, key: &str, value: impl AsRef<[u8]>) -> String {
        let (key, value) = (base64(key.as_bytes()), base64(value.as_ref()));
        let answer = self.call("kv/put", &serde_json::json!({ "key": key, "value": value }));
        let revision = answer["header"]["revision"].as_str();
        let revision = revision.unwrap_or_else(|| panic!("etcd has not stored {key}: {answer}"));
        revision.to_owned()
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Base64 with padding, as etcd's gateway and other JSON interfaces want bytes.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let sextet = ALPHABET[(bits >> (18 - 6 * position) & 63) as usize];
            text.push(if position <= chunk.len() {
                sextet.into()
            } else {
                '='
            });
        }
    }
    text
}
