//! A running backend that is asked again and again, for the conformance checks.
//!
//! A run of a command starts an instance for its one fetch. Here the instance stays, and its
//! answers come as they are: error texts with all that a plugin put into them. They must not
//! be shown, only looked at.

use wasmtime::component::Component;
use zeroize::Zeroizing;

use super::bindings::backend::{Error, Profile};
use super::instance::{Instance, Linked, Stop};
use super::{BackendFault, PluginBackend, Provision, document};
use crate::backend::{Document, Request};
use crate::plugin::rejection::Failure;
use crate::plugin::watchdog::Watchdog;

/// One running instance. After a fault it is in no known state: drop it.
pub(in crate::plugin) struct Session<'a> {
    backend: &'a PluginBackend,
    watchdog: Watchdog,
    instance: Instance,
}

/// What a backend answered for one reference.
pub(in crate::plugin) enum Said {
    /// A document.
    Document(Document),
    /// An error, and its text as the plugin wrote it.
    Error(Case, Zeroizing<String>),
}

/// The errors of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plugin) enum Case {
    NotFound,
    AccessDenied,
    Unauthenticated,
    InvalidReference,
    Unavailable,
    Other,
}

impl Case {
    /// Its name in the contract.
    pub(in crate::plugin) const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::AccessDenied => "access-denied",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidReference => "invalid-reference",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }
}

impl Said {
    /// Takes an error's text out.
    pub(in crate::plugin) fn of_error(error: Error) -> Self {
        let (case, text) = match error {
            Error::NotFound => (Case::NotFound, String::new()),
            Error::AccessDenied(text) => (Case::AccessDenied, text),
            Error::Unauthenticated(text) => (Case::Unauthenticated, text),
            Error::InvalidReference(text) => (Case::InvalidReference, text),
            Error::Unavailable(outage) => (Case::Unavailable, outage.text),
            Error::Other(text) => (Case::Other, text),
        };
        Self::Error(case, Zeroizing::new(text))
    }
}

impl PluginBackend {
    /// A backend that may be asked for nothing but `about`: what this host lends traps.
    pub(in crate::plugin) fn without_imports(
        component: &Component,
        provision: Provision,
    ) -> Result<Self, BackendFault> {
        let linked = Linked::without_imports(component, provision.capabilities.clone());
        let linked = linked.map_err(|_| BackendFault::Failed {
            plugin: provision.name.clone(),
            failure: Failure::Start,
        })?;
        Ok(Self::with(linked, provision))
    }

    /// Starts an instance.
    pub(in crate::plugin) async fn session(&self) -> Result<Session<'_>, BackendFault> {
        let mut watchdog = self.watchdog();
        let instance = self.start(&mut watchdog).await?;
        Ok(Session {
            backend: self,
            watchdog,
            instance,
        })
    }

    /// Whether `text` shows a credential that the host adds.
    pub(in crate::plugin) fn shows_credential(&self, text: &str) -> bool {
        self.lent.gate.redact(text) != text
    }
}

impl Session<'_> {
    /// Asks what it is.
    pub(in crate::plugin) async fn about(&mut self) -> Result<Profile, BackendFault> {
        self.backend.lent.gate.begin_call();
        let waits = self.backend.linked.waits();
        let about = self.instance.about(waits, &mut self.watchdog).await;
        self.settled(about)
    }

    /// Asks for a batch, which may be empty.
    pub(in crate::plugin) async fn fetch(
        &mut self,
        batch: &[Request],
    ) -> Result<Vec<Said>, BackendFault> {
        let given = self
            .backend
            .ask(&mut self.instance, &mut self.watchdog, batch)
            .await?;
        let said = given.into_iter().map(|answer| match answer {
            Ok(given) => Said::Document(document(given)),
            Err(error) => Said::of_error(error),
        });
        Ok(said.collect())
    }

    /// Writes a document; answers its version.
    pub(in crate::plugin) async fn put(
        &mut self,
        path: &str,
        value: &[u8],
    ) -> Result<Result<Option<String>, Said>, BackendFault> {
        self.backend.lent.gate.begin_call();
        let waits = self.backend.linked.waits();
        let put = match self.instance.writer() {
            Some(writer) => writer.put(waits, &mut self.watchdog, path, value).await,
            None => Err(Stop::Failure(Failure::Answer)),
        };
        Ok(self.settled(put)?.map_err(Said::of_error))
    }

    /// The paths that begin with `prefix`.
    pub(in crate::plugin) async fn list(
        &mut self,
        prefix: &str,
    ) -> Result<Result<Vec<String>, Said>, BackendFault> {
        self.backend.lent.gate.begin_call();
        let waits = self.backend.linked.waits();
        let listed = match self.instance.writer() {
            Some(writer) => writer.list(waits, &mut self.watchdog, prefix).await,
            None => Err(Stop::Failure(Failure::Answer)),
        };
        Ok(self.settled(listed)?.map_err(Said::of_error))
    }

    /// The version of the document at `path`, as `describe` tells it.
    pub(in crate::plugin) async fn describe(
        &mut self,
        path: &str,
    ) -> Result<Result<Option<String>, Said>, BackendFault> {
        self.backend.lent.gate.begin_call();
        let waits = self.backend.linked.waits();
        let described = match self.instance.writer() {
            Some(writer) => writer.describe(waits, &mut self.watchdog, path).await,
            None => Err(Stop::Failure(Failure::Answer)),
        };
        let described = self.settled(described)?;
        Ok(described
            .map(|description| description.version)
            .map_err(Said::of_error))
    }

    /// What it tried over the network counts first.
    fn settled<Answer>(&self, called: Result<Answer, Stop>) -> Result<Answer, BackendFault> {
        if let Some(error) = self.backend.lent.gate.violation() {
            let plugin = self.backend.lent.plugin.to_string();
            return Err(BackendFault::Outbound { plugin, error });
        }
        called.map_err(|stop| self.backend.fault(stop))
    }
}
