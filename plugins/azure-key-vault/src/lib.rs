//! Secrets from Azure Key Vault.
//!
//! Speaks `GET {vault}/secrets/NAME/VERSION` of its REST API, version 7.4. A path is the name of a
//! secret; without a version it is the current one.
//!
//! The setting `token` says who gets the token:
//! - `host`: the launcher adds it, as header `authorization`;
//! - `managed-identity`: the backend asks the metadata service of the machine;
//! - `client-credentials`: the backend asks Microsoft Entra ID for the token of an application in
//!   `tenant`. The launcher adds the application's ID and secret to that request, as basic
//!   credential; the backend sees neither.

mod token;

use std::cell::OnceCell;

use secret_run_sdk::encoding::{base_url, segment};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response, SettingSpec,
    export_backend, fetch_distinct, text_member,
};
use serde_json::Value;

const API_VERSION: &str = "7.4";
/// How long the name of a secret is at most.
const NAME: usize = 127;

/// Azure Key Vault.
#[derive(Debug)]
pub struct AzureKeyVault;

export_backend!(AzureKeyVault);

impl Backend for AzureKeyVault {
    fn about() -> About {
        About::new("Secrets of Azure Key Vault")
            .setting(SettingSpec::required(
                "vault",
                "URL of the vault, https://NAME.vault.azure.net",
            ))
            .setting(
                SettingSpec::new(
                    "token",
                    "who gets the token: `host`, `managed-identity` or `client-credentials`",
                )
                .default(token::HOST),
            )
            .setting(SettingSpec::new(
                "tenant",
                "tenant of the application, for `client-credentials`",
            ))
            .setting(SettingSpec::new(
                "client-id",
                "ID of a user-assigned identity, for `managed-identity`",
            ))
            .setting(
                SettingSpec::new("resource", "what the token is for; another in other clouds")
                    .default(token::RESOURCE),
            )
            .origin(OriginSpec::required("{vault}", "to read secrets"))
            .origin(OriginSpec::optional(
                token::METADATA,
                "to get a token, with token = \"managed-identity\"",
            ))
            .origin(OriginSpec::optional(
                token::LOGIN,
                "to get a token, with token = \"client-credentials\"",
            ))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        // Asked for when the first reference needs it, and then once.
        let authorization = OnceCell::new();
        fetch_distinct(
            host,
            references,
            |reference| {
                let request = request(host, reference)?;
                let token: &Result<_, Error> = authorization.get_or_init(|| token::authorize(host));
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

fn request(host: &impl Host, reference: &Reference) -> Result<Request, Error> {
    let vault = host
        .setting("vault")
        .ok_or_else(|| Error::other("the setting `vault` is missing"))?;
    let name = &reference.path;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty() || name.len() > NAME || !name.bytes().all(inside) {
        return Err(Error::invalid_reference(
            "the path is no name of a secret: letters, digits and `-`, at most 127",
        ));
    }
    let mut url = format!("{}/secrets/{name}", base_url(&vault));
    if let Some(version) = &reference.version {
        url.push('/');
        url.push_str(&segment(version)?);
    }
    Ok(Request::get(url).query("api-version", API_VERSION))
}

/// Whether the vault itself says that it has no such secret.
fn is_own_404(response: &Response) -> bool {
    let answer = response.json_object().unwrap_or_default();
    let error = answer.get("error").and_then(|error| error.get("code"));
    error.and_then(Value::as_str) == Some("SecretNotFound")
}

fn read(response: &Response) -> Result<Document, Error> {
    let answer = response.success_or_own_404(is_own_404)?.json_object()?;
    let mut document = Document::new(text_member(&answer, "value")?);
    let id = text_member(&answer, "id")?;
    document.version = id.rsplit_once('/').map(|(_, version)| version.to_owned());
    let attributes = answer.get("attributes").and_then(Value::as_object);
    document.created_at = attributes
        .and_then(|attributes| attributes.get("created"))
        .and_then(Value::as_u64);
    Ok(document)
}
