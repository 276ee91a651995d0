//! SECURITY.md names a test for each invariant. Each of these tests exists.

use std::fs;
use std::path::PathBuf;

use secret_run_tests::repository;

/// `file::test` in backticks: the file, as SECURITY.md names it, and the test.
fn named_tests(text: &str) -> Vec<(String, String)> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.rsplit_once("::"))
        .map(|(file, test)| (file.to_owned(), test.to_owned()))
        .filter(|(file, _)| file.ends_with(".rs") || !file.contains(['/', ':']))
        .collect()
}

fn file(name: &str) -> PathBuf {
    if name.ends_with(".rs") {
        repository(name)
    } else {
        repository("tests/tests").join(name).with_extension("rs")
    }
}

#[test]
fn every_test_that_security_md_names_exists() {
    let text = fs::read_to_string(repository("SECURITY.md")).expect("SECURITY.md");
    let named = named_tests(&text);
    assert!(named.len() > 50, "found {} names only", named.len());
    let missing: Vec<String> = named
        .iter()
        .filter(|(name, test)| {
            let source = fs::read_to_string(file(name)).unwrap_or_default();
            !source.contains(&format!("fn {test}("))
        })
        .map(|(name, test)| format!("{name}::{test}"))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_invariant_of_security_md_names_a_test() {
    let text = fs::read_to_string(repository("SECURITY.md")).expect("SECURITY.md");
    let sections: Vec<&str> = text.split("\n### ").skip(1).collect();
    for number in 1..=9 {
        let section = sections
            .iter()
            .find(|section| section.starts_with(&format!("{number}. ")))
            .unwrap_or_else(|| panic!("invariant {number} is not in SECURITY.md"));
        assert!(
            !named_tests(section).is_empty(),
            "invariant {number} names no test"
        );
    }
}
