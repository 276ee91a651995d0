//! The one gate through which every request of a plugin leaves.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::Full;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::check;
use super::credential::{GrantedOrigin, HostCredential};
use super::echo::Echoes;
use super::error::OutboundError;
use super::fault::{CredentialFault, UrlFault};
use super::limits::OutboundLimits;
use super::message::{OutboundRequest, OutboundResponse};
use super::origin::{HttpOrigin, Scheme};
use super::receive::Receiver;
use super::route::Route;
use super::{failure, tls};
use crate::error::Explain;

/// What servers are told of who asks, unless the plugin says something.
const AGENT: &str = concat!("secret-run/", env!("CARGO_PKG_VERSION"));

/// Sends the requests of one plugin; see the [module](super) for what it holds them against.
///
/// Its connections belong to the runtime that the first request was sent on.
pub struct Gate {
    plugin: String,
    routes: Vec<Route>,
    echoes: Echoes,
    limits: OutboundLimits,
    authorities: Vec<CertificateDer<'static>>,
    tls: OnceLock<Option<Arc<ClientConfig>>>,
    turns: Semaphore,
    sent: AtomicUsize,
    left: AtomicUsize,
    /// Whether the plugin was given an answer. From then on it may hold a value, and could put
    /// it into the name of a host.
    answered: AtomicBool,
    violation: Mutex<Option<OutboundError>>,
}

/// A request that may be sent.
struct Checked<'a> {
    route: &'a Route,
    method: Method,
    path: &'a str,
    headers: HeaderMap,
}

/// What the log may say of a request.
struct Attempt {
    started: Instant,
    method: Option<String>,
    origin: Option<HttpOrigin>,
}

impl Gate {
    /// A gate for `plugin` to `origins`. `ca_pem` is trusted beside the authorities of the
    /// system. Nothing is opened, resolved or read yet.
    ///
    /// # Errors
    /// When a credential could not be sent as it is, or `ca_pem` holds no certificate.
    pub fn new(
        plugin: String,
        origins: Vec<GrantedOrigin>,
        ca_pem: Option<Vec<u8>>,
        limits: OutboundLimits,
    ) -> Result<Self, OutboundError> {
        let origins = merged(origins);
        for grant in &origins {
            check_credentials(grant)?;
        }
        let authorities = match ca_pem {
            Some(pem) => tls::authorities(&pem)?,
            None => Vec::new(),
        };
        let credentials = || origins.iter().flat_map(|grant| &grant.credentials);
        Ok(Self {
            plugin,
            echoes: Echoes::of(credentials()),
            turns: Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            sent: AtomicUsize::new(0),
            left: AtomicUsize::new(limits.call_bytes),
            answered: AtomicBool::new(false),
            violation: Mutex::new(None),
            tls: OnceLock::new(),
            routes: origins.into_iter().map(Route::new).collect(),
            authorities,
            limits,
        })
    }

    /// A new call of the plugin: counts begin anew, and nothing was violated yet.
    pub fn begin_call(&self) {
        self.sent.store(0, Ordering::Relaxed);
        self.left.store(self.limits.call_bytes, Ordering::Relaxed);
        *self.recorded() = None;
    }

    /// The first thing that the plugin did in this call and may not do. The host fails the whole
    /// call for it, whatever the plugin answers.
    #[must_use]
    pub fn violation(&self) -> Option<OutboundError> {
        self.recorded().clone()
    }

    /// `text` without the credentials of the plugin.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        match self.echoes.masked(text.as_bytes()) {
            Some(masked) => String::from_utf8_lossy(&masked).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Sends all requests at once, as many as the limits let, and answers in their order.
    pub async fn send_all(
        &self,
        requests: Vec<OutboundRequest>,
    ) -> Vec<Result<OutboundResponse, OutboundError>> {
        join_all(requests.into_iter().map(|request| self.send(request))).await
    }

