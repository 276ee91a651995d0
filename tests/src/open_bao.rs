//! OpenBao, which speaks what HashiCorp's Vault speaks: one server in memory, reached in plain
//! text, with TLS, and by a socket.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::binary::built_server;
use crate::daemon::Daemon;
use crate::exchange::{Reply, exchange};
use crate::moto::Moto;
use crate::plugin_store::sha256;
use crate::port::free_port;
use crate::postgres::Postgres;

/// Vault's method for AWS, which OpenBao has left out.
const AWS_PLUGIN: &str = "vault-plugin-auth-aws";

/// Where a server listens.
struct Ports {
    plain: SocketAddr,
    tls: SocketAddr,
}

/// A running OpenBao with an engine for secrets with versions at `secret/` and nothing in it. When
/// it is dropped, it ends with all that it holds.
#[derive(Debug)]
pub struct OpenBao {
    daemon: Daemon,
    authority: Authority,
    address: SocketAddr,
    tls_address: SocketAddr,
}

impl OpenBao {
    /// The token that may do everything.
    pub const ROOT: &str = "dummy-root-token";
    /// A name, beside 127.0.0.1, that its certificate is for.
    pub const NAME: &str = "vault.example.com";

    /// Starts it, and waits until it takes requests.
    ///
    /// # Panics
    /// When it is not installed, or does not answer: the text shows what it wrote.
    #[must_use]
    pub fn start() -> Self {
        let authority = Authority::new();
        let identity = authority.certify(&["127.0.0.1", Self::NAME]);
        let (daemon, ports) = Daemon::start(
            "bao",
            |program, folder| {
                let local = || SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
                let ports = Ports {
                    plain: local(),
                    tls: local(),
                };
                let write = |name: &str, text: &str| {
                    fs::write(folder.join(name), text).expect("a file can be written");
                };
                write("authority.pem", &authority.certificate);
                write("certificate.pem", &identity.certificate);
                write("key.pem", &identity.key);
                write("server.json", &settings(ports.tls).to_string());
                let mut command = Command::new(program);
                command.env_clear().env("HOME", folder);
                command.args(["server", "-dev", "-dev-no-store-token", "-log-level=error"]);
                command.arg(format!("-dev-root-token-id={}", Self::ROOT));
                command.arg(format!("-dev-listen-address={}", ports.plain));
                command.arg("-config=server.json");
                (command, ports)
            },
            |ports| {
                // What holds secrets is there last, and then is busy for a moment with itself.
                let unwritten = send(ports.plain, "GET", "secret/data/unwritten", Self::ROOT, "");
                unwritten
                    .is_ok_and(|reply| reply.status == 404 && !reply.text().contains("no handler"))
            },
        );
        Self {
            daemon,
            authority,
            address: ports.plain,
            tls_address: ports.tls,
        }
    }

    /// Where it listens without TLS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens with TLS.
    #[must_use]
    pub fn tls_address(&self) -> SocketAddr {
        self.tls_address
    }

