//! Secrets from Google Cloud's Secret Manager.
//!
//! Speaks `GET /v1/projects/PROJECT/secrets/NAME/versions/VERSION:access` of its REST API. A path
//! is `NAME`, in the project of the settings, or `projects/PROJECT/secrets/NAME`. The version is a
//! number or an alias; without one it is `latest`. The checksum that comes with a payload is
//! checked.
//!
//! With `token = "host"` the launcher adds the token, as header `authorization`. With
//! `token = "metadata"` the backend asks the metadata server of the machine for the one of its
//! service account.

mod checksum;

use std::cell::OnceCell;

use secret_run_sdk::encoding::{base_url, base64_decode, segment};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response, SettingSpec,
    bearer_token, export_backend, fetch_distinct, member, text_member,
};
use serde_json::Value;

const ADDRESS: &str = "https://secretmanager.googleapis.com";
const METADATA: &str = "http://metadata.google.internal";
const TOKEN_PATH: &str = "computeMetadata/v1/instance/service-accounts/default/token";

/// Google Cloud's Secret Manager.
#[derive(Debug)]
pub struct GcpSecretManager;

export_backend!(GcpSecretManager);

impl Backend for GcpSecretManager {
    fn about() -> About {
        About::new("Secrets of Google Cloud's Secret Manager")
            .setting(SettingSpec::new(
                "project",
                "project of the secrets whose path names none",
            ))
            .setting(SettingSpec::new(
                "location",
                "location of regional secrets; needs the address of that location, too",
            ))
            .setting(SettingSpec::new("address", "URL of the API").default(ADDRESS))
            .setting(
                SettingSpec::new(
                    "token",
                    "`host`: the launcher adds it; `metadata`: the machine's service account",
                )
                .default("host"),
            )
            .origin(OriginSpec::required("{address}", "to read secrets"))
            .origin(OriginSpec::optional(
                METADATA,
                "to get a token, with token = \"metadata\"",
            ))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        // Asked for when the first reference needs it, and then once.
        let authorization = OnceCell::new();
        fetch_distinct(
            host,
            references,
            |reference| {
                let request = Request::get(url(host, reference)?);
                let token: &Result<_, Error> = authorization.get_or_init(|| authorize(host));
                Ok(match token.clone()? {
                    Some(token) => request.header("authorization", &token),
                    None => request,
                })
            },
            read,
            |_, document| Ok(document.clone()),
        )
    }
}

fn url(host: &impl Host, reference: &Reference) -> Result<String, Error> {
    let address = host.setting("address").unwrap_or(ADDRESS.to_owned());
    let version = reference.version.as_deref().unwrap_or("latest");
    let parts: Vec<_> = reference.path.split('/').collect();
    let (project, name) = match parts[..] {
        [name] => {
            let project = host.setting("project").ok_or_else(|| {
                Error::invalid_reference("the path names no project, and neither do the settings")
            })?;
            (segment(&project)?, segment(name)?)
        }
        ["projects", project, "secrets", name] => (segment(project)?, segment(name)?),
        _ => {
            return Err(Error::invalid_reference(
                "the path is neither `NAME` nor `projects/PROJECT/secrets/NAME`",
            ));
        }
    };
    let location = match host.setting("location") {
        Some(location) => format!("/locations/{}", segment(&location)?),
        None => String::new(),
    };
    Ok(format!(
        "{}/v1/projects/{project}{location}/secrets/{name}/versions/{}:access",
        base_url(&address),
        segment(version)?
    ))
}

/// The header with the token, unless the launcher adds it.
fn authorize(host: &impl Host) -> Result<Option<String>, Error> {
    match host.setting("token").as_deref() {
        None | Some("host") => Ok(None),
        Some("metadata") => {
            let request = Request::get(format!("{METADATA}/{TOKEN_PATH}"));
            bearer_token(host.send(request.header("metadata-flavor", "Google"))).map(Some)
        }
        Some(_) => Err(Error::other(
            "the setting `token` is neither `host` nor `metadata`",
        )),
    }
}

/// Whether the API itself says that there is nothing: in the form of all errors of Google's APIs.
fn is_own_404(response: &Response) -> bool {
    let answer = response.json_object().unwrap_or_default();
    let error = answer.get("error").and_then(|error| error.get("status"));
    error.and_then(Value::as_str) == Some("NOT_FOUND")
}

fn read(response: &Response) -> Result<Document, Error> {
    if response.status == 400 {
        return Err(Error::other(
            "Secret Manager refused the request; the version may be disabled or destroyed",
        ));
    }
    let answer = response.success_or_own_404(is_own_404)?.json_object()?;
    let payload = member(&answer, "payload")?.as_object();
    let payload = payload.ok_or_else(|| Error::other("`payload` in the answer is no object"))?;
    let bytes = match payload.get("data") {
        // What the API leaves out is empty.
        None => Vec::new(),
        Some(data) => data
            .as_str()
            .and_then(base64_decode)
            .ok_or_else(|| Error::other("`data` in the answer is no base64"))?,
    };
    if let Some(expected) = payload.get("dataCrc32c") {
        // 64-bit numbers are texts in Google's JSON.
        let expected = expected.as_str().map(str::parse::<u32>);
        if expected != Some(Ok(checksum::crc32c(&bytes))) {
            return Err(Error::other(
                "the payload does not have the checksum that came with it",
            ));
        }
    }
    let name = text_member(&answer, "name")?;
    let (_, version) = name
        .rsplit_once("/versions/")
        .ok_or_else(|| Error::other("`name` in the answer has no version"))?;
    Ok(Document::new(bytes).version(version))
}
