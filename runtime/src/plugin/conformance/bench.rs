//! Starts the backend that is checked, each time with what a check wants to lend it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wasmtime::component::Component;

use super::heard::Heard;
use super::subject::{Subject, SubjectError};
use crate::backend::Request;
use crate::outbound::{Gate, GrantedOrigin, HttpOrigin, OutboundLimits};
use crate::plugin::about::About;
use crate::plugin::backend::{BackendFault, PluginBackend, Provision, Said, Session};
use crate::plugin::component::{Capability, ComponentFacts};

/// What all checks of one backend share.
pub(super) struct Bench<'a> {
    pub(super) subject: &'a Subject,
    component: Component,
    capabilities: BTreeSet<Capability>,
    /// The settings with the defaults of those that were not given.
    settings: BTreeMap<String, String>,
    /// What it may reach: what it needs and was granted.
    pub(super) origins: Vec<GrantedOrigin>,
    /// What it has answered so far.
    pub(super) heard: Heard,
}

impl<'a> Bench<'a> {
    pub(super) fn new(subject: &'a Subject, component: Component, facts: &ComponentFacts) -> Self {
        Self {
            subject,
            component,
            capabilities: facts.capabilities(),
            settings: BTreeMap::new(),
            origins: Vec::new(),
            heard: Heard::default(),
        }
    }

    /// Holds what it needs against what was given.
    pub(super) fn furnish(&mut self, about: &About) -> Result<(), SubjectError> {
        let settings = about.settings(&self.subject.settings);
        self.settings =
            settings.map_err(|mut problems| SubjectError::Settings(problems.remove(0)))?;
        let needs = about
            .needs(&self.settings)
            .map_err(SubjectError::Settings)?;
        let granted = |origin: &HttpOrigin| {
            let mut granted = self.subject.origins.iter();
            granted.any(|grant| grant.origin == *origin)
        };
        if let Some(origin) = needs.required.iter().find(|origin| !granted(origin)) {
            return Err(SubjectError::Origin {
                origin: origin.to_string(),
            });
        }
        let needed = needs.all();
        let origins = self.subject.origins.iter();
        let origins = origins.filter(|grant| needed.contains(&grant.origin));
        self.origins = origins.cloned().collect();
        self.heard.expect(self.settings.values());
        self.heard
            .expect(self.origins.iter().map(|grant| grant.origin.to_string()));
        Ok(())
    }

    /// The backend as a run has it.
    pub(super) fn backend(&self) -> Result<PluginBackend, Unmade> {
        let outbound = self.subject.outbound.clone();
        self.reaching(self.settings.clone(), self.origins.clone(), outbound)
    }

    /// The backend where no request is answered in time.
    pub(super) fn backend_in_silence(&self) -> Result<PluginBackend, Unmade> {
        let outbound = OutboundLimits {
            time: Duration::ZERO,
            ..self.subject.outbound.clone()
        };
        self.reaching(self.settings.clone(), self.origins.clone(), outbound)
    }

    /// The backend with other settings, which lead it elsewhere.
    pub(super) fn backend_at(
        &self,
        settings: BTreeMap<String, String>,
        origins: Vec<GrantedOrigin>,
    ) -> Result<PluginBackend, Unmade> {
        self.reaching(settings, origins, self.subject.outbound.clone())
    }

    /// The backend that traps when it calls what this host lends.
    pub(super) fn backend_without_imports(&self) -> Result<PluginBackend, Unmade> {
        let outbound = self.subject.outbound.clone();
        let provision = self.provision(BTreeMap::new(), Vec::new(), outbound)?;
        Ok(PluginBackend::without_imports(&self.component, provision)?)
    }

    /// The settings that it is given.
    pub(super) const fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// Asks for a batch, and keeps what is heard.
    pub(super) async fn ask(
        &mut self,
        backend: &PluginBackend,
        session: &mut Session<'_>,
        batch: &[Request],
    ) -> Result<Vec<Said>, BackendFault> {
        let said = session.fetch(batch).await;
        self.heard
            .expect(batch.iter().map(|request| request.path.as_str()));
        let versions = batch
            .iter()
            .filter_map(|request| request.version.as_ref()?.name());
        self.heard.expect(versions);
        match said {
            Ok(said) => {
                for answer in &said {
                    self.heard.listen(answer, backend);
                }
                Ok(said)
            }
            Err(fault) => {
                self.heard.fault(&fault);
                Err(fault)
            }
        }
    }

    /// Starts an instance, asks for one batch, and ends it.
    pub(super) async fn ask_fresh(
        &mut self,
        backend: &PluginBackend,
        batch: &[Request],
    ) -> Result<Vec<Said>, BackendFault> {
        match backend.session().await {
            Ok(mut session) => self.ask(backend, &mut session, batch).await,
            Err(fault) => {
                self.heard.fault(&fault);
                Err(fault)
            }
        }
    }

    fn reaching(
        &self,
        settings: BTreeMap<String, String>,
        origins: Vec<GrantedOrigin>,
        outbound: OutboundLimits,
    ) -> Result<PluginBackend, Unmade> {
        let provision = self.provision(settings, origins, outbound)?;
        Ok(PluginBackend::new(&self.component, provision)?)
    }

    fn provision(
        &self,
        settings: BTreeMap<String, String>,
        origins: Vec<GrantedOrigin>,
        outbound: OutboundLimits,
    ) -> Result<Provision, Unmade> {
        let subject = self.subject;
        let certificates = subject.certificates.clone();
        let gate = Gate::new(subject.name.clone(), origins, certificates, outbound);
        Ok(Provision {
            name: subject.name.clone(),
            settings,
            gate: gate.map_err(|error| Unmade::Subject(error.into()))?,
            capabilities: self.capabilities.clone(),
            clock: subject.clock,
            limits: subject.limits,
            alarm: None,
        })
    }
}

/// Why there is no backend: what was given does not do, or the component does not.
pub(super) enum Unmade {
    Subject(SubjectError),
    Fault(BackendFault),
}

impl From<BackendFault> for Unmade {
    fn from(fault: BackendFault) -> Self {
        Self::Fault(fault)
    }
}