    /// Its URL without TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its URL with TLS.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("https://{}", self.tls_address)
    }

    /// The socket that it also listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.daemon.folder().join("bao.sock")
    }

    /// The authority of its certificate, which it also takes clients' certificates of.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Calls its API as the one who may do everything: `call("POST", "secret/data/app", …)`.
    /// Answers what it says; null if that is nothing.
    ///
    /// # Panics
    /// When it refuses, or answers anything but JSON.
    #[expect(clippy::must_use_candidate, reason = "most calls change something")]
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.ask(method, path, Self::ROOT, body);
        let text = reply.text();
        assert!(
            matches!(reply.status, 200 | 204),
            "OpenBao refuses {path} with {}: {text}",
            reply.status
        );
        if text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(text).expect("OpenBao answers in JSON")
    }

    /// Calls its API with a token, and answers whatever comes of it.
    ///
    /// # Panics
    /// When nothing comes.
    #[must_use]
    pub fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> Reply {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        send(self.address, method, path, token, &body).expect("OpenBao answers")
    }

    /// Stores the fields of a secret at `secret/PATH`. Answers its version.
    ///
    /// # Panics
    /// When they are not taken.
    #[expect(clippy::must_use_candidate, reason = "the version may not matter")]
    pub fn put(&self, path: &str, fields: &Value) -> u64 {
        let body = json!({ "data": fields });
        let answer = self.call("POST", &format!("secret/data/{path}"), &body);
        let version = answer["data"]["version"].as_u64();
        version.expect("what is stored has a version")
    }

    /// Writes a policy.
    ///
    /// # Panics
    /// When it is none.
    pub fn policy(&self, name: &str, rules: &str) {
        let body = json!({ "policy": rules });
        self.call("POST", &format!("sys/policies/acl/{name}"), &body);
    }

    /// A new token that may do what these rules say: `path "secret/data/app" { … }`.
    ///
    /// # Panics
    /// When the rules are none.
    #[must_use]
    pub fn token(&self, rules: &str) -> String {
        self.policy("dummy", rules);
        let body = json!({ "policies": ["dummy"], "ttl": "1h" });
        let answer = self.call("POST", "auth/token/create", &body);
        text(&answer["auth"]["client_token"])
    }

    /// Switches a way to log in on, at its usual place.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn enable_auth(&self, method: &str) {
        self.call(
            "POST",
            &format!("sys/auth/{method}"),
            &json!({ "type": method }),
        );
    }

    /// Lets the role `app` log in with an id and a secret, which are answered. `terms` are what the
    /// role's tokens are like.
    ///
    /// # Panics
    /// When there are no such terms.
    #[must_use]
    pub fn app_role(&self, terms: &Value) -> (String, String) {
        self.enable_auth("approle");
        self.call("POST", "auth/approle/role/app", terms);
        let role = self.call("GET", "auth/approle/role/app/role-id", &Value::Null);
        let secret = self.call("POST", "auth/approle/role/app/secret-id", &json!({}));
        let (role, secret) = (&role["data"]["role_id"], &secret["data"]["secret_id"]);
        (text(role), text(secret))
    }

    /// How many users of a database there are that [`dynamic_users`](Self::dynamic_users) lets be
    /// made, as far as they are not revoked.
    ///
    /// # Panics
    /// When their leases can't be listed.
    #[must_use]
    pub fn leases(&self) -> usize {
        let path = "sys/leases/lookup/database/creds/app";
        let reply = self.ask("LIST", path, Self::ROOT, &Value::Null);
        // Of nothing it says that it is not there.
        if reply.status == 404 {
            return 0;
        }
        let answer: Value = serde_json::from_str(reply.text()).expect("OpenBao answers in JSON");
        let keys = answer["data"]["keys"].as_array();
        keys.expect("leases have ids").len()
    }

    /// For how long users of a database are good that are made from now on, and how long at most.
    ///
    /// # Panics
    /// When it refuses.
    pub fn terms_of_users(&self, default: &str, most: &str) {
        let mut role = self.call("GET", "database/roles/app", &Value::Null)["data"].take();
        role["default_ttl"] = default.into();
        role["max_ttl"] = most.into();
        self.call("POST", "database/roles/app", &role);
    }

    /// Switches Vault's own method for AWS on, at `auth/aws`: it asks that moto who somebody is, and
    /// wants requests for itself under the name `server_id`. Its role `app` logs the user `app` in.
    ///
    /// # Panics
    /// When the plugin is not built.
    pub fn enable_aws(&self, moto: &Moto, server_id: &str) {
        let plugin = aws_plugin().unwrap_or_else(|| {
            panic!("{AWS_PLUGIN} is missing: `cargo xtask test --setup-only` sets it up")
        });
        let entry = json!({ "sha256": sha256(&plugin), "command": AWS_PLUGIN });
        self.call("POST", "sys/plugins/catalog/auth/aws", &entry);
        self.enable_auth("aws");
        let config = json!({
            "sts_endpoint": format!("http://{}", moto.address()),
            "iam_server_id_header_value": server_id,
        });
        self.call("POST", "auth/aws/config/client", &config);
        let role = json!({
            "auth_type": "iam",
            "bound_iam_principal_arn": "arn:aws:iam::123456789012:user/app",
            "resolve_aws_unique_ids": false,
            "token_policies": "app",
        });
        self.call("POST", "auth/aws/role/app", &role);
    }

    /// The accessors of all tokens that are alive.
    ///
    /// # Panics
    /// When they can't be listed.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        let answer = self.call("LIST", "auth/token/accessors", &Value::Null);
        let keys = answer["data"]["keys"].as_array();
        keys.expect("tokens have accessors")
            .iter()
            .map(text)
            .collect()
    }

    /// A token to be unwrapped once, for a new secret id of a role.
    ///
    /// # Panics
    /// When there is no such role.
    #[must_use]
    pub fn wrapped_secret_id(&self, role: &str) -> String {
        self.wrapped(&format!("auth/approle/role/{role}/secret-id"), &json!({}))
    }

    /// A token to be unwrapped once, for what a call answers.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    pub fn wrapped(&self, path: &str, body: &Value) -> String {
        let path = format!("/v1/{path}");
        let headers = [("x-vault-token", Self::ROOT), ("x-vault-wrap-ttl", "60s")];
        let reply = exchange(
            self.address,
            "POST",
            &path,
            &headers,
            body.to_string().as_bytes(),
        );
        let reply = reply.expect("OpenBao answers");
        let answer: Value = serde_json::from_slice(&reply.body).expect("OpenBao answers in JSON");
        text(&answer["wrap_info"]["token"])
    }

    /// Lets `database/creds/app` make users of a PostgreSQL, each good for an hour.
    ///
    /// # Panics
    /// When it can't reach it.
    pub fn dynamic_users(&self, postgres: &Postgres) {
        self.call(
            "POST",
            "sys/mounts/database",
            &json!({ "type": "database" }),
        );
        let (user, password) = postgres.administrator();
        let address = postgres.address();
        let connection = json!({
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "app",
            "connection_url":
                format!("postgresql://{{{{username}}}}:{{{{password}}}}@{address}/postgres"),
            "username": user,
            "password": password,
        });
        self.call("POST", "database/config/dummy", &connection);
        let make = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' \
                    VALID UNTIL '{{expiration}}';";
        let role = json!({
            "db_name": "dummy",
            "creation_statements": make,
            "default_ttl": "1h",
            "max_ttl": "2h",
        });
        self.call("POST", "database/roles/app", &role);
    }

    /// Seals it. Nothing unseals it again.
    ///
    /// # Panics
    /// When it refuses.
    pub fn seal(&self) {
        self.call("PUT", "sys/seal", &Value::Null);
    }
}

/// The listeners beside that in plain text, and where its plugins are.
fn settings(tls: SocketAddr) -> Value {
    let listeners = json!([
        { "tcp": {
            "address": tls.to_string(),
            "tls_cert_file": "certificate.pem",
            "tls_key_file": "key.pem",
            "tls_client_ca_file": "authority.pem",
        } },
        { "unix": { "address": "bao.sock" } },
    ]);
    match aws_plugin() {
        Some(plugin) => json!({ "listener": listeners, "plugin_directory": plugin.parent() }),
        None => json!({ "listener": listeners }),
    }
}

/// The file of Vault's method for AWS. OpenBao takes no link for a plugin.
fn aws_plugin() -> Option<PathBuf> {
    built_server(AWS_PLUGIN)?.canonicalize().ok()
}

fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> std::io::Result<Reply> {
    let token = [("x-vault-token", token)];
    let path = format!("/v1/{path}");
    exchange(address, method, &path, &token, body.as_bytes())
}

fn text(value: &Value) -> String {
    value.as_str().expect("OpenBao answers a text").to_owned()
}
