//! Secrets from the API of Kubernetes.
//!
//! Speaks `GET /api/v1/namespaces/NAMESPACE/secrets/NAME` of the core API. A path is `NAME` for
//! the whole secret, as a JSON object of its texts, or `NAME/KEY` for the bytes of one key. A
//! secret is read once, however many of its keys a batch asks for. The document's version is the
//! secret's `resourceVersion`, a text without order; the API gives no older one, so a reference
//! with a version is refused.
//!
//! The launcher adds the token of the service account, and knows the certificate authority of the
//! cluster.

use secret_run_sdk::encoding::{base_url, base64_decode, segment};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response, SettingSpec,
    export_backend, fetch_distinct, member, text_member,
};
use serde_json::{Map, Value};

const ADDRESS: &str = "https://kubernetes.default.svc";
const NAMESPACE: &str = "default";

/// Secrets of a cluster.
#[derive(Debug)]
pub struct Kubernetes;

export_backend!(Kubernetes);

impl Backend for Kubernetes {
    fn about() -> About {
        About::new("Secrets of a namespace of Kubernetes")
            .setting(SettingSpec::new("address", "URL of the API server").default(ADDRESS))
            .setting(SettingSpec::new("namespace", "namespace of the secrets").default(NAMESPACE))
            .origin(OriginSpec::required("{address}", "to read secrets"))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        let setting = |key: &str, default: &str| host.setting(key).unwrap_or(default.to_owned());
        let (address, namespace) = (setting("address", ADDRESS), setting("namespace", NAMESPACE));
        fetch_distinct(
            host,
            references,
            |reference| {
                let (name, _) = parts(reference.without_version()?)?;
                Ok(Request::get(format!(
                    "{}/api/v1/namespaces/{}/secrets/{}",
                    base_url(&address),
                    segment(&namespace)?,
                    segment(name)?
                ))
                .header("accept", "application/json"))
            },
            Secret::read,
            |reference, secret| {
                let bytes = match parts(&reference.path)? {
                    (_, None) => secret.whole()?,
                    (_, Some(key)) => secret.key(key)?,
                };
                Ok(Document::new(bytes).version(secret.version.as_str()))
            },
        )
    }
}

/// The name of a secret, and a key in it.
fn parts(path: &str) -> Result<(&str, Option<&str>), Error> {
    let (name, key) = match path.split_once('/') {
        Some((name, key)) => (name, Some(key)),
        None => (path, None),
    };
    if name.is_empty() || key.is_some_and(|key| key.is_empty() || key.contains('/')) {
        return Err(Error::invalid_reference(
            "the path is neither `name` nor `name/key`",
        ));
    }
    Ok((name, key))
}

struct Secret {
    data: Map<String, Value>,
    version: String,
}

impl Secret {
    fn read(response: &Response) -> Result<Self, Error> {
        let mut secret = response.success_or_own_404(is_own_404)?.json_object()?;
        let metadata = member(&secret, "metadata")?.as_object();
        let metadata =
            metadata.ok_or_else(|| Error::other("`metadata` in the answer is no object"))?;
        let version = text_member(metadata, "resourceVersion")?.to_owned();
        let data = match secret.remove("data") {
            // A secret without any key has none or `null`.
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data,
            Some(_) => return Err(Error::other("`data` in the answer is no object")),
        };
        Ok(Self { data, version })
    }

    fn key(&self, key: &str) -> Result<Vec<u8>, Error> {
        decoded(self.data.get(key).ok_or(Error::NotFound)?)
    }

    /// All keys as a JSON object of texts.
    fn whole(&self) -> Result<Vec<u8>, Error> {
        let text = |(key, value): (&String, &Value)| {
            let text = String::from_utf8(decoded(value)?).map_err(|_| {
                Error::other("a key of the secret is no text: ask for it alone, as `name/key`")
            })?;
            Ok((key.clone(), Value::String(text)))
        };
        let texts = self
            .data
            .iter()
            .map(text)
            .collect::<Result<Map<_, _>, Error>>()?;
        Ok(Value::Object(texts).to_string().into_bytes())
    }
}

/// Whether the API server itself says that there is nothing: by an object of kind `Status`.
fn is_own_404(response: &Response) -> bool {
    let status = response.json_object().unwrap_or_default();
    let is = |key: &str, text: &str| status.get(key).and_then(Value::as_str) == Some(text);
    is("kind", "Status") && is("reason", "NotFound")
}

fn decoded(value: &Value) -> Result<Vec<u8>, Error> {
    let bytes = value.as_str().and_then(base64_decode);
    bytes.ok_or_else(|| Error::other("a key of the secret is no base64"))
}
