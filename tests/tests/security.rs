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

/// The files below a folder that may be unsafe, as paths from the root of the repository.
fn unsafe_files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(repository(folder)).expect("a folder of sources");
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(unsafe_files(&path));
        } else {
            let source = fs::read_to_string(entry.path()).unwrap_or_default();
            let words: String = source.split_whitespace().collect();
            if words.contains("#![expect(unsafe_code,") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn the_unsafe_files_are_those_that_the_pages_name() {
    let page = |name| fs::read_to_string(repository(name)).expect("a page");
    let architecture = page("ARCHITECTURE.md");
    let (_, section) = architecture
        .split_once("\n## Unsafe code\n")
        .expect("it has a section for it");
    let (section, _) = section.split_once("\n## ").expect("others follow");
    let items = section.split("\n- [").skip(1);
    let mut named: Vec<_> = items.filter_map(|item| item.split(']').next()).collect();
    named.sort_unstable();
    let mut found: Vec<_> = ["launcher/src", "runtime/src"].map(unsafe_files).concat();
    found.sort_unstable();
    assert_eq!(named, found);
    // The pages that say how many there are.
    assert_eq!(named.len(), 4);
    for (name, words) in [
        ("ARCHITECTURE.md", "Four files say"),
        ("CONTRIBUTING.md", "the four files that"),
        ("SECURITY.md", "safe Rust, with [four files]"),
    ] {
        assert!(page(name).contains(words), "{name}: {words}");
    }
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
