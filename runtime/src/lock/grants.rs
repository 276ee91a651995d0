//! What a plugin is granted, in one spelling, so that two grants can be held against each
//! other and a difference can be said in words.

use std::collections::BTreeSet;
use std::path::Path;

use crate::manifest::forms::format_size;
use crate::manifest::{
    CredentialSpec, CredentialTemplate, CredentialText, InertInterface, LimitSpec, Plugin,
};
use crate::outbound::HttpOrigin;

/// What a plugin is granted, by a manifest or by a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// Origins that it may send requests to.
    pub http: BTreeSet<HttpOrigin>,
    /// Those that may be at private addresses.
    pub private_addresses: BTreeSet<HttpOrigin>,
    /// Those that may be at link-local addresses.
    pub link_local_addresses: BTreeSet<HttpOrigin>,
    /// Whether it may ask what time it is.
    pub clock: bool,
    /// Interfaces that it may import and that do nothing.
    pub inert: BTreeSet<InertInterface>,
    /// A line for each credential: origin, place and sources.
    pub credentials: BTreeSet<String>,
    /// A line for each limit that is not the default.
    pub limits: BTreeSet<String>,
    /// The certificates that its servers are held against, as the manifest spells the path.
    pub ca_file: Option<String>,
}

impl Grants {
    /// What the manifest grants to a plugin.
    #[must_use]
    pub fn of(plugin: &Plugin) -> Self {
        let allow = &plugin.allow;
        let credentials = plugin.credentials.iter().flat_map(|(origin, specs)| {
            specs
                .iter()
                .map(move |spec| format!("{origin}: {}", credential(spec)))
        });
        Self {
            http: allow.http.clone(),
            private_addresses: allow.private_addresses.clone(),
            link_local_addresses: allow.link_local_addresses.clone(),
            clock: allow.clock,
            inert: allow.inert.clone(),
            credentials: credentials.collect(),
            limits: limits(&plugin.limits),
            ca_file: plugin.ca_file.as_deref().map(shown),
        }
    }

    /// Every grant in words that follow "is granted", in an order that does not change.
    pub(super) fn words(&self) -> Vec<String> {
        let requests = self.http.iter().map(|o| format!("requests to `{o}`"));
        let private = self.private_addresses.iter();
        let link_local = self.link_local_addresses.iter();
        let clock = self.clock.then(|| "the clock".to_owned());
        let inert = self.inert.iter().map(|interface| interface.name());
        let credentials = self.credentials.iter();
        let limits = self.limits.iter();
        let ca_file = self.ca_file.iter();
        requests
            .chain(private.map(|o| format!("private addresses for `{o}`")))
            .chain(link_local.map(|o| format!("link-local addresses for `{o}`")))
            .chain(clock)
            .chain(inert.map(|name| format!("the inert interface `{name}`")))
            .chain(credentials.map(|line| format!("the credential `{line}`")))
            .chain(limits.map(|line| format!("the limit `{line}`")))
            .chain(ca_file.map(|path| format!("the certificates of `{path}`")))
            .collect()
    }
}

/// Where a credential goes and where it comes from.
fn credential(spec: &CredentialSpec) -> String {
    match spec {
        CredentialSpec::Header { name, value } => format!("header {name} from {}", source(value)),
        CredentialSpec::Bearer(value) => format!("bearer token from {}", source(value)),
        CredentialSpec::Basic { username, password } => format!(
            "basic with user from {} and password from {}",
            source(username),
            source(password)
        ),
        CredentialSpec::Query { name, value } => format!("query {name} from {}", source(value)),
    }
}

/// The variables or the file. Literal text is left out: it could be a credential that somebody
/// wrote there by mistake, which a lock and its messages would repeat, and a digest would let
/// others guess. It chooses neither what is sent nor where to.
fn source(text: &CredentialText) -> String {
    match text {
        CredentialText::File(path) => format!("file {}", shown(path)),
        CredentialText::Template(template) => variables(template),
    }
}

fn variables(template: &CredentialTemplate) -> String {
    let names: Vec<&str> = template.variables().collect();
    if names.is_empty() {
        "the manifest".to_owned()
    } else {
        names.join(", ")
    }
}

fn limits(limits: &LimitSpec) -> BTreeSet<String> {
    let size = |what: &str, bytes: Option<usize>| {
        bytes.map(|bytes| format!("{what} {}", format_size(bytes)))
    };
    let time = limits.time.map(humantime::format_duration);
    [
        time.map(|time| format!("time {time}")),
        size("memory", limits.memory),
        size("response", limits.response),
        limits
            .requests
            .map(|requests| format!("requests {requests}")),
        size("log", limits.log),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A path of the manifest, which is text.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
