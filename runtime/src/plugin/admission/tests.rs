#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::path::Path;

use super::*;
use crate::manifest::Manifest;
use crate::plugin::{OriginSpec, SettingSpec, standard_catalog};

const HTTP: &str = "secret-run:plugin/http@0.1.0";

fn plugin(lines: &str) -> Plugin {
    let text = format!("version = 1\n[plugins.acme]\ncomponent = \"acme.wasm\"\n{lines}\n");
    let manifest = Manifest::parse(Path::new("secrets.toml"), &text, standard_catalog());
    manifest.unwrap().plugins["acme"].clone()
}

fn facts(imports: &[&str]) -> ComponentFacts {
    ComponentFacts {
        world: World::Backend { writes: false },
        imports: imports.iter().map(|import| (*import).to_owned()).collect(),
    }
}

fn about(origins: &[&str], settings: &[&str]) -> About {
    let origin = |origin: &&str| OriginSpec {
        origin: (*origin).to_owned(),
        purpose: "reads".to_owned(),
        required: true,
    };
    let setting = |name: &&str| SettingSpec {
        name: (*name).to_owned(),
        summary: "where it is".to_owned(),
        required: true,
        default: None,
    };
    About {
        summary: "of a test".to_owned(),
        settings: settings.iter().map(setting).collect(),
        origins: origins.iter().map(origin).collect(),
    }
}

fn hints(admission: &Admission) -> String {
    let hints = admission.refusals.iter().filter_map(Explain::hint);
    hints.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_granted_is_admitted() {
    let plugin = plugin("allow.http = [\"https://api.example.com\"]");
    let about = about(&["https://api.example.com"], &[]);
    let admission = admit("acme", &plugin, &facts(&[HTTP]), Some(&about));
    assert_eq!(admission.refusals, []);
    assert_eq!(admission.needs.required.len(), 1);
}

#[test]
fn everything_that_is_missing_is_said_at_once_with_the_lines_to_write() {
    let plugin = plugin("allow.http = [\"https://cdn.example.com\"]");
    let about = about(&["https://api.example.com", "{address}"], &["address"]);
    let imports = [
        HTTP,
        "wasi:filesystem/types@0.2.0",
        "wasi:filesystem/preopens@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        "wasi:keyvalue/store@0.2.0",
    ];
    let admission = admit("acme", &plugin, &facts(&imports), Some(&about));
    let kinds: Vec<_> = admission.refusals.iter().map(Explain::kind).collect();
    assert_eq!(
        kinds,
        [
            "plugin-setting-missing",
            "plugin-import-unknown",
            "plugin-import-not-granted",
            "plugin-needs-more",
        ]
    );
    let hints = hints(&admission);
    for line in [
        "allow.inert = [\"filesystem\", \"sockets\"]",
        "allow.http = [\"https://api.example.com\", \"https://cdn.example.com\"]",
        "settings = { address = \"...\" }",
    ] {
        assert!(hints.contains(line), "{hints}");
    }
}

#[test]
fn who_sends_requests_needs_an_origin_even_if_it_asks_for_none() {
    let admission = admit("acme", &plugin(""), &facts(&[HTTP]), Some(&about(&[], &[])));
    assert_eq!(admission.refusals.len(), 1);
    assert!(hints(&admission).contains("allow.http"));
}

#[test]
fn an_origin_may_come_from_a_setting() {
    let about = about(&["{address}"], &["address"]);
    let granted = plugin(
        "settings = { address = \"https://kv.example.com/v1\" }\n\
         allow.http = [\"https://kv.example.com\"]",
    );
    let admission = admit("acme", &granted, &facts(&[HTTP]), Some(&about));
    assert_eq!(admission.refusals, []);
    let moved = plugin(
        "settings = { address = \"https://other.example.com/v1\" }\n\
         allow.http = [\"https://kv.example.com\"]",
    );
    let admission = admit("acme", &moved, &facts(&[HTTP]), Some(&about));
    assert_eq!(admission.refusals[0].kind(), "plugin-needs-more");
}

#[test]
fn a_validator_imports_nothing_and_reads_no_settings() {
    let facts = ComponentFacts {
        world: World::Validator,
        ..facts(&["wasi:io/streams@0.2.0"])
    };
    let plugin = plugin("settings = { a = \"b\" }");
    let admission = admit("acme", &plugin, &facts, None);
    assert_eq!(admission.refusals.len(), 2);
}
