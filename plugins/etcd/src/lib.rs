//! Secrets from etcd.
//!
//! Speaks the JSON gateway of etcd's v3 API: `POST /v3/kv/range` and `/v3/kv/put`, with keys and
//! values in base64 and 64-bit numbers as texts. A document's version is the revision at which
//! the key changed last. A reference with a version reads the key as it was at that revision of
//! the store, which etcd knows until it compacts it.
//!
//! The launcher adds the token, as header `authorization`.

use secret_run_sdk::encoding::{base_url, base64_decode, base64_encode};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response, SettingSpec,
    fetch_distinct, member, text_member,
};
use secret_run_sdk_writer::{Description, LISTED, Writer, export_backend_with_writer};
use serde_json::{Map, Value, json};

const ADDRESS: &str = "http://127.0.0.1:2379";
/// The gRPC code for a revision that is compacted or still to come.
const OUT_OF_RANGE: u64 = 11;

/// An etcd cluster.
#[derive(Debug)]
pub struct Etcd;

export_backend_with_writer!(Etcd);

impl Backend for Etcd {
    fn about() -> About {
        About::new("Keys of etcd, by its v3 API")
            .setting(SettingSpec::new("address", "URL of an etcd server").default(ADDRESS))
            .origin(OriginSpec::required("{address}", "to read and write keys"))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        let address = address(host);
        fetch_distinct(
            host,
            references,
            |reference| {
                let mut range = range_of(&reference.path)?;
                if let Some(version) = &reference.version {
                    range["revision"] = revision(version)?.into();
                }
                Ok(request(&address, "range", &range))
            },
            |response| only_key(&answer(response)?),
            |_, key| Ok(Document::new(bytes(key, "value")?).version(changed(key)?)),
        )
    }
}

impl Writer for Etcd {
    fn put(host: &impl Host, path: &str, value: &[u8]) -> Result<Option<String>, Error> {
        let mut put = range_of(path)?;
        put["value"] = base64_encode(value).into();
        let answer = answer(&host.send(request(&address(host), "put", &put))?)?;
        let header = member(&answer, "header")?.as_object();
        let header = header.ok_or_else(|| Error::other("etcd's answer has no header"))?;
        Ok(Some(text_member(header, "revision")?.to_owned()))
    }

    fn list(host: &impl Host, prefix: &str) -> Result<Vec<String>, Error> {
        let range = json!({
            "key": base64_encode(if prefix.is_empty() { b"\0" } else { prefix.as_bytes() }),
            "range_end": base64_encode(&after(prefix)),
            "keys_only": true,
            "limit": LISTED.to_string(),
        });
        let answer = answer(&host.send(request(&address(host), "range", &range))?)?;
        let mut paths = Vec::new();
        for key in keys(&answer)? {
            // A path is a text, so a key that is none has no path.
            paths.extend(String::from_utf8(bytes(object(key)?, "key")?).ok());
        }
        Ok(paths)
    }

    fn describe(host: &impl Host, path: &str) -> Result<Description, Error> {
        let mut range = range_of(path)?;
        range["keys_only"] = true.into();
        let answer = answer(&host.send(request(&address(host), "range", &range))?)?;
        Ok(Description {
            version: Some(changed(&only_key(&answer)?)?),
            created_at: None,
        })
    }
}

fn address(host: &impl Host) -> String {
    host.setting("address")
        .unwrap_or_else(|| ADDRESS.to_owned())
}

fn request(address: &str, function: &str, body: &Value) -> Request {
    let url = format!("{}/v3/kv/{function}", base_url(address));
    Request::post_json(url, body.to_string())
}

/// The range of one key.
fn range_of(path: &str) -> Result<Value, Error> {
    if path.is_empty() {
        return Err(Error::invalid_reference("the path is empty"));
    }
    Ok(json!({ "key": base64_encode(path.as_bytes()) }))
}

/// A revision, as the gateway writes it. 0 would mean the current one.
fn revision(version: &str) -> Result<String, Error> {
    match version.parse::<i64>() {
        Ok(revision) if revision > 0 => Ok(revision.to_string()),
        _ => Err(Error::invalid_reference(
            "the version is no revision of etcd, a number from 1",
        )),
    }
}

/// The first key after all that begin with `prefix`. For no prefix it is a zero byte, which
/// means: to the end. The last byte of a text is never 255, so one can be added to it.
fn after(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(last) => *last += 1,
        None => end.push(0),
    }
    end
}

/// The answer to any function of the gateway. It answers 404 only to a function that it does not
/// have, and 400 to a revision that it does not have.
fn answer(response: &Response) -> Result<Map<String, Value>, Error> {
    if response.status == 400 {
        let error = response.json_object().unwrap_or_default();
        return Err(match error.get("code").and_then(Value::as_u64) {
            Some(OUT_OF_RANGE) => {
                Error::other("etcd does not have this revision: it is compacted, or still to come")
            }
            _ => Error::other(
                "etcd refused the request; with authentication enabled, it needs a token",
            ),
        });
    }
    let response = response.success().map_err(Error::or_wrong_address)?;
    response.json_object()
}

/// The keys of an answer. The gateway leaves out what is empty.
fn keys(answer: &Map<String, Value>) -> Result<&[Value], Error> {
    // Every answer of etcd has a header: without it, it is another server's.
    member(answer, "header")?;
    match answer.get("kvs") {
        None => Ok(&[]),
        Some(Value::Array(keys)) => Ok(keys),
        Some(_) => Err(Error::other("`kvs` in etcd's answer is no list")),
    }
}

fn only_key(answer: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let key = keys(answer)?.first().ok_or(Error::NotFound)?;
    object(key).cloned()
}

fn object(key: &Value) -> Result<&Map<String, Value>, Error> {
    key.as_object()
        .ok_or_else(|| Error::other("a key in etcd's answer is no object"))
}

fn changed(key: &Map<String, Value>) -> Result<String, Error> {
    Ok(text_member(key, "mod_revision")?.to_owned())
}

fn bytes(key: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Error> {
    let Some(value) = key.get(name) else {
        return Ok(Vec::new());
    };
    let bytes = value.as_str().and_then(base64_decode);
    bytes.ok_or_else(|| Error::Other(format!("`{name}` in etcd's answer is no base64")))
}
