//! Requests to Vault: retried, sent on to the active node, bounded in time and size.
//!
//! A client belongs to one run, and so do its connections.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, Client as Hyper};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::debug;
use zeroize::Zeroizing;

use super::VaultError;
use super::address::Address;
use super::connect::Connector;
use super::reply::Reply;
use crate::outbound::{FirstAlone, HttpOrigin, cause, certificate_fault};
use crate::resilience::{Pauses, Terms};

const AGENT: &str = concat!("secret-run/", env!("CARGO_PKG_VERSION"));

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How often a request is sent on.
const REDIRECTS: u32 = 3;
/// How many requests are under way at once.
const AT_ONCE: usize = 128;
/// The largest answer.
pub(super) const LIMIT: usize = 1024 * 1024;

/// A request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Begins with `/v1/`.
    pub(super) url: &'a str,
    /// What is asked for, in messages.
    pub(super) path: &'a str,
    pub(super) token: Option<&'a HeaderValue>,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    /// Whether it is not to be carried out twice: what was unwrapped or used up once is gone, and what
    /// was made twice is known once. So it is not sent again when nobody knows whether it was.
    pub(super) once: bool,
}

impl<'a> Call<'a> {
    /// Reads something that is there.
    pub(super) fn get(url: &'a str, path: &'a str, token: &'a HeaderValue) -> Self {
        Self {
            method: Method::GET,
            url,
            path,
            token: Some(token),
            body: None,
            once: false,
        }
    }
}

/// Sends requests to a server, and to those that it sends on to.
pub(super) struct Client {
    /// Where requests go: after a redirect, to another server of the cluster.
    node: Mutex<Arc<Node>>,
    /// Where they went at first, and go again if the other is gone.
    first: Arc<Node>,
    tls: ClientConfig,
    server_name: Option<ServerName<'static>>,
    headers: HeaderMap,
    namespace: String,
    production: bool,
    proxy: Option<&'static str>,
    turns: Semaphore,
    terms: Terms,
}

struct Node {
    address: Address,
    /// A variable that names a proxy, for the message that there is no way to the server.
    proxy: Option<&'static str>,
    hyper: Hyper<HttpsConnector<Connector>, Full<Bytes>>,
    first: FirstAlone,
}

/// Why there is no answer.
enum Failure {
    /// The request may or may not have been carried out.
    Broken(VaultError),
    /// There was no connection, so it was not.
    NotSent(VaultError),
    /// Another attempt would end as this one.
    Final(VaultError),
}

impl Client {
    /// Nothing is sent or looked up yet.
    pub(super) fn new(
        address: Address,
        namespace: Option<&str>,
        tls: ClientConfig,
        server_name: Option<ServerName<'static>>,
        (production, proxy): (bool, Option<&'static str>),
        terms: Terms,
    ) -> Result<Self, VaultError> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        // Without it an agent refuses, so that a page in a browser can't ask it.
        let request = HeaderName::from_static("x-vault-request");
        headers.insert(request, HeaderValue::from_static("true"));
        if let Some(namespace) = namespace {
            let value = HeaderValue::from_str(namespace);
            let value = value.map_err(|_| VaultError::NoNamespace {
                namespace: namespace.to_owned(),
            })?;
            headers.insert(HeaderName::from_static("x-vault-namespace"), value);
        }
        let node = Node::new(address, &tls, server_name.as_ref(), (production, proxy));
        let node = Arc::new(node);
        Ok(Self {
            node: Mutex::new(Arc::clone(&node)),
            first: node,
            tls,
            server_name,
            headers,
            namespace: namespace.unwrap_or_default().to_owned(),
            production,
            proxy,
            turns: Semaphore::new(AT_ONCE),
            terms,
        })
    }

    /// On which terms it sends.
    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// That there is no namespace of the name that requests carry.
    pub(super) fn no_namespace(&self) -> VaultError {
        VaultError::NoNamespace {
            namespace: self.namespace.clone(),
        }
    }

