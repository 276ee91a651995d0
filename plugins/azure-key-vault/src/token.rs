//! Who gets the token, and how.

use secret_run_sdk::encoding::{query, segment};
use secret_run_sdk::{Error, Host, HttpError, Request, Response, bearer_token};

/// The launcher adds the token.
pub(crate) const HOST: &str = "host";
/// The metadata service of a machine in Azure.
pub(crate) const METADATA: &str = "http://169.254.169.254";
/// Microsoft Entra ID.
pub(crate) const LOGIN: &str = "https://login.microsoftonline.com";
/// What a token must be for, in the public cloud.
pub(crate) const RESOURCE: &str = "https://vault.azure.net";

/// The header with the token, unless the launcher adds it.
pub(crate) fn authorize(host: &impl Host) -> Result<Option<String>, Error> {
    let resource = host.setting("resource").unwrap_or(RESOURCE.to_owned());
    let answer = match host.setting("token").as_deref() {
        None | Some(HOST) => return Ok(None),
        Some("managed-identity") => {
            let answer = host.send(managed_identity(host, &resource));
            if let Some(outage) = passing(&answer) {
                return Err(outage);
            }
            answer
        }
        Some("client-credentials") => host.send(client_credentials(host, &resource)?),
        Some(_) => {
            return Err(Error::other(
                "the setting `token` is none of `host`, `managed-identity`, `client-credentials`",
            ));
        }
    };
    bearer_token(answer).map(Some)
}

/// What elsewhere is a refusal, the metadata service answers while it is being updated: 404, and
/// 410 for 70 seconds at most.
fn passing(answer: &Result<Response, HttpError>) -> Option<Error> {
    match answer {
        Ok(Response {
            status: status @ (404 | 410),
            ..
        }) => Some(Error::unavailable(&format!(
            "the metadata service is being updated (status {status})"
        ))),
        _ => None,
    }
}

fn managed_identity(host: &impl Host, resource: &str) -> Request {
    Request::get(format!("{METADATA}/metadata/identity/oauth2/token"))
        .query("api-version", "2018-02-01")
        .query("resource", resource)
        .query_if("client_id", host.setting("client-id").as_deref())
        // Proves that the request is no redirected one.
        .header("metadata", "true")
}

/// The launcher adds the application's ID and secret.
fn client_credentials(host: &impl Host, resource: &str) -> Result<Request, Error> {
    let tenant = host.setting("tenant").ok_or_else(|| {
        Error::other("the setting `tenant` is missing, which `client-credentials` needs")
    })?;
    let scope = query(&format!("{resource}/.default"));
    let form = format!("grant_type=client_credentials&scope={scope}");
    let url = format!("{LOGIN}/{}/oauth2/v2.0/token", segment(&tenant)?);
    Ok(Request::new("POST", url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form))
}
