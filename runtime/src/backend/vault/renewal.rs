//! Tokens that are good for less than a run may take.

use std::convert::Infallible;
use std::future::pending;
use std::sync::PoisonError;
use std::time::Duration;

use http::{HeaderValue, Method};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tracing::debug;

use super::VaultError;
use super::client::{Call, Client};
use super::login::Session;

/// A token is renewed no more often.
const LEAST: Duration = Duration::from_millis(500);

impl Session {
    /// Whether the token is none of ours: nobody told how long it is good.
    pub(super) fn was_there(&self) -> bool {
        !self.is_of_a_login
    }

    /// Whether a login gave a token that ends by no time.
    pub(super) fn is_without_end(&self) -> bool {
        self.is_of_a_login && self.lifetime.is_none()
    }

    /// Whether the token has ended by now. Where it may have, it is taken to have: the time counts
    /// from when it was asked for.
    pub(super) fn is_over(&self) -> bool {
        let end = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.is_some_and(|end| Instant::now() >= end)
    }

    /// Renews the token for as long as this is waited for, if a run, which may take so `long`, may
    /// take longer than the token is good. Never comes back. What can't be renewed ends, and that is seen by its end.
    pub(super) async fn keep_alive(&self, client: &Client, long: Duration) -> Infallible {
        let mut lifetime = self.lifetime.filter(|_| self.is_renewable);
        while let Some(rest) = lifetime.filter(|rest| *rest < long) {
            sleep((rest / 3).max(LEAST)).await;
            let asked = Instant::now();
            lifetime = self.renew(client).await;
            let Some(rest) = lifetime else { break };
            debug!(seconds = rest.as_secs(), "renewed the token of this login");
            *self.end.lock().unwrap_or_else(PoisonError::into_inner) = asked.checked_add(rest);
        }
        pending().await
    }

    /// For how long the token is good again; `None` if it was not renewed.
    async fn renew(&self, client: &Client) -> Option<Duration> {
        renew(client, &self.token).await.ok()
    }

    /// For how long the token is good from now on; `None` if nobody told.
    pub(super) fn rest(&self) -> Option<Duration> {
        let end = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.map(|end| end.saturating_duration_since(Instant::now()))
    }
}

/// Renews a token. Answers for how long it is good from now on.
pub(super) async fn renew(client: &Client, token: &HeaderValue) -> Result<Duration, VaultError> {
    const PATH: &str = "auth/token/renew-self";
    let call = Call {
        method: Method::POST,
        url: "/v1/auth/token/renew-self",
        path: PATH,
        token: Some(token),
        body: None,
        once: false,
    };
    let reply = client.send(&call).await?;
    let auth = reply.answer().filter(|_| reply.status == 200);
    let seconds = auth
        .and_then(|answer| answer.auth)
        .map(|auth| auth.lease_duration);
    match (reply.status, seconds) {
        (200, Some(seconds)) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        (403, _) => Err(VaultError::Denied {
            path: PATH.into(),
            capability: "update",
            namespace: None,
        }),
        _ if reply.is_error_of_vault() => Err(VaultError::NotRenewed { path: PATH.into() }),
        _ => Err(VaultError::NoAnswer { path: PATH.into() }),
    }
}

/// For how long a token is good that was there before; `None` if it has no end.
pub(super) async fn left(
    client: &Client,
    session: &Session,
) -> Result<Option<Duration>, VaultError> {
    #[derive(Deserialize)]
    struct Token {
        ttl: u64,
    }
    const PATH: &str = "auth/token/lookup-self";
    let url = format!("/v1/{PATH}");
    let call = Call::get(&url, PATH, &session.token);
    let reply = client.send(&call).await?;
    let data = reply.answer().and_then(|answer| answer.data);
    let token: Option<Token> = data.and_then(|data| serde_json::from_str(data.get()).ok());
    match (reply.status, token) {
        (200, Some(Token { ttl })) => Ok((ttl > 0).then(|| Duration::from_secs(ttl))),
        (403, _) => Err(VaultError::Denied {
            path: PATH.into(),
            capability: "read",
            namespace: None,
        }),
        _ => Err(VaultError::NoAnswer { path: PATH.into() }),
    }
}
