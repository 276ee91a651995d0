//! What a backend is lent while it runs: its settings, the log, and the gate.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{debug, error, info, warn};
use wasmtime::bail;
use wasmtime::component::HasSelf;
use wasmtime::component::Linker;

use super::bindings::{http, log, settings};
use super::wasi::Wasi;
use super::wasi_http::Hooks;
use crate::outbound::{ErrorClass, Gate, OutboundError, OutboundRequest, OutboundResponse};
use crate::plugin::limits::Meter;
use crate::plugin::text::clean;

/// The longest line of the log, in characters.
const LINE: usize = 1000;

/// The host's side of one instance.
pub(super) struct Host {
    pub(super) meter: Meter,
    pub(super) lent: Lent,
    /// Bytes that it may still write to the log.
    log_left: usize,
    flooded: bool,
    /// Made when something of WASI is first used.
    wasi: Option<Box<Wasi>>,
}

/// What is the same for all instances of a backend.
#[derive(Clone)]
pub(super) struct Lent {
    /// Under which messages speak of the plugin.
    pub(super) plugin: Arc<str>,
    pub(super) settings: Arc<BTreeMap<String, String>>,
    pub(super) gate: Arc<Gate>,
    /// Whether the time is granted.
    pub(super) clock: bool,
    /// Bytes that one instance may write to the log.
    pub(super) log: usize,
}

impl Host {
    pub(super) fn new(meter: Meter, lent: Lent) -> Self {
        Self {
            meter,
            log_left: lent.log,
            lent,
            flooded: false,
            wasi: None,
        }
    }

    /// Whether it wrote more to the log than it may.
    pub(super) const fn flooded(&self) -> bool {
        self.flooded
    }

    pub(super) fn wasi(&mut self) -> &mut Wasi {
        let lent = &self.lent;
        self.wasi.get_or_insert_with(|| {
            let hooks = Hooks::new(Arc::clone(&lent.gate));
            Box::new(Wasi::new(lent.clock, hooks))
        })
    }
}

/// Lends the settings of the manifest.
pub(super) fn link_settings(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    settings::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)
}

/// Lends the log.
pub(super) fn link_log(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)
}

/// Lends requests through the gate.
pub(super) fn link_http(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    http::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)
}

impl settings::Host for Host {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.lent.settings.get(&key).cloned())
    }
}

impl log::Host for Host {
    fn write(&mut self, level: log::Level, text: String) -> wasmtime::Result<()> {
        // A line costs something even if it is empty.
        let size = text.len().saturating_add(16);
        let Some(left) = self.log_left.checked_sub(size) else {
            self.flooded = true;
            bail!("over the limit")
        };
        self.log_left = left;
        let plugin = &*self.lent.plugin;
        let text = self.shown(&text);
        match level {
            log::Level::Debug => debug!(plugin, "{text}"),
            log::Level::Info => info!(plugin, "{text}"),
            log::Level::Warn => warn!(plugin, "{text}"),
            log::Level::Error => error!(plugin, "{text}"),
        }
        Ok(())
    }
}

impl Host {
    /// What is shown of a line. A plugin that was given an answer may hold a value, and could
    /// write it in any spelling: of such lines only the length is told.
    fn shown(&self, text: &str) -> String {
        if self.lent.gate.has_answered() {
            return format!("a line of {} bytes, not shown after an answer", text.len());
        }
        clean(&self.lent.gate.redact(text), LINE)
    }
}

impl http::Host for Host {
    async fn send(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
        Ok(answer(self.lent.gate.send(outbound(request)).await))
    }

    async fn send_all(
        &mut self,
        requests: Vec<http::Request>,
    ) -> wasmtime::Result<Vec<Result<http::Response, http::HttpError>>> {
        let requests = requests.into_iter().map(outbound).collect();
        let answers = self.lent.gate.send_all(requests).await;
        Ok(answers.into_iter().map(answer).collect())
    }
}

fn outbound(request: http::Request) -> OutboundRequest {
    let headers = request.headers.into_iter();
    OutboundRequest {
        method: request.method,
        url: request.url,
        headers: headers.map(|header| (header.name, header.value)).collect(),
        body: request.body,
    }
}

fn answer(
    answer: Result<OutboundResponse, OutboundError>,
) -> Result<http::Response, http::HttpError> {
    match answer {
        Ok(mut response) => Ok(http::Response {
            status: response.status,
            headers: response
                .headers
                .into_iter()
                .map(|(name, value)| http::Header { name, value })
                .collect(),
            body: std::mem::take(&mut *response.body),
        }),
        Err(error) => Err(match error.class() {
            ErrorClass::Denied => http::HttpError::Denied(error.to_string()),
            ErrorClass::Invalid => http::HttpError::Invalid(error.to_string()),
            ErrorClass::Unreachable => http::HttpError::Unreachable(error.to_string()),
            ErrorClass::Timeout => http::HttpError::Timeout,
            ErrorClass::TooLarge => http::HttpError::TooLarge,
            ErrorClass::Broken => http::HttpError::Broken(error.to_string()),
        }),
    }
}
