//! Answers as Consul gives them.

use serde_json::json;

use crate::{Response, base64};

/// What Consul answers to `/v1/kv/KEY`. A value without bytes is `null` there.
#[must_use]
pub fn consul_entry(key: &str, value: impl AsRef<[u8]>) -> Response {
    let value = value.as_ref();
    let value = (!value.is_empty()).then(|| base64(value));
    let entry = json!([{
        "CreateIndex": 100, "ModifyIndex": 200, "LockIndex": 0,
        "Key": key, "Flags": 0, "Value": value,
    }]);
    let response = Response::new(200).header("content-type", "application/json");
    response.body(entry.to_string())
}

/// What Consul answers where there is no such key: it names the index of the store there, too.
#[must_use]
pub fn consul_absent() -> Response {
    Response::new(404).header("x-consul-index", "200")
}
