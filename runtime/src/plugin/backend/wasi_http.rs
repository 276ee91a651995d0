//! `wasi:http` through the same gate as our own interface.
//!
//! `wasmtime-wasi-http` is built without a way to send of its own: forgetting the gate does
//! not compile.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tokio::sync::Semaphore;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::host::Host;
use crate::outbound::{ErrorClass, Gate, OutboundError, OutboundRequest, OutboundResponse};

/// The largest body of a request. What asks for secrets is short.
const REQUEST_BODY: usize = 1024 * 1024;

/// What is kept of the body of a request until somebody reads it, twice over: guests can hold many
/// such bodies.
const CHUNK: usize = 16 * 1024;

/// The longest method or host of a request. The library keeps one of any length.
const WORD: usize = 1024;

/// The interface as the library names it.
const TYPES: &str = "wasi:http/types@0.2.12";

/// What the HTTP client of a language says of its own accord, and the gate says itself.
const OF_THE_CONNECTION: [HeaderName; 6] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
];

/// Requests whose bodies are read at the same time. The gate sends no more at once either.
const TURNS: usize = 64;

/// Hands requests to the gate.
pub(super) struct Hooks {
    gate: Arc<Gate>,
    turns: Arc<Semaphore>,
}

impl Hooks {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        let turns = Arc::new(Semaphore::new(TURNS));
        Self { gate, turns }
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
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    // Over those of the library.
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[method]outgoing-request.set-method", set_method)?;
    types.func_wrap("[method]outgoing-request.set-authority", set_authority)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a setter of the contract answers: refused, or not.
type Set = wasmtime::Result<(Result<(), ()>,)>;

fn set_method(
    mut store: StoreContextMut<'_, Host>,
    (request, method): (Resource<HostOutgoingRequest>, Method),
) -> Set {
    if matches!(&method, Method::Other(word) if word.len() > WORD) {
        return Ok((Err(()),));
    }
    Ok((store.data_mut().http().set_method(request, method)?,))
}

fn set_authority(
    mut store: StoreContextMut<'_, Host>,
    (request, authority): (Resource<HostOutgoingRequest>, Option<String>),
) -> Set {
    if authority.as_ref().is_some_and(|word| word.len() > WORD) {
        return Ok((Err(()),));
    }
    Ok((store.data_mut().http().set_authority(request, authority)?,))
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
        let (gate, turns) = (Arc::clone(&self.gate), Arc::clone(&self.turns));
        let (parts, body) = request.into_parts();
        // Now, not when somebody waits for the answer: a guest that returns without waiting ends
        // what is sent for it before it has begun, and what it tried counts all the same.
        let admitted = head(&parts).and_then(|request| {
            let OutboundRequest {
                method,
                url,
                headers,
                ..
            } = &request;
            let admitted = gate.admit(method, url, headers);
            admitted.map(|()| request).map_err(|error| refusal(&error))
        });
        Box::new(async move {
            let mut request = admitted?;
            // Never closed. Whoever waits for a turn holds no body.
            let _turn = turns.acquire().await;
            request.body = read(body).await?;
            let response = gate.send(request).await.map_err(|error| refusal(&error))?;
            let worker: Worker = Box::new(std::future::ready(Ok(())));
            Ok((answer(response)?, worker))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    /// The gate sets it from the URL.
    fn set_host_header(&mut self) -> bool {
        false
    }
}

/// What the guest is told of a request that the gate did not send, or that came to nothing.
fn refusal(error: &OutboundError) -> Error {
    match error.class() {
        ErrorClass::Denied => Error::HttpRequestDenied,
        ErrorClass::Invalid => Error::HttpRequestUriInvalid,
        ErrorClass::Unreachable => Error::DestinationUnavailable,
        ErrorClass::Timeout => Error::ConnectionTimeout,
        ErrorClass::TooLarge => Error::HttpResponseBodySize(None),
        ErrorClass::Broken => Error::HttpProtocolError,
    }
}

async fn read(body: WasiBody) -> Result<Vec<u8>, Error> {
    let body = Limited::new(body, REQUEST_BODY).collect().await;
    let body = body.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Error::HttpRequestBodySize(None)
        } else {
            Error::HttpProtocolError
        }
    })?;
    Ok(body.to_bytes().to_vec())
}

/// A request without its body.
fn head(parts: &Parts) -> Result<OutboundRequest, Error> {
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
        body: Vec::new(),
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
