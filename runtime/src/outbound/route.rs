//! The way to one granted origin: its client, made when the first request needs it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{self, Client, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;

use super::check::Reserved;
use super::connect::Connector;
use super::credential::GrantedOrigin;
use super::first::FirstAlone;
use super::limits::OutboundLimits;

/// One granted origin, and the connections to it.
pub(super) struct Route {
    pub(super) grant: GrantedOrigin,
    /// What carries a credential of this origin. At another one, a plugin may send a token
    /// that it was given.
    pub(super) reserved: Reserved,
    transport: OnceLock<Transport>,
    first: FirstAlone,
}

enum Transport {
    Plain(Client<Connector, Full<Bytes>>),
    Tls(Client<HttpsConnector<Connector>, Full<Bytes>>),
}

impl Route {
    pub(super) fn new(grant: GrantedOrigin) -> Self {
        Self {
            reserved: Reserved::of(grant.credentials.iter()),
            grant,
            transport: OnceLock::new(),
            first: FirstAlone::default(),
        }
    }

    /// Sends without TLS.
    pub(super) async fn send_plain(
        &self,
        request: Request<Full<Bytes>>,
        limits: &OutboundLimits,
    ) -> Result<Response<Incoming>, legacy::Error> {
        let transport = self
            .transport
            .get_or_init(|| Transport::Plain(builder(limits).build(self.connector(limits))));
        transport.request(request).await
    }

    /// Sends with TLS.
    pub(super) async fn send_tls(
        &self,
        request: Request<Full<Bytes>>,
        limits: &OutboundLimits,
        tls: &Arc<ClientConfig>,
    ) -> Result<Response<Incoming>, legacy::Error> {
        let transport = self.transport.get_or_init(|| {
            let mut connector = HttpsConnector::from((self.connector(limits), Arc::clone(tls)));
            connector.enforce_https();
            Transport::Tls(builder(limits).build(connector))
        });
        self.first
            .send(request, |request| transport.request(request))
            .await
    }

    fn connector(&self, limits: &OutboundLimits) -> Connector {
        Connector::new(&self.grant.origin, self.grant.reach, limits.concurrency)
    }
}

impl Transport {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Self::Plain(client) => client.request(request),
            Self::Tls(client) => client.request(request),
        }
    }
}

fn builder(limits: &OutboundLimits) -> legacy::Builder {
    /// The least that the HTTP/1.1 layer takes.
    const LEAST: usize = 8192;
    let mut builder = Client::builder(TokioExecutor::new());
    // Twice as much on the wire in HTTP/2, where the layer below only reports a broken stream:
    // what is a little too large is so counted, and told, by the receiver.
    let list = u32::try_from(limits.header_bytes.saturating_mul(2)).unwrap_or(u32::MAX);
    builder
        .http1_max_buf_size(limits.header_bytes.max(LEAST))
        .http1_max_headers(limits.headers)
        .http2_max_header_list_size(list);
    builder
}
