//! Secrets from Doppler.
//!
//! Speaks `GET /v3/configs/config/secrets/download` of Doppler's API, which answers with all
//! secrets of a config, so that a batch costs one request. A path is the name of a secret.
//! Doppler names no versions of single secrets, so a reference with one is refused.
//!
//! The launcher adds the token, as header `authorization`. A service token belongs to one config,
//! so that `project` and `config` may be left out.

use secret_run_sdk::encoding::base_url;
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, SettingSpec,
    export_backend, fetch_distinct,
};
use serde_json::Value;

const ADDRESS: &str = "https://api.doppler.com";

/// Doppler.
#[derive(Debug)]
pub struct Doppler;

export_backend!(Doppler);

impl Backend for Doppler {
    fn about() -> About {
        About::new("Secrets of a config of Doppler")
            .setting(SettingSpec::new("address", "URL of the API").default(ADDRESS))
            .setting(SettingSpec::new(
                "project",
                "project of the config; a service token knows its own",
            ))
            .setting(SettingSpec::new(
                "config",
                "config to read; a service token knows its own",
            ))
            .origin(OriginSpec::required("{address}", "to read secrets"))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        let address = host.setting("address").unwrap_or(ADDRESS.to_owned());
        let url = format!("{}/v3/configs/config/secrets/download", base_url(&address));
        let download = Request::get(url)
            .query("format", "json")
            .query_if("project", host.setting("project").as_deref())
            .query_if("config", host.setting("config").as_deref());
        fetch_distinct(
            host,
            references,
            |reference| {
                check_name(reference.without_version()?)?;
                Ok(download.clone())
            },
            |response| {
                // 404 is about the project or the config, not about a secret in it.
                let found = response.success().map_err(no_such_config)?;
                found.json_object()
            },
            |reference, secrets| match secrets.get(&reference.path) {
                None => Err(Error::NotFound),
                Some(Value::String(text)) => Ok(Document::new(text.as_str())),
                Some(_) => Err(Error::other("the secret in Doppler's answer is no text")),
            },
        )
    }
}

/// Names of Doppler: capital letters, digits and `_`.
fn check_name(name: &str) -> Result<(), Error> {
    let inside = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(inside) {
        return Err(Error::invalid_reference(
            "the path is no name of a secret: capital letters, digits and `_`",
        ));
    }
    Ok(())
}

fn no_such_config(error: Error) -> Error {
    match error {
        Error::NotFound => Error::other("Doppler has no such project or config"),
        other => other,
    }
}
