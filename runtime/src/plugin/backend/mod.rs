//! Runs backends: WebAssembly components that secrets come from.
//!
//! A backend has no authority of its own. It sees the references that are routed to it, the
//! settings that the manifest gives it, and the answers of the origins that it was granted;
//! credentials are added behind its back by the gate ([`crate::outbound`]). What it tried
//! and may not is recorded by the gate, and fails the whole batch: a plugin can't swallow a
//! refusal.
//!
//! - `bindings` is the contract, `host` what is lent to it, `wasi` and `wasi_http` what the
//!   runtimes of languages want besides.
//! - `instance` is one running component; `fault` says how it can fail, and `masks` takes
//!   values out of its texts.
//! - [`PluginBackend`] is a backend like any other.

mod bindings;
mod fault;
mod host;
mod instance;
mod masks;
#[cfg(feature = "compile")]
mod session;
mod wasi;
mod wasi_http;
#[cfg(feature = "compile")]
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Mutex;
use wasmtime::component::Component;

#[cfg(feature = "compile")]
pub(super) use bindings::backend::Profile as WitProfile;
pub use fault::{BackendFault, BackendRefusal};
#[cfg(feature = "compile")]
pub(super) use session::{Case, Said, Session};

use self::bindings::backend as wit;
use self::host::Lent;
use self::instance::{Instance, Linked, Stop};
use self::masks::Masks;
use super::alarm::MakeAlarm;
use super::component::Capability;
use super::limits::Limits;
use super::rejection::Failure;
use super::text::clean;
use super::watchdog::Watchdog;
use crate::backend::{Answers, Backend, Document, FetchError, Fetching, Request, Version};
use crate::lease::Lease;
use crate::outbound::Gate;
use crate::resilience::Terms;
use crate::secret::SecretValue;

/// The most references of one call.
const REFERENCES: usize = 256;
/// The longest text of a plugin that is shown, in characters.
const TEXT: usize = 300;
/// What a backend is given.
pub(super) struct Provision {
    /// Under which messages speak of it.
    pub(super) name: String,
    /// The settings of the manifest, with the defaults of those that it leaves out.
    pub(super) settings: BTreeMap<String, String>,
    /// The way out.
    pub(super) gate: Gate,
    /// What its imports may be.
    pub(super) capabilities: BTreeSet<Capability>,
    /// Whether it may know the time.
    pub(super) clock: bool,
    /// What it may use up.
    pub(super) limits: Limits,
    /// Ends calls that run too long, instead of a thread.
    pub(super) alarm: Option<MakeAlarm>,
}

/// A backend in WebAssembly.
pub struct PluginBackend {
    linked: Linked,
    lent: Lent,
    limits: Limits,
    alarm: Option<MakeAlarm>,
    /// When whatever it does must be over.
    until: Option<Instant>,
    /// The gate counts the requests of one call, and notes what it may not.
    turn: Mutex<()>,
}

impl PluginBackend {
    /// A backend that is ready to be started.
    ///
    /// # Errors
    /// When the component imports something that is not among the capabilities, or does not
    /// export what a backend exports.
    pub(super) fn new(component: &Component, provision: Provision) -> Result<Self, BackendFault> {
        let linked = Linked::new(component, provision.capabilities.iter().copied());
        let linked = linked.map_err(|_| BackendFault::Failed {
            plugin: provision.name.clone(),
            failure: Failure::Start,
        })?;
        Ok(Self::with(linked, provision))
    }

    fn with(linked: Linked, provision: Provision) -> Self {
        Self {
            linked,
            lent: Lent {
                plugin: provision.name.into(),
                settings: Arc::new(provision.settings),
                gate: Arc::new(provision.gate),
                clock: provision.clock,
                log: provision.limits.log,
            },
            limits: provision.limits,
            alarm: provision.alarm,
            until: None,
            turn: Mutex::new(()),
        }
    }

    fn watchdog(&self) -> Watchdog {
        let mut watchdog = Watchdog::new(self.linked.engine().clone(), self.limits.time);
        if let Some(until) = self.until {
            watchdog.end_at(until);
        }
        if let Some(make) = self.alarm {
            watchdog.use_alarm(make);
        }
        watchdog
    }

    async fn start(&self, watchdog: &mut Watchdog) -> Result<Instance, BackendFault> {
        let started = Instance::start(&self.linked, &self.lent, self.limits, watchdog).await;
        started.map_err(|stop| self.fault(stop))
    }

    async fn read(&self, requests: &[Request]) -> Result<Answers, FetchError> {
        let mut answers = Answers::default();
        if requests.is_empty() {
            return Ok(answers);
        }
        let _turn = self.turn.lock().await;
        let mut watchdog = self.watchdog();
        let mut instance = self.start(&mut watchdog).await.map_err(FetchError::new)?;
        let mut given = Vec::with_capacity(requests.len());
        for batch in requests.chunks(REFERENCES) {
            let answers = self.ask(&mut instance, &mut watchdog, batch).await;
            let answers = answers.map_err(FetchError::new)?;
            given.extend(answers.into_iter().map(|answer| answer.map(document)));
        }
        answers.documents = self.documents(requests, given);
        Ok(answers)
    }

