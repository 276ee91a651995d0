//! That the examples fit together, and the tools to the instructions of `plugin new`.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;

use super::crates::CRATES;
use super::stand_in::ADAPTER_URL;
use super::{BACKEND, EXAMPLES, VALIDATOR, inputs, root};
use crate::examples::component::Contract;

fn read(path: &str) -> String {
    fs::read_to_string(root().join("examples/plugins").join(path)).unwrap()
}

#[test]
fn every_folder_of_examples_is_built() {
    let entries = fs::read_dir(root().join("examples/plugins")).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut folders: Vec<_> = folders.map(|folder| folder.file_name()).collect();
    folders.sort();
    assert_eq!(folders, EXAMPLES.map(|example| example.name));
}

#[test]
fn examples_of_one_language_need_the_same_packages() {
    let files = [
        ("javascript", "package.json"),
        ("python", "requirements.txt"),
        ("rust", "Cargo.toml"),
    ];
    for (language, file) in files {
        let expected = read(&format!("{language}/{file}")).replace(BACKEND, VALIDATOR);
        let found = read(&format!("{language}-validator/{file}"));
        assert_eq!(found, expected, "{language}");
    }
    let fetch = read("javascript-fetch/package.json");
    assert_eq!(fetch, read("javascript/package.json"));
}

#[test]
fn instructions_have_the_versions_that_are_tested() {
    let readmes = EXAMPLES.map(|example| read(&format!("{}/README.md", example.name)));
    for tool in CRATES {
        let name = tool.split_once('@').unwrap().0;
        assert!(readmes.iter().any(|readme| readme.contains(tool)), "{tool}");
        for readme in &readmes {
            let all = readme.matches(&format!("{name}@")).count();
            assert_eq!(readme.matches(tool).count(), all, "{readme}");
        }
    }
    let adapter = inputs::locked().unwrap().concat();
    let version = adapter.rsplit('"').nth(1).unwrap();
    let url = ADAPTER_URL.replace('*', version);
    assert!(read("go/README.md").contains(&url), "{url}");
}

#[test]
fn what_is_no_component_is_refused() {
    let empty_module = b"\0asm\x01\0\0\0";
    let contract = Contract::Backend { wasi: &[] };
    assert!(contract.check(empty_module).is_err());
    assert!(contract.check(b"").is_err());
}
