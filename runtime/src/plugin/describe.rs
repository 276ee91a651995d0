//! What a plugin can do, in plain words: for those who decide whether to take it.
//!
//! Every sentence is derived from what the host enforces: imports, and grants of the manifest.
//! Nothing here is taken from what a component says of itself, but the origins and settings
//! that it asks for, and those were cleaned when it was asked.

use std::collections::BTreeSet;

use super::about::{About, Needs};
use super::component::{Capability, ComponentFacts, World};
use crate::manifest::{CredentialSpec, Plugin};
use crate::outbound::{HttpOrigin, Scheme};

/// What a plugin that imports nothing can do.
const PURE: &str = "imports nothing: it can compute and answer, and nothing else";

/// What one import lets a component do, in a sentence without a subject.
#[must_use]
pub fn import_sentence(import: &str) -> &'static str {
    match Capability::of_import(import) {
        Capability::Settings => "reads the settings that the manifest gives it",
        Capability::Log => "writes to the debug log, a bounded amount",
        Capability::Http | Capability::WasiHttp => {
            "sends requests to origins that the manifest grants, through the host"
        }
        Capability::Clock => "asks for the time; without `allow.clock` it stands still",
        Capability::Inert => inert_sentence(import),
        Capability::Filesystem => "looks for files; there are none",
        Capability::Sockets => "opens sockets; each is refused",
        Capability::Unknown => "is nothing that this version has: the component does not load",
    }
}

fn inert_sentence(import: &str) -> &'static str {
    if import.starts_with("wasi:random/") {
        "takes random numbers, which tell it nothing"
    } else if import.starts_with("wasi:cli/environment") {
        "looks for variables and arguments; there are none"
    } else if import.starts_with("wasi:cli/exit") {
        "ends itself"
    } else if import.starts_with("wasi:cli/") {
        "reads and writes the standard streams; they are closed"
    } else {
        "handles streams and waits, within itself"
    }
}

/// What a component can do, by its imports alone: one sentence each, without a subject.
#[must_use]
pub fn can(facts: &ComponentFacts) -> Vec<&'static str> {
    if facts.imports.is_empty() {
        return vec![PURE];
    }
    let mut sentences: Vec<&str> = Vec::new();
    for import in &facts.imports {
        let sentence = import_sentence(import);
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// What a component cannot do, whatever the manifest grants it.
#[must_use]
pub fn cannot(facts: &ComponentFacts) -> Vec<&'static str> {
    let has = facts.capabilities();
    let mut sentences = vec![
        "read or write a file",
        "see an environment variable, an argument or a value of another entry",
        "start a program",
        "open a socket",
    ];
    if !has.contains(&Capability::Http) && !has.contains(&Capability::WasiHttp) {
        sentences.push("send a request");
    } else {
        sentences.push("send a request to an origin that is not granted, or see a credential");
    }
    if !has.contains(&Capability::Clock) {
        sentences.push("tell the time");
    }
    if !has.contains(&Capability::Settings) {
        sentences.push("read a setting");
    }
    if !has.contains(&Capability::Log) {
        sentences.push("write to the log");
    }
    sentences
}

/// What a plugin may do as the manifest grants it: `may send HTTPS to api.example.com with the
/// credential in header authorization; nothing else`.
#[must_use]
pub fn may(
    plugin: &Plugin,
    facts: &ComponentFacts,
    about: Option<&About>,
    needs: &Needs,
) -> String {
    if facts.world == World::Validator {
        return "may compute and answer; nothing else".to_owned();
    }
    let has = facts.capabilities();
    let mut parts = Vec::new();
    if has.contains(&Capability::Http) || has.contains(&Capability::WasiHttp) {
        let needed = needs.all();
        let used = plugin.allow.http.iter().filter(|it| needed.contains(*it));
        parts.extend(used.map(|origin| sending(plugin, origin)));
    }
    let settings = about.into_iter().flat_map(|about| &about.settings);
    let settings: Vec<&str> = settings.map(|spec| spec.name.as_str()).collect();
    if has.contains(&Capability::Settings) && !settings.is_empty() {
        parts.push(format!("may read its settings {}", settings.join(", ")));
    }
    if has.contains(&Capability::Clock) && plugin.allow.clock {
        parts.push("may ask for the time".to_owned());
    }
    if has.contains(&Capability::Log) {
        parts.push("may write to the debug log".to_owned());
    }
    if parts.is_empty() {
        parts.push("may compute and answer".to_owned());
    }
    parts.push("nothing else".to_owned());
    parts.join("; ")
}

/// Origins that are granted and that the plugin does not ask for.
#[must_use]
pub fn granted_in_vain(plugin: &Plugin, needs: &Needs) -> BTreeSet<HttpOrigin> {
    let needed = needs.all();
    plugin.allow.http.difference(&needed).cloned().collect()
}

fn sending(plugin: &Plugin, origin: &HttpOrigin) -> String {
    let scheme = match origin.scheme() {
        Scheme::Https => "HTTPS",
        Scheme::Http => "HTTP without TLS",
    };
    let mut text = format!("may send {scheme} to {}", origin.host());
    if origin.port() != origin.scheme().default_port() {
        text.push_str(&format!(":{}", origin.port()));
    }
    if plugin.allow.private_addresses.contains(origin) {
        text.push_str(" (also at private addresses)");
    }
    if plugin.allow.link_local_addresses.contains(origin) {
        text.push_str(" (also at link-local addresses)");
    }
    let places = plugin.credentials.get(origin).into_iter().flatten();
    let places: Vec<String> = places.map(CredentialSpec::place).collect();
    if !places.is_empty() {
        text.push_str(&format!(
            " with the credential in {}",
            places.join(" and in ")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(world: World, imports: &[&str]) -> ComponentFacts {
        ComponentFacts {
            world,
            imports: imports.iter().map(|import| (*import).to_owned()).collect(),
        }
    }

    #[test]
    fn what_imports_nothing_can_only_compute() {
        let facts = facts(World::Validator, &[]);
        assert_eq!(can(&facts), [PURE]);
        assert!(cannot(&facts).contains(&"send a request"));
        assert!(cannot(&facts).contains(&"tell the time"));
    }

    #[test]
    fn what_is_imported_is_not_said_to_be_impossible() {
        let facts = facts(
            World::Backend { writes: false },
            &[
                "secret-run:plugin/http@0.1.0",
                "secret-run:plugin/log@0.1.0",
                "secret-run:plugin/settings@0.1.0",
                "wasi:clocks/wall-clock@0.2.0",
                "wasi:clocks/monotonic-clock@0.2.0",
            ],
        );
        let cannot = cannot(&facts);
        for sentence in [
            "send a request",
            "tell the time",
            "read a setting",
            "write to the log",
        ] {
            assert!(!cannot.contains(&sentence), "{sentence}");
        }
        assert_eq!(can(&facts).len(), 4, "the clocks are said once");
    }

    #[test]
    fn parts_of_wasi_that_do_nothing_are_told_apart() {
        let sentences = [
            "wasi:random/random@0.2.0",
            "wasi:cli/environment@0.2.0",
            "wasi:cli/exit@0.2.0",
            "wasi:cli/stdout@0.2.0",
            "wasi:io/streams@0.2.0",
            "wasi:filesystem/types@0.2.0",
            "wasi:sockets/tcp@0.2.0",
            "wasi:keyvalue/store@0.2.0",
        ]
        .map(import_sentence);
        let different: BTreeSet<_> = sentences.iter().collect();
        assert_eq!(different.len(), sentences.len());
    }
}
