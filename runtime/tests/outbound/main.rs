//! Requests of plugins against real servers of this machine: each check of the gate, provoked.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod answers;
mod connections;
mod credentials;
mod log;
mod policy;
mod server;
mod tls;
#[path = "../transcript/mod.rs"]
mod transcript;

use secret_runtime::outbound::{
    Bound, Gate, GrantedOrigin, HostCredential, HttpOrigin, OutboundLimits, OutboundRequest, Reach,
};
use secret_runtime::secret::SecretValue;

/// What a server on this machine needs.
const PRIVATE: Reach = Reach {
    private: true,
    link_local: false,
    bound: Bound::None,
};

fn granted(origin: &str, credentials: Vec<HostCredential>) -> GrantedOrigin {
    GrantedOrigin {
        origin: HttpOrigin::parse(origin).unwrap(),
        reach: PRIVATE,
        credentials,
    }
}

/// A gate to one origin of this machine.
fn gate(origin: &str, credentials: Vec<HostCredential>) -> Gate {
    limited(origin, credentials, OutboundLimits::default())
}

fn limited(origin: &str, credentials: Vec<HostCredential>, limits: OutboundLimits) -> Gate {
    let origins = vec![granted(origin, credentials)];
    Gate::new("example".to_owned(), origins, None, limits).unwrap()
}

fn get(url: impl Into<String>) -> OutboundRequest {
    OutboundRequest {
        method: "GET".to_owned(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn with_header(mut request: OutboundRequest, name: &str, value: &str) -> OutboundRequest {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

fn secret(text: &str) -> SecretValue {
    SecretValue::copy_of(text.as_bytes())
}

fn bearer(token: &str) -> Vec<HostCredential> {
    vec![HostCredential::Bearer(secret(token))]
}