    /// Sends a request until there is an answer. Those that mean that the server as a whole does
    /// not serve are errors.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Reply, VaultError> {
        // The semaphore is never closed, so there is always a permit to come.
        let _turn = self.turns.acquire().await;
        let mut redirects = 0;
        let mut pauses = Pauses::new(self.terms.attempts);
        loop {
            let attempt = pauses.attempt();
            let node = self.node();
            let answered = timeout(ATTEMPT, self.attempt(&node, call)).await;
            let answered = answered.unwrap_or(Err(Failure::Broken(VaultError::TimedOut {
                seconds: ATTEMPT.as_secs(),
                attempts: 1,
            })));
            debug!(
                method = %call.method,
                attempt,
                status = answered.as_ref().map_or(0, |reply| reply.status),
                "request to Vault"
            );
            let again = match &answered {
                Ok(reply) if reply.is_redirect() && redirects < REDIRECTS => {
                    redirects += 1;
                    self.follow(&node, reply)?;
                    continue;
                }
                Ok(reply) => reply.may_pass() && (!call.once || reply.was_turned_away()),
                Err(Failure::NotSent(_)) => true,
                Err(Failure::Broken(_)) => !call.once,
                Err(Failure::Final(_)) => false,
            };
            if matches!(answered, Err(Failure::NotSent(_) | Failure::Broken(_))) {
                self.go_back(&node);
            }
            if again {
                let retry_after = answered.as_ref().ok().and_then(|reply| reply.retry_after);
                let left = self.terms.deadline.left(Instant::now());
                if let Some(pause) = pauses.next(retry_after, left) {
                    redirects = 0;
                    sleep(pause).await;
                    continue;
                }
            }
            return match answered {
                Ok(reply) => match reply.outage(&node.address) {
                    Some(error) => Err(error.after(attempt)),
                    None => Ok(reply),
                },
                Err(Failure::Broken(error) | Failure::NotSent(error) | Failure::Final(error)) => {
                    Err(error.after(attempt))
                }
            };
        }
    }

    async fn attempt(&self, node: &Node, call: &Call<'_>) -> Result<Reply, Failure> {
        let url = format!("{}{}", node.address.base(), call.url);
        let body = call.body.as_ref().map_or_else(Bytes::new, |body| {
            Bytes::from_owner(Wiped(Zeroizing::new(body.to_vec())))
        });
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = url.parse().map_err(|_| {
            Failure::Final(VaultError::BadPath {
                path: call.path.to_owned(),
            })
        })?;
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        // An agent adds its own token only where there is none, not even an empty one.
        if let Some(token) = call.token.filter(|token| !token.is_empty()) {
            headers.insert(HeaderName::from_static("x-vault-token"), token.clone());
        }
        let answer = node.send(request).await;
        let answer = answer.map_err(|error| node.failure(&error))?;
        self.receive(node, answer, call).await
    }

    async fn receive(
        &self,
        node: &Node,
        answer: Response<Incoming>,
        call: &Call<'_>,
    ) -> Result<Reply, Failure> {
        let (head, mut incoming) = answer.into_parts();
        let header = |name| {
            let value: Option<&HeaderValue> = head.headers.get(name);
            value.and_then(|value| value.to_str().ok())
        };
        let mut body = Zeroizing::new(Vec::new());
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|_| Failure::Broken(node.unreachable()))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if data.len() > LIMIT - body.len() {
                return Err(Failure::Final(VaultError::TooLarge {
                    path: call.path.to_owned(),
                    limit: LIMIT,
                }));
            }
            extend(&mut body, data);
        }
        Ok(Reply {
            status: head.status.as_u16(),
            location: header(LOCATION).map(str::to_owned),
            retry_after: header(RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            body,
        })
    }

    /// Sends all that follows to where `reply` points, if that may be.
    fn follow(&self, node: &Arc<Node>, reply: &Reply) -> Result<(), VaultError> {
        let refused = || VaultError::Redirect {
            address: node.address.to_string(),
        };
        let location = reply.location.as_deref().ok_or_else(refused)?;
        let origin = HttpOrigin::of_url(location).map_err(|_| refused())?;
        let address = Address::Origin(origin);
        let downgrade = matches!(
            (&node.address, &address),
            (Address::Origin(from), Address::Origin(to)) if to.scheme() < from.scheme()
        );
        if downgrade || (self.production && !address.is_private()) || address == node.address {
            return Err(refused());
        }
        debug!(from = %node.address, to = %address, "sent on to another server");
        let next = Node::new(
            address,
            &self.tls,
            self.server_name.as_ref(),
            (self.production, self.proxy),
        );
        self.replace(node, Arc::new(next));
        Ok(())
    }

    /// Sends all that follows to the first server, which may know of another by now.
    fn go_back(&self, node: &Arc<Node>) {
        self.replace(node, Arc::clone(&self.first));
    }

    fn replace(&self, node: &Arc<Node>, next: Arc<Node>) {
        let mut current = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        // Another request may have been quicker.
        if Arc::ptr_eq(&current, node) {
            *current = next;
        }
    }

    fn node(&self) -> Arc<Node> {
        Arc::clone(&self.node.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Node {
    fn new(
        address: Address,
        tls: &ClientConfig,
        server_name: Option<&ServerName<'static>>,
        (production, proxy): (bool, Option<&'static str>),
    ) -> Self {
        let connector = Connector {
            address: address.clone(),
            production,
        };
        let builder = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http();
        let builder = match server_name {
            Some(name) => {
                builder.with_server_name_resolver(FixedServerNameResolver::new(name.clone()))
            }
            None => builder,
        };
        let https = builder.enable_all_versions().wrap_connector(connector);
        Self {
            address,
            proxy,
            hyper: Hyper::builder(TokioExecutor::new()).build(https),
            first: FirstAlone::default(),
        }
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, legacy::Error> {
        let https = request.uri().scheme_str() == Some("https");
        if https {
            let send = |request| self.hyper.request(request);
            return self.first.send(request, send).await;
        }
        self.hyper.request(request).await
    }

    fn unreachable(&self) -> VaultError {
        VaultError::Unreachable {
            address: self.address.to_string(),
            attempts: 1,
            proxy: self.proxy,
        }
    }

    /// What the layers below report, told in this module's own words.
    fn failure(&self, error: &legacy::Error) -> Failure {
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                let address = self.address.to_string();
                return Failure::Final(match certificate_fault(error) {
                    Some(fault) => VaultError::Certificate { address, fault },
                    None => VaultError::Tls { address },
                });
            }
            next = cause(error);
        }
        if error.is_connect() {
            Failure::NotSent(self.unreachable())
        } else {
            Failure::Broken(self.unreachable())
        }
    }
}

/// A body that is wiped when it has been sent.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Appends, without leaving a copy behind where the vector has to move.
fn extend(bytes: &mut Zeroizing<Vec<u8>>, data: &[u8]) {
    let needed = bytes.len() + data.len();
    if needed > bytes.capacity() {
        let mut next = Zeroizing::new(Vec::with_capacity(needed.max(bytes.capacity() * 2)));
        next.extend_from_slice(bytes);
        *bytes = next;
    }
    bytes.extend_from_slice(data);
}
