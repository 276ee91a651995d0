//! The requests of one pull: with a login where the registry wants one, and along redirects.

use std::borrow::Cow;

use hyper::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue, LOCATION};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::outbound::HttpOrigin;

use super::address::Sha256Digest;
use super::challenge::{Challenge, token_url};
use super::credentials::Credentials;
use super::error::{Item, OciError, Peer};
use super::image::{Blob, accept};
use super::target::Target;
use super::transport::{Transport, expect_success, read};

/// How often a request for a layer is sent on.
const REDIRECTS: usize = 3;

/// The largest answer of a token service; real ones have a few kilobytes.
const TOKEN_LIMIT: usize = 64 * 1024;

/// A repository that is spoken to.
pub(super) struct Session<'a> {
    transport: Transport,
    registry: HttpOrigin,
    repository: &'a str,
    credentials: Option<&'a Credentials>,
    /// What the registry has wanted to see so far. For the registry alone.
    authorization: Option<HeaderValue>,
}

/// The answer of a token service, under either of the names that are in use.
#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    access_token: Option<Cow<'a, str>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        transport: Transport,
        registry: HttpOrigin,
        repository: &'a str,
        credentials: Option<&'a Credentials>,
    ) -> Self {
        Self {
            transport,
            registry,
            repository,
            credentials,
            authorization: None,
        }
    }

    /// The document under a digest, as it came: it has not been held against the digest.
    pub(super) async fn manifest(
        &mut self,
        digest: &Sha256Digest,
        limit: u64,
    ) -> Result<Vec<u8>, OciError> {
        let item = Item::Manifest;
        let (_, response) = self
            .ask_registry(&format!("manifests/{digest}"), Some(&accept()), item)
            .await?;
        expect_success(response.status(), Peer::Registry, item)?;
        let mut bytes = Vec::new();
        let excess = OciError::TooLarge { item, limit };
        read(
            response,
            &mut bytes,
            limit,
            excess,
            Peer::Registry,
            &mut |_| (),
        )
        .await?;
        Ok(bytes)
    }

    /// A layer that is what its digest names.
    pub(super) async fn blob(
        &mut self,
        item: Item,
        blob: &Blob,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<u8>, OciError> {
        let (target, response) = self
            .ask_registry(&format!("blobs/{}", blob.digest), None, item)
            .await?;
        let (peer, response) = self.follow(target, response, item).await?;
        expect_success(response.status(), peer, item)?;
        let mut bytes = Vec::new();
        let mismatch = OciError::Mismatch(item);
        read(response, &mut bytes, blob.size, mismatch, peer, progress).await?;
        if bytes.len() as u64 != blob.size || !blob.digest.names(&bytes) {
            return Err(mismatch);
        }
        Ok(bytes)
    }

    /// Asks the registry, once more with a login if it wants one.
    async fn ask_registry(
        &mut self,
        path: &str,
        accept: Option<&str>,
        item: Item,
    ) -> Result<(Target, Response<Incoming>), OciError> {
        let path = format!("/v2/{}/{path}", self.repository);
        let target = Target::new(self.registry.clone(), &path).ok_or(OciError::Repository)?;
        let response = self.send(&target, accept).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok((target, response));
        }
        let authorization = self.log_in(response.headers(), item).await?;
        self.authorization = Some(authorization);
        let response = self.send(&target, accept).await?;
        Ok((target, response))
    }

    async fn send(
        &self,
        target: &Target,
        accept: Option<&str>,
    ) -> Result<Response<Incoming>, OciError> {
        let authorization = self.authorization.as_ref();
        let transport = &self.transport;
        transport
            .get(target, accept, authorization, Peer::Registry)
            .await
    }

    /// What the registry asks for in the headers of its refusal.
    async fn log_in(&self, headers: &HeaderMap, item: Item) -> Result<HeaderValue, OciError> {
        let refused = OciError::Unauthorized(Peer::Registry, item);
        match Challenge::find(headers).ok_or(refused)? {
            Challenge::Basic => Ok(self.credentials.ok_or(refused)?.basic()),
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => {
                let (service, scope) = (service.as_deref(), scope.as_deref());
                self.token(&token_url(&realm, service, scope, self.repository))
                    .await
            }
        }
    }

    async fn token(&self, url: &str) -> Result<HeaderValue, OciError> {
        let (peer, item) = (Peer::TokenService, Item::Token);
        let target = Target::parse(url).filter(|to| to.may_be_named_by(&self.registry));
        let target = target.ok_or(OciError::Redirect(item))?;
        let login = self.credentials.map(Credentials::basic);
        let response = self
            .transport
            .get(&target, None, login.as_ref(), peer)
            .await?;
        expect_success(response.status(), peer, item)?;

        let limit = TOKEN_LIMIT as u64;
        // All the room at once: a buffer that grew would leave parts of the token behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(TOKEN_LIMIT));
        let excess = OciError::TooLarge { item, limit };
        read(response, &mut bytes, limit, excess, peer, &mut |_| ()).await?;
        let wrong = OciError::Answer(peer, item);
        let answer: Token<'_> = serde_json::from_slice(&bytes).map_err(|_| wrong)?;
        let token = answer.token.or(answer.access_token).ok_or(wrong)?;
        Credentials::bearer(&token).ok_or(wrong)
    }

    /// Follows redirects to where a layer is. Once another origin was reached, the login stays
    /// behind, even if the way leads back: it is that other who has chosen the request.
    async fn follow(
        &self,
        mut target: Target,
        mut response: Response<Incoming>,
        item: Item,
    ) -> Result<(Peer, Response<Incoming>), OciError> {
        let mut peer = Peer::Registry;
        for _ in 0..REDIRECTS {
            if !is_redirect(response.status()) {
                break;
            }
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let next = location
                .and_then(|location| target.follow(location))
                .filter(|next| next.may_be_named_by(&self.registry));
            target = next.ok_or(OciError::Redirect(item))?;
            if *target.origin() != self.registry {
                peer = Peer::Store;
            }
            let authorization = self.authorization.as_ref();
            let authorization = authorization.filter(|_| peer == Peer::Registry);
            let transport = &self.transport;
            response = transport.get(&target, None, authorization, peer).await?;
        }
        Ok((peer, response))
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