    /// Sends one request.
    ///
    /// # Errors
    /// When it may not be sent, or there is no answer that the plugin may have.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let attempt = self.attempt(&request.method, &request.url);
        let result = self.exchange(request).await;
        self.note(attempt, result.as_ref().map(|response| response.status));
        result
    }

    /// Holds a request against what may be sent, before its body is there and without waiting:
    /// what may not is recorded even if nobody ever asks for the answer.
    ///
    /// # Errors
    /// When it may not be sent.
    pub fn admit(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
    ) -> Result<(), OutboundError> {
        let refused = self.check(method, url, headers).err();
        if let Some(error) = &refused {
            self.note(self.attempt(method, url), Err(error));
        }
        refused.map_or(Ok(()), Err)
    }

    fn attempt(&self, method: &str, url: &str) -> Attempt {
        let origin = check::url(url).ok();
        Attempt {
            started: Instant::now(),
            method: check::method(method).map(|method| method.to_string()).ok(),
            origin: origin.and_then(|(origin, _)| self.nameable(origin)),
        }
    }

    /// Records a violation, and tells the log what became of a request.
    fn note(&self, attempt: Attempt, outcome: Result<u16, &OutboundError>) {
        if let Err(error) = outcome
            && error.is_violation()
        {
            self.recorded().get_or_insert_with(|| error.clone());
        }
        let Attempt {
            started,
            method,
            origin,
        } = attempt;
        tracing::debug!(
            plugin = %self.plugin,
            method = method.as_deref().unwrap_or("-"),
            origin = %origin.map_or_else(|| "-".to_owned(), |origin| origin.to_string()),
            status = outcome.unwrap_or(0),
            outcome = outcome.map_or_else(Explain::kind, |_| "answered"),
            microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "request of a plugin"
        );
    }

    async fn exchange(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let sent = self.sent.fetch_add(1, Ordering::Relaxed);
        if sent >= self.limits.requests {
            return Err(OutboundError::TooManyRequests {
                limit: self.limits.requests,
            });
        }
        let OutboundRequest {
            method,
            url,
            headers,
            body,
        } = request;
        let body = Zeroizing::new(body);
        let checked = self.check(&method, &url, &headers)?;
        if body.len() > self.limits.request_bytes {
            return Err(OutboundError::RequestTooLarge {
                limit: self.limits.request_bytes,
            });
        }
        // The semaphore is never closed, so there is always a permit to come.
        let _turn = self.turns.acquire().await;
        let route = checked.route;
        let timeout = || OutboundError::Timeout {
            origin: route.grant.origin.clone(),
            limit: self.limits.time,
        };
        // A near server could answer before anybody looks at the clock.
        if self.limits.time.is_zero() {
            return Err(timeout());
        }
        tokio::time::timeout(self.limits.time, self.forward(checked, body))
            .await
            .unwrap_or_else(|_| Err(timeout()))
    }

    fn check<'a>(
        &'a self,
        method: &str,
        url: &'a str,
        headers: &[(String, String)],
    ) -> Result<Checked<'a>, OutboundError> {
        let method = check::method(method)?;
        let (origin, path) = check::url(url)?;
        let route = self
            .routes
            .iter()
            .find(|route| route.grant.origin == origin);
        let Some(route) = route else {
            return Err(OutboundError::Denied {
                origin: self.nameable(origin),
            });
        };
        let headers = check::headers(headers, &route.reserved, &self.limits)?;
        check::parameters(path, &route.reserved)?;
        Ok(Checked {
            route,
            method,
            path,
            headers,
        })
    }

    async fn forward(
        &self,
        checked: Checked<'_>,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<OutboundResponse, OutboundError> {
        let route = checked.route;
        let origin = &route.grant.origin;
        let request = prepared(checked, body)?;
        let answer = match origin.scheme() {
            Scheme::Http => route.send_plain(request, &self.limits).await,
            Scheme::Https => {
                let tls = self.tls.get_or_init(|| tls::config(&self.authorities));
                let tls = tls.as_ref().ok_or_else(|| OutboundError::NoAuthorities {
                    origin: origin.clone(),
                })?;
                route.send_tls(request, &self.limits, tls).await
            }
        };
        let response = answer.map_err(|error| failure::of_request(&error, origin, &self.limits))?;
        let receiver = Receiver {
            origin,
            limits: &self.limits,
            reserved: &route.reserved,
            echoes: &self.echoes,
            is_trusted: !route.grant.credentials.is_empty(),
            left: &self.left,
        };
        let received = receiver.receive(response).await;
        if received.is_ok() {
            self.answered.store(true, Ordering::Relaxed);
        }
        received
    }

    /// Whether the plugin was given an answer, and so may hold a value.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// An origin that may be named in a message: a granted one, or one that the plugin chose
    /// before it could know any value.
    fn nameable(&self, origin: HttpOrigin) -> Option<HttpOrigin> {
        let granted = self.routes.iter().any(|route| route.grant.origin == origin);
        (granted || !self.has_answered()).then_some(origin)
    }

    fn recorded(&self) -> std::sync::MutexGuard<'_, Option<OutboundError>> {
        // An error is stored whole or not at all, so a poisoned lock holds nothing broken.
        self.violation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("plugin", &self.plugin)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The request as it is sent: with the host's headers and credentials.
fn prepared(
    checked: Checked<'_>,
    body: Zeroizing<Vec<u8>>,
) -> Result<Request<Full<Bytes>>, OutboundError> {
    let Checked {
        route,
        method,
        path,
        mut headers,
    } = checked;
    let origin = &route.grant.origin;
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    // The URL begins with the origin as the host spells it, not as the plugin did.
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut url = Zeroizing::new(format!("{origin}{slash}{path}"));
    for credential in &route.grant.credentials {
        credential.add(origin, &mut headers, &mut url)?;
    }
    let mut request = Request::new(Full::new(Bytes::from_owner(Wiped(body))));
    *request.method_mut() = method;
    *request.uri_mut() = url
        .parse()
        .map_err(|_| OutboundError::Url(UrlFault::Path))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// A body that is wiped when it has been sent.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// One grant for each origin: what is granted twice is granted together.
fn merged(origins: Vec<GrantedOrigin>) -> Vec<GrantedOrigin> {
    let mut merged: Vec<GrantedOrigin> = Vec::with_capacity(origins.len());
    for grant in origins {
        match merged.iter_mut().find(|known| known.origin == grant.origin) {
            Some(known) => {
                known.reach.private |= grant.reach.private;
                known.reach.link_local |= grant.reach.link_local;
                known.reach.bound = known.reach.bound.max(grant.reach.bound);
                known.credentials.extend(grant.credentials);
            }
            None => merged.push(grant),
        }
    }
    merged
}

fn check_credentials(grant: &GrantedOrigin) -> Result<(), OutboundError> {
    let unfit = |fault| OutboundError::Credential {
        origin: grant.origin.clone(),
        fault,
    };
    let place = |credential: &HostCredential| {
        let parameter = credential.parameter().map(str::to_ascii_lowercase);
        (credential.header(), parameter)
    };
    for (index, credential) in grant.credentials.iter().enumerate() {
        credential.check().map_err(unfit)?;
        let earlier = &grant.credentials[..index];
        if earlier
            .iter()
            .any(|other| place(other) == place(credential))
        {
            return Err(unfit(CredentialFault::Twice));
        }
    }
    Ok(())
}
