//! That `secret-run plugin new` gives out what is built and tested here.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;

use super::{EXAMPLES, NAME, inputs, root};
use crate::examples::component::Contract;

#[test]
fn an_example_is_what_its_template_becomes() {
    let templates = root().join("launcher/templates");
    let mut compared = 0;
    for template in inputs::files(&templates).unwrap() {
        let path = template.strip_prefix(&templates).unwrap();
        // The example of a validator is in C.
        if path.starts_with("rust-validator") {
            continue;
        }
        let example = root().join("examples/plugins").join(path);
        let expected = fs::read_to_string(&template)
            .unwrap()
            .replace("{{name}}", NAME);
        let found = fs::read_to_string(&example).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn every_folder_of_examples_is_built() {
    let folders = fs::read_dir(root().join("examples/plugins")).unwrap();
    let mut folders: Vec<_> = folders.map(|folder| folder.unwrap().file_name()).collect();
    folders.sort();
    assert_eq!(folders, EXAMPLES.map(|example| example.name));
}

#[test]
fn what_is_no_component_is_refused() {
    let empty_module = b"\0asm\x01\0\0\0";
    let contract = Contract::Backend { wasi: &[] };
    assert!(contract.check(empty_module).is_err());
    assert!(contract.check(b"").is_err());
}
