//! Where each value will come from.
//!
//! Planning is pure: it looks at the manifest and at what was asked for, and reads
//! nothing else. A [`Plan`] names one route per entry, and for each backend the documents
//! that will be asked of it, each once however many fields are used.

mod backend;
mod error;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

pub use backend::PlannedBackend;
pub use error::PlanError;

use crate::backend::{Request, Version};
use crate::cache::Variable;
#[cfg(any(feature = "aws", feature = "vault"))]
use crate::error::Explain;
use crate::error::{Problem, Problems};
use crate::extract::Field;
use crate::manifest::BackendSettings;
use crate::manifest::{
    Class, Entry, Inherit, Manifest, NameCase, Origin, Override, Required, VaultNames,
};
use crate::order::order;
use crate::selection::{Selection, Wanted};
use crate::template::Template;

/// Where a document stands among those of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentId {
    /// Position in [`Plan::backends`].
    pub backend: usize,
    /// Position among that backend's requests.
    pub request: usize,
}

/// How one entry gets its value.
#[derive(Debug)]
pub struct Route {
    /// Position in the manifest's entries.
    pub entry: usize,
    /// Where the value comes from.
    pub origin: RouteOrigin,
    /// What it is when it comes from nowhere.
    pub default: Option<String>,
    /// Whether the command may start without it, here.
    pub required: Required,
    /// The version before, if the app wants it.
    pub previous: Option<DocumentId>,
    /// What in the manifest decided this route.
    pub span: Range<usize>,
}

/// Where a value comes from.
#[derive(Debug)]
pub enum RouteOrigin {
    /// A document of a backend, or a field of one.
    Document {
        /// Which document.
        document: DocumentId,
        /// Which part of it; all of it if `None`.
        field: Option<Field>,
    },
    /// The launcher's own environment: configuration only.
    Process,
    /// Other values.
    Composed(Template),
}

/// One route per entry, and what is asked of each backend.
#[derive(Debug)]
#[must_use = "a plan does nothing until it is authorized"]
pub struct Plan {
    pub(crate) manifest: Arc<Manifest>,
    /// The environment of this run.
    pub selection: Selection,
    /// Only those that some route needs.
    pub backends: Vec<PlannedBackend>,
    /// One per entry of the manifest, in its order.
    pub routes: Vec<Route>,
    /// Positions in `routes`, each after those that it is composed of.
    pub(crate) order: Vec<usize>,
    /// What the launcher's own variable says of the cache.
    pub(crate) ttl: Variable,
}

impl Plan {
    /// Plans a run.
    ///
    /// # Errors
    /// An environment or backend that was asked for and does not exist, composition in a
    /// circle that only overrides make, a variable that cannot be understood.
    pub fn new(manifest: Arc<Manifest>, wanted: &Wanted) -> Result<Self, Problems> {
        let selection = Selection::decide(&manifest, wanted)
            .map_err(|error| Problems::from(Problem::error(&error, None)))?;
        let mut planner = Planner {
            default: None,
            backends: Vec::new(),
            requests: HashMap::new(),
            problems: Vec::new(),
            manifest: &manifest,
            selection: &selection,
            wanted,
        };
        if wanted.backend().is_some() {
            // A backend that was asked for must exist, even if every entry names its own.
            planner.default_backend();
        }
        // Here, so that it is refused whether this run would look at a cache or not.
        let ttl = Variable::of(wanted).unwrap_or_else(|error| {
            planner.problems.push(Problem::error(&error, None));
            Variable::Unset
        });
        let routes: Vec<Route> = (0..manifest.entries.len())
            .filter_map(|index| planner.route(index))
            .collect();
        let (backends, problems) = (planner.backends, planner.problems);
        let (order, _) = Problems::unless(composition_order(&manifest, &routes), problems)?;
        Ok(Self {
            manifest,
            selection,
            backends,
            routes,
            order,
            ttl,
        })
    }

    /// Its backends, by which no value comes about: enough to [tend](crate::resolver::tend())
    /// what a resolution of this plan is given for a time. `None` if none of them lends anything.
    #[must_use]
    pub fn of_lenders(&self) -> Option<Self> {
        let lends = |backend: &PlannedBackend| backend.settings.lends();
        self.backends.iter().any(lends).then(|| Self {
            manifest: Arc::clone(&self.manifest),
            selection: self.selection.clone(),
            // A grant names its backend by the place among all of them.
            backends: self.backends.clone(),
            routes: Vec::new(),
            order: Vec::new(),
            ttl: self.ttl,
        })
    }

