//! HashiCorp's Consul, one agent in memory that denies what no token allows.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::exchange::{Reply, exchange};
use crate::port::free_port;

/// May do everything. Consul wants tokens in this form.
const MANAGEMENT: &str = "d0d0d0d0-0000-4000-8000-000000000001";

/// The name of its one datacenter.
pub const DATACENTER: &str = "dummy-dc";

/// A running Consul with nothing in it. When it is dropped, it ends with all that it holds.
#[derive(Debug)]
pub struct Consul {
    _daemon: Daemon,
    address: SocketAddr,
}

impl Consul {
    /// Starts it, and waits until it takes requests.
    ///
    /// # Panics
    /// When it was not built, or does not answer: the text shows what it wrote.
    #[must_use]
    pub fn start() -> Self {
        let (daemon, address) = Daemon::start(
            "consul",
            |program, folder| {
                let configuration = folder.join("consul.json");
                fs::write(&configuration, configuration_text()).expect("a file can be written");
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
                let mut command = Command::new(program);
                command.env_clear().args(["agent", "-dev"]);
                command.arg("-config-file").arg(configuration);
                command.args(["-node", "test", "-bind", "127.0.0.1"]);
                command.args(["-datacenter", DATACENTER, "-log-level", "error"]);
                command.args(["-http-port", &address.port().to_string()]);
                for used in ["-server-port", "-serf-lan-port", "-serf-wan-port"] {
                    command.args([used, &free_port().to_string()]);
                }
                for unused in ["-dns-port", "-grpc-port", "-grpc-tls-port"] {
                    command.args([unused, "-1"]);
                }
                (command, address)
            },
            |address| {
                // There is a leader and the token is known.
                let reply = request(*address, "GET", "kv/dummy", b"");
                reply.is_ok_and(|reply| reply.status == 404)
            },
        );
        Self {
            _daemon: daemon,
            address,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of its API, without a `/` at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stores a value. The key stands in a URL.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn put(&self, key: &str, value: impl AsRef<[u8]>) {
        let answer = self.call("PUT", &format!("kv/{key}"), value.as_ref());
        assert_eq!(answer, json!(true), "Consul has not stored {key}");
    }

    /// A new token that these rules hold for, in HCL: `key_prefix "app/" { policy = "read" }`.
    ///
    /// # Panics
    /// When the rules are none.
    #[must_use]
    pub fn token(&self, rules: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // A policy needs a name of its own.
        let name = format!("dummy-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let policy = json!({ "Name": name, "Rules": rules });
        self.call("PUT", "acl/policy", policy.to_string().as_bytes());
        let token = json!({ "Policies": [{ "Name": name }] });
        let token = self.call("PUT", "acl/token", token.to_string().as_bytes());
        let secret = token["SecretID"].as_str();
        secret.expect("a token has a secret").to_owned()
    }

    fn call(&self, method: &str, path: &str, body: &[u8]) -> Value {
        let reply = request(self.address, method, path, body).expect("Consul answers");
        assert_eq!(reply.status, 200, "Consul refuses {path}: {}", reply.text());
        serde_json::from_slice(&reply.body).expect("Consul answers in JSON")
    }
}

fn request(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> std::io::Result<Reply> {
    let token = [("x-consul-token", MANAGEMENT)];
    exchange(address, method, &format!("/v1/{path}"), &token, body)
}

fn configuration_text() -> String {
    let configuration = json!({
        "acl": {
            "enabled": true,
            "default_policy": "deny",
            "tokens": { "initial_management": MANAGEMENT },
        },
        // It has nothing to ask of anybody.
        "disable_update_check": true,
    });
    configuration.to_string()
}
