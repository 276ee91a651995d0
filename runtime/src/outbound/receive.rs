//! Answers, bounded and rid of credentials.
//!
//! Nothing is handed on before all of it was looked at: a body is read to its end, which comes
//! at the limit at the latest. The buffers of the HTTP layer are not wiped; what is kept is.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use zeroize::Zeroizing;

use super::check::Reserved;
use super::echo::Echoes;
use super::error::OutboundError;
use super::limits::OutboundLimits;
use super::message::OutboundResponse;
use super::origin::HttpOrigin;

/// What an answer is held against.
pub(super) struct Receiver<'a> {
    pub(super) origin: &'a HttpOrigin,
    pub(super) limits: &'a OutboundLimits,
    pub(super) reserved: &'a Reserved,
    pub(super) echoes: &'a Echoes,
    /// Whether the origin was sent a credential.
    pub(super) is_trusted: bool,
    /// Bytes that all answers of this call may still have.
    pub(super) left: &'a AtomicUsize,
}

impl Receiver<'_> {
    pub(super) async fn receive(
        &self,
        response: Response<Incoming>,
    ) -> Result<OutboundResponse, OutboundError> {
        let (head, body) = response.into_parts();
        self.check_headers(&head.headers)?;
        let body = self.body(body).await?;
        let (headers, body) = self.without_credentials(head.status, &head.headers, body)?;
        Ok(OutboundResponse {
            status: head.status.as_u16(),
            headers,
            body,
        })
    }

    fn check_headers(&self, headers: &HeaderMap) -> Result<(), OutboundError> {
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if headers.len() > self.limits.headers || bytes > self.limits.header_bytes {
            return Err(OutboundError::ResponseHeadersTooLarge {
                origin: self.origin.clone(),
                count: self.limits.headers,
                bytes: self.limits.header_bytes,
            });
        }
        self.take(bytes)?;
        let is_plain = |value: &HeaderValue| {
            let value = value.as_bytes().trim_ascii();
            value.is_empty() || value.eq_ignore_ascii_case(b"identity")
        };
        let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        if self.is_trusted && !encodings.all(is_plain) {
            return Err(OutboundError::Encoded {
                origin: self.origin.clone(),
            });
        }
        Ok(())
    }

    async fn body(&self, mut body: Incoming) -> Result<Zeroizing<Vec<u8>>, OutboundError> {
        let limit = self.limits.response_bytes;
        let too_large = || OutboundError::ResponseTooLarge {
            origin: self.origin.clone(),
            limit,
        };
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_large());
        }
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| OutboundError::Broken {
                origin: self.origin.clone(),
            })?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if data.len() > limit - bytes.len() {
                return Err(too_large());
            }
            self.take(data.len())?;
            extend(&mut bytes, data, announced);
        }
        Ok(bytes)
    }

    /// Counts bytes against what the answers of one call may have together.
    fn take(&self, bytes: usize) -> Result<(), OutboundError> {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .map(|_| ())
            .map_err(|_| OutboundError::CallTooLarge {
                limit: self.limits.call_bytes,
            })
    }

    /// Headers and body as the plugin gets them. An error page may quote the request, so there a
    /// credential is masked; elsewhere it means that the server hands it out.
    fn without_credentials(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<(Headers, Zeroizing<Vec<u8>>), OutboundError> {
        let may_mask = status.is_client_error() || status.is_server_error();
        let mask = |text: &[u8]| match self.echoes.masked(text) {
            Some(_) if !may_mask => Err(OutboundError::CredentialEchoed {
                origin: self.origin.clone(),
            }),
            masked => Ok(masked),
        };
        let masked_body = mask(&body)?;
        let is_kept = |name: &HeaderName| {
            // The length of a masked body is another.
            !(self.reserved.has_header(name.as_str())
                || masked_body.is_some() && name == header::CONTENT_LENGTH)
        };
        let mut kept = Vec::with_capacity(headers.len());
        for (name, value) in headers.iter().filter(|(name, _)| is_kept(name)) {
            let masked = mask(value.as_bytes())?;
            let value = masked.as_ref().map_or(value.as_bytes(), |masked| masked);
            if let Ok(value) = str::from_utf8(value) {
                kept.push((name.as_str().to_owned(), value.to_owned()));
            }
        }
        Ok((kept, masked_body.unwrap_or(body)))
    }
}

type Headers = Vec<(String, String)>;

/// Appends, without leaving a copy behind where the vector has to move.
fn extend(bytes: &mut Zeroizing<Vec<u8>>, data: &[u8], announced: usize) {
    let needed = bytes.len() + data.len();
    if needed > bytes.capacity() {
        let roomier = needed.max(bytes.capacity() * 2).max(announced);
        let mut next = Zeroizing::new(Vec::with_capacity(roomier));
        next.extend_from_slice(bytes);
        *bytes = next;
    }
    bytes.extend_from_slice(data);
}