    /// What is asked of which backend, and for which entry.
    #[cfg(any(feature = "aws", feature = "vault"))]
    pub(crate) fn asked(&self) -> impl Iterator<Item = (&Route, usize, &Request)> {
        self.routes.iter().filter_map(|route| match &route.origin {
            RouteOrigin::Document { document, .. } => {
                let planned = &self.backends[document.backend];
                Some((route, document.backend, &planned.requests[document.request]))
            }
            RouteOrigin::Process | RouteOrigin::Composed(_) => None,
        })
    }

    /// What is wrong with what an entry asks for, where it stands.
    #[cfg(any(feature = "aws", feature = "vault"))]
    pub(crate) fn problem(&self, route: &Route, error: &impl Explain) -> Problem {
        let place = self.manifest.source().place(&route.span);
        Problem::error(error, Some(place)).of(&self.entry(route).name)
    }

    /// The manifest that is planned.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where the route of the entry of that name stands.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let position = self.manifest.position(name)?;
        (position < self.routes.len()).then_some(position)
    }

    /// The entry that a route is for.
    #[must_use]
    pub fn entry(&self, route: &Route) -> &Entry {
        &self.manifest.entries[route.entry]
    }

    /// Whether a backend for AWS of this plan keeps the variables of AWS from the child.
    #[must_use]
    pub fn scrubs_aws(&self) -> bool {
        self.backends
            .iter()
            .any(|backend| matches!(&backend.settings, BackendSettings::Aws(aws) if aws.scrub))
    }

    /// What the child gets of the launcher's environment.
    #[must_use]
    pub fn inherit(&self) -> &Inherit {
        self.manifest
            .environments
            .get(&self.selection.environment)
            .and_then(|environment| environment.inherit.as_ref())
            .unwrap_or(&self.manifest.inherit)
    }
}

/// The manifest was checked for circles in every environment, so there is an order.
fn composition_order(manifest: &Manifest, routes: &[Route]) -> Vec<usize> {
    let nodes: Vec<(&str, Vec<&str>)> = routes
        .iter()
        .map(|route| {
            let parts = match &route.origin {
                RouteOrigin::Composed(template) => template.names(),
                _ => Vec::new(),
            };
            (manifest.entries[route.entry].name.as_str(), parts)
        })
        .collect();
    order(&nodes).unwrap_or_else(|_| (0..routes.len()).collect())
}

struct Planner<'a> {
    manifest: &'a Manifest,
    selection: &'a Selection,
    wanted: &'a Wanted,
    /// The environment's backend, once an entry needed it; `Some(None)` when there was a
    /// problem with it, which is reported once.
    default: Option<Option<usize>>,
    backends: Vec<PlannedBackend>,
    /// What is asked of which backend, and where it stands among its requests.
    requests: HashMap<(usize, Request), usize>,
    problems: Vec<Problem>,
}

