//! Secrets from the key/value store of Consul.
//!
//! Speaks the KV store endpoints of Consul's HTTP API, `/v1/kv/KEY`. A key is read in the form
//! of JSON, not `?raw`, since that has the index at which the key changed: the document's
//! version. Consul keeps no older value, so a reference with a version is refused.
//!
//! The launcher adds the token, as header `x-consul-token`.

use secret_run_sdk::encoding::{base_url, base64_decode, path};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response, SettingSpec,
    fetch_distinct, member,
};
use secret_run_sdk_writer::{Description, LISTED, Writer, export_backend_with_writer};
use serde_json::{Map, Value};

const ADDRESS: &str = "http://127.0.0.1:8500";

/// The key/value store of Consul.
#[derive(Debug)]
pub struct ConsulKv;

export_backend_with_writer!(ConsulKv);

impl Backend for ConsulKv {
    fn about() -> About {
        About::new("The key/value store of Consul")
            .setting(SettingSpec::new("address", "URL of the Consul agent").default(ADDRESS))
            .setting(SettingSpec::new(
                "datacenter",
                "datacenter to ask; the agent's own by default",
            ))
            .setting(SettingSpec::new(
                "namespace",
                "namespace of the keys, in Consul Enterprise",
            ))
            .origin(OriginSpec::required("{address}", "to read and write keys"))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        let store = Store::of(host);
        fetch_distinct(
            host,
            references,
            |reference| Ok(store.request("GET", &path(reference.without_version()?)?)),
            entry,
            |_, entry| Ok(Document::new(value(entry)?).version(index(entry)?)),
        )
    }
}

impl Writer for ConsulKv {
    /// Consul does not say which index the key gets, so there is no version.
    fn put(host: &impl Host, key: &str, value: &[u8]) -> Result<Option<String>, Error> {
        let request = Store::of(host).request("PUT", &path(key)?);
        let response = host.send(request.body(value))?;
        let response = success(&response).map_err(Error::or_wrong_address)?;
        match serde_json::from_slice(&response.body) {
            Ok(Value::Bool(true)) => Ok(None),
            _ => Err(Error::other("Consul did not write the key")),
        }
    }

    fn list(host: &impl Host, prefix: &str) -> Result<Vec<String>, Error> {
        let encoded = match prefix {
            "" => String::new(),
            prefix => path(prefix)?,
        };
        let request = Store::of(host).request("GET", &encoded);
        let response = host.send(request.query("keys", "true"))?;
        let keys = match success(&response) {
            // What Consul answers when no key begins like this.
            Err(Error::NotFound) => return Ok(Vec::new()),
            answer => answer?.json_list()?,
        };
        let key = |key| match key {
            Value::String(key) => Ok(key),
            _ => Err(Error::other("a key in Consul's answer is no text")),
        };
        let mut keys = keys.into_iter().map(key).collect::<Result<Vec<_>, _>>()?;
        keys.sort();
        keys.truncate(LISTED);
        Ok(keys)
    }

    fn describe(host: &impl Host, key: &str) -> Result<Description, Error> {
        let request = Store::of(host).request("GET", &path(key)?);
        let entry = entry(&host.send(request)?)?;
        Ok(Description {
            version: Some(index(&entry)?),
            created_at: None,
        })
    }
}

/// Which store the settings name.
struct Store {
    address: String,
    datacenter: Option<String>,
    namespace: Option<String>,
}

impl Store {
    fn of(host: &impl Host) -> Self {
        Self {
            address: host
                .setting("address")
                .unwrap_or_else(|| ADDRESS.to_owned()),
            datacenter: host.setting("datacenter"),
            namespace: host.setting("namespace"),
        }
    }

    fn request(&self, method: &str, encoded_key: &str) -> Request {
        let url = format!("{}/v1/kv/{encoded_key}", base_url(&self.address));
        Request::new(method, url)
            .query_if("dc", self.datacenter.as_deref())
            .query_if("ns", self.namespace.as_deref())
    }
}

/// The answer, or what its status means. Consul names the index of the store in every answer to a
/// reading, also where there is no such key; a 404 without it is somebody else's. It says 403 also where it does not know the token, or
/// was sent none; only the body tells that from a token that may not do this.
fn success(response: &Response) -> Result<&Response, Error> {
    let says = |text: &str| {
        let mut parts = response.body.windows(text.len());
        parts.any(|part| part == text.as_bytes())
    };
    let is_own = |response: &Response| response.header("x-consul-index").is_some();
    match response.success_or_own_404(is_own) {
        Err(Error::AccessDenied(_)) if says("ACL not found") => Err(Error::Unauthenticated(
            "Consul does not know the token".to_owned(),
        )),
        Err(Error::AccessDenied(_)) if says("anonymous token") => Err(Error::Unauthenticated(
            "Consul was sent no token, and may not do this without one".to_owned(),
        )),
        answer => answer,
    }
}

/// The one entry of an answer.
fn entry(response: &Response) -> Result<Map<String, Value>, Error> {
    match success(response)?.json_list()?.into_iter().next() {
        Some(Value::Object(entry)) => Ok(entry),
        _ => Err(Error::other("Consul's answer has no entry")),
    }
}

fn value(entry: &Map<String, Value>) -> Result<Vec<u8>, Error> {
    match member(entry, "Value")? {
        // A key whose value has no bytes.
        Value::Null => Ok(Vec::new()),
        Value::String(text) => base64_decode(text)
            .ok_or_else(|| Error::other("the value in Consul's answer is no base64")),
        _ => Err(Error::other("the value in Consul's answer is no text")),
    }
}

fn index(entry: &Map<String, Value>) -> Result<String, Error> {
    let index = member(entry, "ModifyIndex")?.as_u64();
    let index =
        index.ok_or_else(|| Error::other("`ModifyIndex` in Consul's answer is no number"))?;
    Ok(index.to_string())
}
