//! `wasi:http` through the same gate as our own interface.
//!
//! `wasmtime-wasi-http` is built without a way to send of its own: forgetting the gate does
//! not compile.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use wasmtime::component::Linker;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::host::Host;
use crate::outbound::{ErrorClass, Gate, OutboundRequest, OutboundResponse};

/// The largest body of a request. What asks for secrets is short.
const REQUEST_BODY: usize = 1024 * 1024;

/// What the HTTP client of a language says of its own accord, and the gate says itself.
const OF_THE_CONNECTION: [HeaderName; 6] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
];

/// Hands requests to the gate.
pub(super) struct Hooks {
    gate: Arc<Gate>,
}

impl Hooks {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView {
            hooks: &mut wasi.hooks,
            table: &mut wasi.table,
            ctx: &mut wasi.http,
        }
    }
}

/// Lends `wasi:http/types` and `wasi:http/outgoing-handler`.
pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// What comes after a response: nothing more, since the gate has read all of it.
type Worker = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Worker), Error>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Worker,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let gate = Arc::clone(&self.gate);
        Box::new(async move {
            let request = read(request).await?;
            let response = gate
                .send(request)
                .await
                .map_err(|error| match error.class() {
                    ErrorClass::Denied => Error::HttpRequestDenied,
                    ErrorClass::Invalid => Error::HttpRequestUriInvalid,
                    ErrorClass::Unreachable => Error::DestinationUnavailable,
                    ErrorClass::Timeout => Error::ConnectionTimeout,
                    ErrorClass::TooLarge => Error::HttpResponseBodySize(None),
                    ErrorClass::Broken => Error::HttpProtocolError,
                })?;
            let worker: Worker = Box::new(std::future::ready(Ok(())));
            Ok((answer(response)?, worker))
        })
    }

    /// The gate sets it from the URL.
    fn set_host_header(&mut self) -> bool {
        false
    }
}

async fn read(request: Request<WasiBody>) -> Result<OutboundRequest, Error> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_BODY).collect().await;
    let body = body.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Error::HttpRequestBodySize(None)
        } else {
            Error::HttpProtocolError
        }
    })?;
    let headers: Result<Vec<_>, Error> = parts
        .headers
        .iter()
        .filter(|(name, _)| !OF_THE_CONNECTION.contains(name))
        .map(|(name, value)| {
            let value = value.to_str().map_err(|_| Error::HttpProtocolError)?;
            Ok((name.as_str().to_owned(), value.to_owned()))
        })
        .collect();
    Ok(OutboundRequest {
        method: parts.method.as_str().to_owned(),
        url: parts.uri.to_string(),
        headers: headers?,
        body: body.to_bytes().to_vec(),
    })
}

fn answer(response: OutboundResponse) -> Result<Response<WasiBody>, Error> {
    let status = StatusCode::from_u16(response.status).map_err(|_| Error::HttpProtocolError)?;
    let body = Full::new(Bytes::copy_from_slice(&response.body));
    let mut answer = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    for (name, value) in &response.headers {
        let name = HeaderName::try_from(name).map_err(|_| Error::HttpProtocolError)?;
        let value = HeaderValue::try_from(value).map_err(|_| Error::HttpProtocolError)?;
        answer.headers_mut().append(name, value);
    }
    Ok(answer)
}