impl Planner<'_> {
    fn route(&mut self, index: usize) -> Option<Route> {
        let manifest = self.manifest;
        let entry = &manifest.entries[index];
        let changed: Option<&Override> = manifest
            .environments
            .get(&self.selection.environment)
            .and_then(|environment| environment.overrides.get(&entry.name));
        let origin = changed.and_then(|changed| changed.origin.as_ref());
        let default = changed.and_then(|changed| changed.default.as_ref());
        let required = changed.and_then(|changed| changed.required.as_ref());
        let (span, origin) = self.origin(entry, origin.unwrap_or(&entry.origin))?;
        let previous = match (&entry.previous, &origin) {
            (Some(previous), RouteOrigin::Document { document, .. }) => {
                let name = previous.name.get_ref();
                self.previous(*document, name)
            }
            _ => None,
        };
        Some(Route {
            entry: index,
            origin,
            default: default
                .or(entry.default.as_ref())
                .map(|text| text.get_ref().clone()),
            required: required.unwrap_or(&entry.required).clone(),
            previous,
            span,
        })
    }

    fn origin(&mut self, entry: &Entry, origin: &Origin) -> Option<(Range<usize>, RouteOrigin)> {
        let (span, document, field) = match origin {
            Origin::Compose(template) => {
                let composed = RouteOrigin::Composed(template.get_ref().clone());
                return Some((template.span(), composed));
            }
            Origin::OwnName => {
                // Configuration is no secret: it comes from where the platform puts it.
                let process = Some((entry.span.clone(), RouteOrigin::Process));
                let config = entry.class == Class::Config;
                if config && self.selection.production.is_some() {
                    return process;
                }
                let backend = self.default_backend()?;
                let is_env = matches!(self.backends[backend].settings, BackendSettings::Env { .. });
                if config && !is_env {
                    return process;
                }
                let field = self.own_field(backend, &entry.name);
                (
                    entry.span.clone(),
                    self.own_name(backend, &entry.name),
                    field,
                )
            }
            Origin::Key(reference) => {
                let backend = self.default_backend()?;
                let target = reference.get_ref();
                let document = self.document(backend, target.path(), target.version());
                (reference.span(), document, target.field().cloned())
            }
            Origin::From(reference) => {
                let target = reference.get_ref();
                let name = target.backend().unwrap_or_default();
                let backend = self.named_backend(name)?;
                let document = self.document(backend, target.path(), target.version());
                (reference.span(), document, target.field().cloned())
            }
        };
        Some((span, RouteOrigin::Document { document, field }))
    }

    fn document(&mut self, backend: usize, path: &str, version: Option<&str>) -> DocumentId {
        let prefix = match &self.backends[backend].settings {
            BackendSettings::Plugin { prefix, .. } => prefix.as_str(),
            BackendSettings::Aws(aws) if !path.starts_with("arn:") => {
                aws.prefix.as_deref().unwrap_or(self.wanted.aws_prefix())
            }
            _ => "",
        };
        let request = Request {
            path: format!("{prefix}{path}"),
            version: version.map(|name| Version::Named(name.to_owned())),
        };
        self.request(backend, request)
    }

    /// The version before `document`: where the backend knows versions, of the same name, and
    /// none where the entry asks for one itself; else under a name of its own.
    fn previous(&mut self, document: DocumentId, name: &str) -> Option<DocumentId> {
        let backend = &self.backends[document.backend];
        if !backend.settings.keeps_previous() {
            return Some(self.own_name(document.backend, name));
        }
        let current = &backend.requests[document.request];
        let before = Request {
            path: current.path.clone(),
            version: Some(Version::Previous),
        };
        let is_current = current.version.is_none();
        is_current.then(|| self.request(document.backend, before))
    }

    fn request(&mut self, backend: usize, request: Request) -> DocumentId {
        let requests = &mut self.backends[backend].requests;
        let known = self.requests.entry((backend, request));
        let request = *known.or_insert_with_key(|(_, request)| {
            requests.push(request.clone());
            requests.len() - 1
        });
        DocumentId { backend, request }
    }

    fn own_name(&mut self, backend: usize, name: &str) -> DocumentId {
        match &self.backends[backend].settings {
            BackendSettings::File {
                names: NameCase::LowerCase,
                ..
            } => self.document(backend, &name.to_ascii_lowercase(), None),
            // What is at the backend's own path.
            BackendSettings::Vault(vault) if vault.names == VaultNames::Fields => {
                self.document(backend, "", None)
            }
            _ => self.document(backend, name, None),
        }
    }

    /// The field of [`Self::own_name`] that an entry's own name stands for.
    fn own_field(&self, backend: usize, name: &str) -> Option<Field> {
        let is_field = matches!(
            &self.backends[backend].settings,
            BackendSettings::Vault(vault) if vault.names == VaultNames::Fields
        );
        // A variable's name is letters, digits and `_`, so it is a field.
        is_field.then(|| Field::parse(name).ok()).flatten()
    }

    fn default_backend(&mut self) -> Option<usize> {
        if let Some(known) = self.default {
            return known;
        }
        let chosen = PlannedBackend::default_of(self.manifest, self.selection, self.wanted);
        let found = match chosen {
            Ok(backend) => Some(self.position(backend)),
            Err(error) => {
                self.problems.push(Problem::error(&error, None));
                None
            }
        };
        self.default = Some(found);
        found
    }

    fn named_backend(&mut self, name: &str) -> Option<usize> {
        // The manifest was checked: a backend that a reference names is declared.
        let backend = PlannedBackend::declared(self.manifest, name, None)?;
        Some(self.position(backend))
    }

    fn position(&mut self, backend: PlannedBackend) -> usize {
        let known = self
            .backends
            .iter()
            .position(|known| known.name == backend.name);
        match known {
            Some(index) => {
                let chosen_by = &mut self.backends[index].chosen_by;
                *chosen_by = chosen_by.take().or(backend.chosen_by);
                index
            }
            None => {
                self.backends.push(backend);
                self.backends.len() - 1
            }
        }
    }
}

#[cfg(test)]
mod tests;