    /// One call, with one answer for each reference.
    async fn ask(
        &self,
        instance: &mut Instance,
        watchdog: &mut Watchdog,
        batch: &[Request],
    ) -> Result<Vec<Result<wit::Document, wit::Error>>, BackendFault> {
        let references: Vec<_> = batch.iter().map(reference).collect();
        self.lent.gate.begin_call();
        let given = instance
            .fetch(self.linked.waits(), watchdog, &references)
            .await;
        // Before anything else: what it tried counts, whatever became of it.
        if let Some(error) = self.lent.gate.violation() {
            let plugin = self.lent.plugin.to_string();
            return Err(BackendFault::Outbound { plugin, error });
        }
        let given = given.map_err(|stop| self.fault(stop))?;
        if given.len() != batch.len() {
            return Err(BackendFault::Count {
                plugin: self.lent.plugin.to_string(),
                asked: batch.len(),
                given: given.len(),
            });
        }
        Ok(given)
    }

    /// Asks what it is and needs.
    #[cfg(feature = "compile")]
    pub(super) async fn about(&self) -> Result<WitProfile, BackendFault> {
        let mut watchdog = self.watchdog();
        let mut instance = self.start(&mut watchdog).await?;
        self.lent.gate.begin_call();
        let about = instance.about(self.linked.waits(), &mut watchdog).await;
        if let Some(error) = self.lent.gate.violation() {
            let plugin = self.lent.plugin.to_string();
            return Err(BackendFault::Outbound { plugin, error });
        }
        about.map_err(|stop| self.fault(stop))
    }

    fn fault(&self, stop: Stop) -> BackendFault {
        let plugin = self.lent.plugin.to_string();
        match stop {
            Stop::Failure(failure) => BackendFault::Failed { plugin, failure },
            Stop::Flood => BackendFault::Flood {
                plugin,
                limit: self.lent.log,
            },
        }
    }

    /// Hands documents out, and texts without the values of any document of the run.
    fn documents(
        &self,
        requests: &[Request],
        given: Vec<Result<Document, wit::Error>>,
    ) -> Vec<Result<Option<Document>, FetchError>> {
        // Only errors have texts: without one there is nothing to look for.
        let mut errors = given.iter().filter_map(|answer| answer.as_ref().err());
        let has_text = errors.any(|error| !matches!(error, wit::Error::NotFound));
        let documents = given.iter().filter_map(|answer| answer.as_ref().ok());
        let documents = documents.filter(|_| has_text);
        let mut masks = Masks::of(documents.map(|document| document.bytes.expose()));
        given
            .into_iter()
            .zip(requests)
            .map(|(answer, request)| match answer {
                Ok(document) if document.bytes.expose().is_empty() => Ok(None),
                Ok(document) => Ok(Some(document)),
                Err(wit::Error::NotFound) => Ok(None),
                Err(error) => Err(FetchError::new(self.refusal(error, request, &mut masks))),
            })
            .collect()
    }

    fn refusal(&self, error: wit::Error, request: &Request, masks: &mut Masks) -> BackendRefusal {
        let backend = self.lent.plugin.to_string();
        let path = request.path.clone();
        let mut fit = |text: &str| self.fit(text, masks);
        match error {
            wit::Error::AccessDenied(text) => BackendRefusal::AccessDenied {
                backend,
                path,
                text: fit(&text),
            },
            wit::Error::Unauthenticated(text) => BackendRefusal::Unauthenticated {
                backend,
                text: fit(&text),
            },
            wit::Error::InvalidReference(text) => BackendRefusal::InvalidReference {
                backend,
                path,
                text: fit(&text),
            },
            wit::Error::Unavailable(outage) => BackendRefusal::Unavailable {
                backend,
                text: fit(&outage.text),
                retry_after_ms: outage.retry_after_ms,
            },
            wit::Error::Other(text) => BackendRefusal::Other {
                backend,
                path,
                text: fit(&text),
            },
            wit::Error::NotFound => unreachable!("what is not found is absent, and no error"),
        }
    }

    /// A plugin's text without credentials and values, and fit for a terminal.
    fn fit(&self, text: &str, masks: &mut Masks) -> String {
        // A credential is looked for first: it may stand around a value.
        let text = masks.fits(text).then(|| self.lent.gate.redact(text));
        let text = text.and_then(|text| masks.apply(&text));
        clean(text.unwrap_or_default().trim(), TEXT)
    }
}

impl Backend for PluginBackend {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        Box::pin(self.read(requests))
    }

    fn waits(&self) -> bool {
        self.linked.waits()
    }

    fn on(&mut self, terms: &Terms) {
        self.until = Some(terms.deadline.at());
    }
}

impl fmt::Debug for PluginBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginBackend")
            .field("plugin", &self.lent.plugin)
            .finish_non_exhaustive()
    }
}

fn reference(request: &Request) -> wit::Reference {
    wit::Reference {
        path: request.path.clone(),
        version: request.version.as_ref().map(|version| match version {
            Version::Named(name) => name.clone(),
            Version::Previous => unreachable!("plugins keep no version by its place in time"),
        }),
    }
}

fn document(document: wit::Document) -> Document {
    let after = |seconds: u64| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    Document {
        bytes: SecretValue::new(document.bytes),
        version: document.version.map(|version| clean(&version, TEXT)),
        created: document.created_at.and_then(after),
        lease: document.lease.map(|seconds| Lease {
            duration: Duration::from_secs(seconds),
            // The contract has no word for it.
            renewable: false,
        }),
        fields: None,
    }
}
