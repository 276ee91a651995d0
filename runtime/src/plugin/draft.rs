//! The lines of a manifest that declare a plugin, for somebody to look over and fill in.
//!
//! What it asks for is written as a grant, so that granting it is a decision somebody sees in
//! a review. Nothing optional is granted, and no credential is written.

use super::about::{About, SettingSpec};
use super::admission::toml_list;
use super::component::{Capability, ComponentFacts, World};
use crate::manifest::InertInterface;
use crate::outbound::HttpOrigin;

/// Lines for a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The lines, each with its end.
    pub text: String,
    /// The settings that somebody must fill in before the plugin can be used.
    pub to_fill: Vec<String>,
}

impl Draft {
    /// The lines that every plugin has. A name that is none does not get past the parser.
    #[must_use]
    pub fn least(name: &str, component: &str) -> String {
        let component = quoted(component);
        format!("[plugins.{}]\ncomponent = {component}\n", key(name))
    }

    /// Declares a component.
    #[must_use]
    pub fn of(name: &str, component: &str, facts: &ComponentFacts, about: Option<&About>) -> Self {
        let mut text = Self::least(name, component);
        let settings = about.into_iter().flat_map(|about| &about.settings);
        let required: Vec<_> = settings.filter(|it| is_to_fill(it)).collect();
        for spec in &required {
            text.push_str(&format!(
                "settings.{} = \"...\"  # {}\n",
                spec.name, spec.summary
            ));
        }
        let has = facts.capabilities();
        if has.contains(&Capability::Http) || has.contains(&Capability::WasiHttp) {
            text.push_str(&origins(name, about));
        }
        let inert = InertInterface::ALL.into_iter().filter(|it| match it {
            InertInterface::Filesystem => has.contains(&Capability::Filesystem),
            InertInterface::Sockets => has.contains(&Capability::Sockets),
        });
        let inert: Vec<_> = inert.map(InertInterface::name).collect();
        if !inert.is_empty() {
            text.push_str(&format!("allow.inert = {}\n", toml_list(inert)));
        }
        text.push_str(&usage(name, facts.world));
        Self {
            text,
            to_fill: required.iter().map(|spec| spec.name.clone()).collect(),
        }
    }
}

fn is_to_fill(spec: &SettingSpec) -> bool {
    spec.required && spec.default.is_none()
}

fn origins(name: &str, about: Option<&About>) -> String {
    let mut granted = Vec::new();
    let mut comments = String::new();
    for spec in about.into_iter().flat_map(|about| &about.origins) {
        let origin = match spec.origin.strip_prefix('{') {
            None => HttpOrigin::parse(&spec.origin).ok(),
            Some(key) => default_origin(about, key.trim_end_matches('}')),
        };
        match origin {
            Some(origin) if spec.required => granted.push(origin),
            Some(origin) => {
                comments.push_str(&format!("# may use {origin}, too: {}\n", spec.purpose));
            }
            None => comments.push_str(&format!(
                "# allow.http needs the origin of the URL in settings.{}: {}\n",
                spec.origin.trim_matches(['{', '}']),
                spec.purpose
            )),
        }
    }
    granted.sort();
    granted.dedup();
    let mut text = format!("{comments}allow.http = {}\n", toml_list(&granted));
    // By itself, to be allowed to ask this machine means nothing: its addresses are private.
    let here: Vec<_> = granted.iter().filter(|it| it.is_loopback()).collect();
    if !here.is_empty() {
        text.push_str(&format!("allow.private-addresses = {}\n", toml_list(here)));
    }
    if let Some(origin) = granted.first() {
        let variable = format!("{}_TOKEN", name.to_ascii_uppercase().replace('-', "_"));
        text.push_str(&format!(
            "# what the host adds to requests, if the server wants a credential; one of\n\
             # credentials.\"{origin}\" = {{ bearer = \"{{{variable}}}\" }}\n\
             # credentials.\"{origin}\" = {{ header = \"NAME\", value = \"{{{variable}}}\" }}\n"
        ));
    }
    text
}

fn default_origin(about: Option<&About>, key: &str) -> Option<HttpOrigin> {
    let spec = about?.settings.iter().find(|spec| spec.name == key)?;
    HttpOrigin::of_url(spec.default.as_deref()?).ok()
}

fn usage(name: &str, world: World) -> String {
    match world {
        World::Validator => {
            format!("# to judge a value with it: validate = \"{name}/RULE\"\n")
        }
        World::Backend { .. } => format!(
            "# to read from it: [backends.{name}] with kind = \"plugin\" and plugin = \"{name}\"\n"
        ),
    }
}

fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            _ if character.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::path::Path;

    use super::*;
    use crate::manifest::Manifest;
    use crate::plugin::{OriginSpec, standard_catalog};

    fn backend(imports: &[&str]) -> ComponentFacts {
        ComponentFacts {
            world: World::Backend { writes: false },
            imports: imports.iter().map(|import| (*import).to_owned()).collect(),
        }
    }

    fn parsed(draft: &Draft) -> Manifest {
        let text = format!("version = 1\n{}", draft.text);
        Manifest::parse(Path::new("secrets.toml"), &text, standard_catalog()).unwrap()
    }

    #[test]
    fn a_draft_is_a_manifest_that_grants_what_is_required_and_no_more() {
        let setting = |name: &str, default: Option<&str>| SettingSpec {
            name: name.to_owned(),
            summary: "what it is".to_owned(),
            required: true,
            default: default.map(str::to_owned),
        };
        let origin = |origin: &str, required| OriginSpec {
            origin: origin.to_owned(),
            purpose: "reads".to_owned(),
            required,
        };
        let about = About {
            summary: "of a test".to_owned(),
            settings: vec![
                setting("address", Some("https://kv.example.com/v1")),
                setting("project", None),
            ],
            origins: vec![
                origin("https://api.example.com", true),
                origin("https://extra.example.com", false),
                origin("{address}", true),
                origin("{project}", true),
            ],
        };
        let imports = [
            "secret-run:plugin/http@0.1.0",
            "wasi:sockets/tcp@0.2.0",
            "wasi:filesystem/types@0.2.0",
        ];
        let draft = Draft::of("a-b", "p/a b.wasm", &backend(&imports), Some(&about));
        assert_eq!(draft.to_fill, ["project"]);
        let manifest = parsed(&draft);
        let plugin = &manifest.plugins["a-b"];
        let granted: Vec<_> = plugin.allow.http.iter().map(ToString::to_string).collect();
        assert_eq!(
            granted,
            ["https://api.example.com", "https://kv.example.com"]
        );
        assert_eq!(plugin.allow.inert.len(), 2);
        assert_eq!(plugin.settings.len(), 1);
        assert!(plugin.credentials.is_empty());
        assert!(draft.text.contains("{A_B_TOKEN}"));
        assert!(draft.text.contains("settings.project"));
    }

    #[test]
    fn an_origin_on_this_machine_is_granted_with_its_addresses() {
        let origin = |origin: &str| OriginSpec {
            origin: origin.to_owned(),
            purpose: "reads".to_owned(),
            required: true,
        };
        let here = [
            "http://127.0.0.1:2379",
            "http://[::1]:1",
            "http://localhost",
        ];
        let elsewhere = ["http://10.0.0.1", "https://localhost.example.com"];
        let about = About {
            summary: "of a test".to_owned(),
            settings: Vec::new(),
            origins: here.iter().chain(&elsewhere).map(|it| origin(it)).collect(),
        };
        let facts = backend(&["secret-run:plugin/http@0.1.0"]);
        let draft = Draft::of("etcd", "etcd.wasm", &facts, Some(&about));
        let allow = &parsed(&draft).plugins["etcd"].allow;
        assert_eq!(allow.http.len(), 5);
        let private = allow.private_addresses.iter().map(ToString::to_string);
        assert_eq!(private.collect::<Vec<_>>(), here);
        // Whatever a server takes, a line for it is there to be completed.
        let lines = draft
            .text
            .lines()
            .filter(|line| line.contains("{ETCD_TOKEN}"));
        let lines: Vec<_> = lines.map(|line| line.trim_start_matches("# ")).collect();
        assert_eq!(lines.len(), 2);
        for line in lines {
            let text = draft.text.replace(&format!("# {line}"), line);
            let completed = Draft {
                text,
                to_fill: Vec::new(),
            };
            assert_eq!(parsed(&completed).plugins["etcd"].credentials.len(), 1);
        }
    }

    #[test]
    fn what_imports_nothing_is_granted_nothing() {
        let facts = ComponentFacts {
            world: World::Validator,
            imports: [].into(),
        };
        let draft = Draft::of("rules", "rules.wasm", &facts, None);
        assert_eq!(parsed(&draft).plugins["rules"].allow, Default::default());
        assert!(!draft.text.contains("allow"));
    }

    #[test]
    fn a_path_with_quotes_stays_one_string() {
        let path = "a\" \\ \u{1}.wasm";
        let facts = ComponentFacts {
            world: World::Validator,
            imports: [].into(),
        };
        assert_eq!(quoted(path), "\"a\\\" \\\\ \\u0001.wasm\"");
        let plain = "a\" \\ b.wasm";
        let draft = Draft::of("rules", plain, &facts, None);
        let component = parsed(&draft).plugins["rules"]
            .component
            .get_ref()
            .to_string();
        assert_eq!(component, plain);
    }
}
