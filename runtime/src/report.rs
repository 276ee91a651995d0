//! What can be told of a plan or a run without telling a value.
//!
//! These types have no field that a value fits into, so a report can be printed, logged
//! and serialized freely.

mod backend;

use serde::Serialize;

pub use backend::BackendReport;

use crate::backend::Version;
use crate::ciphertext::shown;
use crate::lease::Lease;
use crate::manifest::{Class, Deliver, Entry, Required};
use crate::plan::{Plan, Route, RouteOrigin};
use crate::resolver::{Remembered, Resolved, rotation};
use crate::rule::{Check, ParameterValue};

/// What a run would do, or did.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The project's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The manifest's path.
    pub manifest: String,
    /// The environment.
    pub environment: String,
    /// Who chose it; absent if nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen_by: Option<String>,
    /// Who says that this is production; absent if nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production: Option<String>,
    /// Those that are asked over a network by the launcher itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<BackendReport>,
    /// One per entry, in the order of the manifest.
    pub entries: Vec<EntryReport>,
}

/// One entry of a report.
#[derive(Debug, Serialize)]
pub struct EntryReport {
    /// The variable.
    pub name: String,
    /// `secret` or `config`.
    pub class: &'static str,
    /// Where the value comes from.
    pub from: String,
    /// `always`, `never`, or the condition.
    pub required: String,
    /// The rules, with their parameters.
    pub validate: Vec<String>,
    /// `environment`, `file`, or a path.
    pub deliver: String,
    /// Whether there is a value; absent where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    /// How long the value is good, where it is given for a time; absent where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// That the value was not read just now; absent where it was, or where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheReport>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// 1 is critical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u8>,
    /// How often it should be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_every: Option<String>,
    /// The variable of the version before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// Of a value that was not read just now.
#[derive(Debug, Serialize)]
pub struct CacheReport {
    /// `cached`, or `stale` where its backend could not be asked for another.
    pub outcome: &'static str,
    /// How long ago it was read, in whole seconds.
    pub age_seconds: u64,
    /// The kind of the error that kept its backend from giving another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
}

impl CacheReport {
    fn of(remembered: Remembered) -> Self {
        Self {
            outcome: match remembered.is_stale() {
                true => "stale",
                false => "cached",
            },
            age_seconds: remembered.age.as_secs(),
            error: remembered.instead_of,
        }
    }
}

impl Report {
    /// What a plan would do.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let manifest = plan.manifest();
        Self {
            project: manifest.project.clone(),
            manifest: manifest.source().path().display().to_string(),
            environment: plan.selection.environment.clone(),
            chosen_by: plan.selection.chosen_by.clone(),
            production: plan.selection.production.clone(),
            backends: BackendReport::all_of(plan),
            entries: plan.routes.iter().map(|route| entry(plan, route)).collect(),
        }
    }

    /// What a run did.
    #[must_use]
    pub fn of_run(resolved: &Resolved) -> Self {
        let mut report = Self::of_plan(resolved.plan());
        for entry in &mut report.entries {
            let resolved = resolved.entry(&entry.name);
            entry.present = Some(resolved.is_some());
            entry.lease = resolved.and_then(|resolved| resolved.lease);
            entry.cache = resolved.and_then(|resolved| resolved.remembered.map(CacheReport::of));
        }
        report
    }
}

fn entry(plan: &Plan, route: &Route) -> EntryReport {
    let entry = plan.entry(route);
    EntryReport {
        name: entry.name.clone(),
        class: match entry.class {
            Class::Secret => "secret",
            Class::Config => "config",
        },
        from: from(plan, route),
        required: required(entry, route),
        validate: entry
            .checks
            .iter()
            .map(|check| rule(check.get_ref()))
            .collect(),
        deliver: match &entry.deliver {
            Deliver::Environment => "environment".into(),
            Deliver::Memory => "file".into(),
            Deliver::File { path, .. } => path.display().to_string(),
        },
        present: None,
        lease: None,
        cache: None,
        description: entry.about.description.clone(),
        owner: entry.about.owner.clone(),
        tier: entry.about.tier,
        rotate_every: entry.about.rotate_every.map(rotation::words),
        previous: entry
            .previous
            .as_ref()
            .map(|previous| previous.name.get_ref().clone()),
    }
}

fn from(plan: &Plan, route: &Route) -> String {
    let origin = match &route.origin {
        RouteOrigin::Document { document, field } => {
            let backend = &plan.backends[document.backend];
            let request = &backend.requests[document.request];
            let version = request
                .version
                .as_ref()
                .and_then(Version::name)
                .map(|version| format!("?version={version}"))
                .unwrap_or_default();
            let field = field
                .as_ref()
                .map(|field| format!("#{}", field.as_str()))
                .unwrap_or_default();
            let path = shown(&request.path);
            format!("{}:{path}{version}{field}", backend.name)
        }
        RouteOrigin::Process => "process environment".into(),
        RouteOrigin::Composed(template) => {
            let names = template.names();
            format!("composed of {}", names.join(", "))
        }
    };
    if route.default.is_some() {
        format!("{origin}, or its default")
    } else {
        origin
    }
}

fn required(entry: &Entry, route: &Route) -> String {
    match &route.required {
        _ if entry.default.is_some() || route.default.is_some() => "never".into(),
        Required::Always => "always".into(),
        Required::Never => "never".into(),
        Required::When(conditions) => {
            let conditions: Vec<_> = conditions
                .iter()
                .map(|condition| {
                    format!(
                        "{}={}",
                        condition.name.get_ref(),
                        condition.values.join("|")
                    )
                })
                .collect();
            format!("when {}", conditions.join(" and "))
        }
    }
}

/// A rule as it stands in a table: `base64 min-bytes=32`.
fn rule(check: &Check) -> String {
    let parameters = check.parameters.iter().map(|(name, value)| {
        let value = match value {
            ParameterValue::Text(text) => format!("{text:?}"),
            ParameterValue::Integer(number) => number.to_string(),
            ParameterValue::Number(number) => number.to_string(),
            ParameterValue::Boolean(boolean) => boolean.to_string(),
            ParameterValue::TextList(texts) => format!("{texts:?}"),
        };
        format!(" {name}={value}")
    });
    std::iter::once(check.full_name())
        .chain(parameters)
        .collect()
}
