//! Renewing and revoking what was leased, with the token that it hangs on.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use http::{HeaderValue, Method};
use tokio::time::timeout;
use tracing::info;

use super::client::{Call, Client};
use super::handle::{Handle, Id};
use super::login::{body, revoke_self};
use super::{Vault, VaultError, renewal};
use crate::backend::{FetchError, Lender, Releasing, Renewing};
use crate::error::{Explain, Nature};
use crate::lease::Lease;
use crate::resilience::{FAREWELL, Terms};
use crate::secret::SecretValue;

/// How long it may take to renew a token and its leases, attempts and pauses included.
const RENEWAL: Duration = Duration::from_secs(10);

impl Lender for Vault {
    fn renew<'a>(&'a self, handle: &'a SecretValue) -> Renewing<'a> {
        Box::pin(async move {
            let renewed = timeout(RENEWAL, self.renew_all(handle)).await;
            let renewed = renewed.unwrap_or(Err(VaultError::TimedOut {
                seconds: RENEWAL.as_secs(),
                attempts: 1,
            }));
            renewed.map_err(FetchError::new)
        })
    }

    fn release<'a>(&'a self, handle: &'a SecretValue) -> Releasing<'a> {
        Box::pin(async move {
            let released = timeout(FAREWELL, self.revoke_all(handle)).await;
            let released = released.unwrap_or(Err(VaultError::TimedOut {
                seconds: FAREWELL.as_secs(),
                attempts: 1,
            }));
            released.map_err(FetchError::new)
        })
    }
}

impl Vault {
    /// The token first: what hangs on it ends with it.
    async fn renew_all(&self, handle: &SecretValue) -> Result<Lease, VaultError> {
        let handle = Handle::read(handle)?;
        let (client, token) = (self.client(Terms::usual("vault"))?, handle.token()?);
        let rest = match handle.token_ends {
            true => Some(renewal::renew(&client, &token).await?),
            false => None,
        };
        let leases = handle.leases.iter();
        let leases = try_join_all(leases.map(|lease| renew(&client, &token, lease))).await?;
        let lease = leases.into_iter().reduce(Lease::and);
        // There is no handle of no lease.
        let lease = lease.ok_or(VaultError::BadToken)?;
        let lease = Lease {
            duration: rest.map_or(lease.duration, |rest| rest.min(lease.duration)),
            ..lease
        };
        info!(
            leases = handle.leases.len(),
            seconds = lease.duration.as_secs(),
            "renewed what is leased from Vault"
        );
        Ok(lease)
    }

    async fn revoke_all(&self, handle: &SecretValue) -> Result<(), VaultError> {
        let handle = Handle::read(handle)?;
        let (client, token) = (self.client(Terms::usual("vault"))?, handle.token()?);
        if handle.is_ours {
            let reply = client.send(&revoke_self(&token)).await?;
            // A token that nobody knows has ended, and so has what hung on it.
            let is_over = matches!(reply.status, 200 | 204) || reply.says("invalid token");
            if !is_over {
                return Err(VaultError::NotRevoked);
            }
        } else {
            // Each of them, also where another one can't be.
            let leases = handle.leases.iter();
            let revoked = join_all(leases.map(|lease| revoke(&client, &token, lease))).await;
            let failed = revoked.into_iter().filter_map(Result::err);
            // What may pass is said first: then all of it is tried again.
            let is_outage = |error: &VaultError| matches!(error.nature(), Nature::Outage { .. });
            if let Some(error) = failed.max_by_key(is_outage) {
                return Err(error);
            }
        }
        info!(
            leases = handle.leases.len(),
            "revoked what was leased from Vault"
        );
        Ok(())
    }
}

const RENEW: &str = "/v1/sys/leases/renew";
const REVOKE: &str = "/v1/sys/leases/revoke";

async fn renew(client: &Client, token: &HeaderValue, lease: &Id<'_>) -> Result<Lease, VaultError> {
    let call = call(RENEW, token, lease)?;
    let reply = client.send(&call).await?;
    let renewed = reply.answer().filter(|_| reply.status == 200);
    match (reply.status, renewed.and_then(|answer| answer.lease())) {
        (200, Some(lease)) => Ok(lease),
        (403, _) => Err(VaultError::Denied {
            path: call.path.to_owned(),
            capability: "update",
            namespace: None,
        }),
        _ if reply.says("not found") || reply.says("expired") => Ok(Lease {
            duration: Duration::ZERO,
            renewable: false,
        }),
        _ if reply.is_error_of_vault() => Err(VaultError::NotRenewed {
            path: lease.path.clone().into_owned(),
        }),
        _ => Err(VaultError::NoAnswer {
            path: call.path.to_owned(),
        }),
    }
}

async fn revoke(client: &Client, token: &HeaderValue, lease: &Id<'_>) -> Result<(), VaultError> {
    let reply = client.send(&call(REVOKE, token, lease)?).await?;
    if matches!(reply.status, 200 | 204) || reply.says("not found") {
        return Ok(());
    }
    Err(VaultError::LeaseNotRevoked {
        path: lease.path.clone().into_owned(),
    })
}

/// Does something with a lease. Its id stands in the body: URLs are seen by more.
fn call<'a>(
    url: &'static str,
    token: &'a HeaderValue,
    lease: &Id<'_>,
) -> Result<Call<'a>, VaultError> {
    let id = SecretValue::copy_of(lease.id.as_bytes());
    Ok(Call {
        method: Method::POST,
        url,
        path: url.trim_start_matches("/v1/"),
        token: Some(token),
        body: Some(body(&[("lease_id", "lease", id)])?),
        once: false,
    })
}
