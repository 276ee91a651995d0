//! A secret id that was handed over wrapped: a token stands for it, and is good once.
//!
//! Whoever comes between can unwrap it and wrap what they like, and a wrapping token does not show
//! that. Vault knows where it was made.

use std::borrow::Cow;

use http::{HeaderValue, Method};
use serde::Deserialize;

use super::VaultError;
use super::client::{Call, Client};
use super::login::{body, header};
use crate::secret::SecretValue;

#[derive(Deserialize)]
struct Lookup<'a> {
    #[serde(borrow)]
    creation_path: Cow<'a, str>,
}

#[derive(Deserialize)]
struct SecretId<'a> {
    #[serde(borrow)]
    secret_id: Cow<'a, str>,
}

/// The secret id that a wrapping token stands for, if it was made by the method at `mount`. It can
/// be had once.
pub(super) async fn unwrapped(
    client: &Client,
    wrapping: &SecretValue,
    mount: &str,
) -> Result<SecretValue, VaultError> {
    // As a body as well, a token goes by the rules of a header.
    let token = header(wrapping, "wrapped secret id")?;
    check(client, wrapping, mount).await?;
    let call = Call {
        once: true,
        ..call("/v1/sys/wrapping/unwrap", Some(&token))
    };
    let reply = client.send(&call).await?;
    let data = reply.answer().and_then(|answer| answer.data);
    let secret: Option<SecretId<'_>> = data.and_then(|data| serde_json::from_str(data.get()).ok());
    match secret {
        Some(secret) if reply.status == 200 => {
            Ok(SecretValue::copy_of(secret.secret_id.as_bytes()))
        }
        _ => Err(VaultError::Unwrap),
    }
}

/// Asks where the token was made. That does not use it up.
async fn check(client: &Client, wrapping: &SecretValue, mount: &str) -> Result<(), VaultError> {
    let token = [("token", "wrapped secret id", wrapping.clone())];
    let call = Call {
        body: Some(body(&token)?),
        ..call("/v1/sys/wrapping/lookup", None)
    };
    let reply = client.send(&call).await?;
    let data = reply.answer().and_then(|answer| answer.data);
    let made: Option<Lookup<'_>> = data.and_then(|data| serde_json::from_str(data.get()).ok());
    match made {
        Some(made) if reply.status == 200 => {
            if is_of_role(&made.creation_path, mount) {
                return Ok(());
            }
            Err(VaultError::ForeignWrapping {
                mount: mount.to_owned(),
            })
        }
        _ if reply.says("namespace") => Err(client.no_namespace()),
        _ if reply.is_error_of_vault() => Err(VaultError::Unwrap),
        _ => Err(VaultError::NoAnswer {
            path: call.path.to_owned(),
        }),
    }
}

fn call<'a>(url: &'a str, token: Option<&'a HeaderValue>) -> Call<'a> {
    Call {
        method: Method::POST,
        url,
        path: url.trim_start_matches("/v1/"),
        token,
        body: None,
        once: false,
    }
}

/// Whether secret ids of a role of the method at `mount` are made at `path`. Whose role it is, the
/// login finds out.
fn is_of_role(path: &str, mount: &str) -> bool {
    let role = path
        .strip_prefix("auth/")
        .and_then(|path| path.strip_prefix(mount))
        .and_then(|path| path.strip_prefix("/role/"))
        .and_then(|path| path.strip_suffix("/secret-id"));
    role.is_some_and(|role| !role.is_empty() && !role.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_ids_are_made_at_one_kind_of_path() {
        for (path, mount) in [
            ("auth/approle/role/app/secret-id", "approle"),
            ("auth/team/ci/role/app/secret-id", "team/ci"),
        ] {
            assert!(is_of_role(path, mount), "{path}");
        }
        for path in [
            "",
            "sys/wrapping/wrap",
            "auth/approle/role/app/secret-id/lookup",
            "auth/approle/role/app/role-id",
            "auth/approle/role/app/other/secret-id",
            "auth/approle/role//secret-id",
            "auth/approle/role/secret-id",
            "auth/approle2/role/app/secret-id",
            "auth/other/role/app/secret-id",
            "secret/auth/approle/role/app/secret-id",
        ] {
            assert!(!is_of_role(path, "approle"), "{path}");
        }
    }
}
