//! One request to the receiver.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::error::TraceError;
use crate::event_loop;
use crate::outbound::tls_of_system;

const AGENT: &str = concat!("secret-run/", env!("CARGO_PKG_VERSION"));

/// Sends it once: who waits for the command does not wait for a second attempt.
pub(super) fn send(
    endpoint: &Endpoint,
    trace: Value,
    patience: Duration,
) -> Result<(), TraceError> {
    let asked = event_loop::block_on(async { timeout(patience, post(endpoint, &trace)).await });
    match asked {
        Ok(Ok(answered)) => answered,
        Ok(Err(_)) => Err(TraceError::Late { patience }),
        Err(error) => Err(unreachable(&error)),
    }
}

async fn post(endpoint: &Endpoint, trace: &Value) -> Result<(), TraceError> {
    let mut request = Request::new(Full::new(Bytes::from(trace.to_string())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.uri.clone();
    let headers = request.headers_mut();
    headers.extend(endpoint.headers.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    let answer = if endpoint.uri.scheme_str() == Some("https") {
        let tls = tls_of_system().ok_or_else(|| TraceError::Unreachable {
            reason: "this system trusts no authority".to_owned(),
        })?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .wrap_connector(connector);
        Client::builder(TokioExecutor::new())
            .build(connector)
            .request(request)
            .await
    } else {
        let client = Client::builder(TokioExecutor::new()).build(connector);
        client.request(request).await
    };
    // Its body is not read: nothing of it is shown.
    let status = answer.map_err(|error| unreachable(&error))?.status();
    if status.is_success() {
        Ok(())
    } else {
        let status = status.as_u16();
        Err(TraceError::Status { status })
    }
}

/// The innermost cause: what the kernel or TLS says.
fn unreachable(error: &(dyn Error + 'static)) -> TraceError {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let kernel = cause.downcast_ref::<std::io::Error>();
    TraceError::Unreachable {
        reason: kernel.map_or_else(|| "no connection".to_owned(), |it| it.kind().to_string()),
    }
}
