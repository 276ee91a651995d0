//! A server that is taken for Vault.

use serde_json::json;

use crate::{Response, SecretServer};

/// A server that answers as Vault does for one secret, `secret/app/TOKEN`, and is told the rest.
#[must_use]
pub fn fake_vault(value: &str) -> SecretServer {
    let server = SecretServer::start();
    let mounts = json!({ "data": { "secret": {
        "secret/": { "type": "kv", "options": { "version": "2" } },
    } } });
    server.answer(
        "/v1/sys/internal/ui/mounts",
        Response::new(200).body(mounts.to_string()),
    );
    let secret = json!({ "data": {
        "data": { "value": value }, "metadata": { "version": 1, "created_time": "" },
    } });
    server.answer(
        "/v1/secret/data/app/TOKEN",
        Response::new(200).body(secret.to_string()),
    );
    server
}
