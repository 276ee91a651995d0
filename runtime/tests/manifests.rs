//! The manifests in `tests/manifests`: each of `accept` is accepted, each of `reject` is
//! rejected for the reasons that its first lines name, all of them in one run.
//!
//! A fixture that must be rejected begins with lines such as
//! `# expect: unknown-key 6:1 schema`: the kind, line and column of a problem, and
//! `schema` where the JSON Schema must refuse the file too. `# conceals: TEXT` says that
//! the text must not be shown.

use std::fs;
use std::path::{Path, PathBuf};

use secret_runtime::error::{Problem, Problems};
use secret_runtime::manifest::{Manifest, schema};
use secret_runtime::plugin;

fn folder(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/manifests")
        .join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn parse(path: &Path) -> Result<Manifest, Problems> {
    let text = fs::read_to_string(path).expect("a readable fixture");
    Manifest::parse(path, &text, plugin::standard_catalog())
}

/// Whether the JSON Schema accepts the file; `None` if it is no TOML.
fn schema_accepts(path: &Path) -> Option<bool> {
    let text = fs::read_to_string(path).expect("a readable fixture");
    let document: toml::Table = text.parse().ok()?;
    let json = serde_json::to_value(document).expect("TOML fits into JSON");
    Some(jsonschema::is_valid(&schema::json_schema(), &json))
}

fn examples() -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let manifests: Vec<PathBuf> = fs::read_dir(examples)
        .expect("the examples are there")
        .map(|entry| {
            entry
                .expect("a readable folder")
                .path()
                .join("secrets.toml")
        })
        .filter(|path| path.exists())
        .collect();
    assert!(!manifests.is_empty());
    manifests
}

#[test]
fn the_parser_and_the_schema_accept_what_is_right() {
    for path in folder("accept").into_iter().chain(examples()) {
        if let Err(problems) = parse(&path) {
            panic!("{}: {:#?}", path.display(), problems.as_slice());
        }
        assert_eq!(schema_accepts(&path), Some(true), "{}", path.display());
    }
}

struct Expectations {
    problems: Vec<String>,
    schema: bool,
    concealed: Vec<String>,
}

fn expectations(path: &Path) -> Expectations {
    let text = fs::read_to_string(path).expect("a readable fixture");
    let lines = |prefix| {
        text.lines()
            .filter_map(move |line| line.strip_prefix(prefix))
    };
    let expected: Vec<&str> = lines("# expect: ").collect();
    Expectations {
        problems: expected
            .iter()
            .map(|line| line.trim_end_matches(" schema").to_owned())
            .collect(),
        schema: expected.iter().any(|line| line.ends_with(" schema")),
        concealed: lines("# conceals: ").map(str::to_owned).collect(),
    }
}

fn located(problem: &Problem) -> String {
    let place = problem
        .place
        .as_ref()
        .expect("a mistake in a manifest has a place");
    format!("{} {}:{}", problem.kind, place.line, place.column)
}

#[test]
fn every_mistake_is_reported_at_its_place_in_one_run() {
    for path in folder("reject") {
        let expected = expectations(&path);
        assert!(
            !expected.problems.is_empty(),
            "{} expects nothing",
            path.display()
        );
        let Err(problems) = parse(&path) else {
            panic!("{} is accepted", path.display());
        };
        let found: Vec<String> = problems.as_slice().iter().map(located).collect();
        assert_eq!(found, expected.problems, "{}", path.display());
        for problem in problems.as_slice() {
            let place = problem.place.as_ref().expect("checked above");
            let excerpt = place.excerpt.as_ref().expect("manifests have excerpts");
            assert!(excerpt.line.get(excerpt.marked.clone()).is_some());
            for text in &expected.concealed {
                assert!(!format!("{problem:?}").contains(text), "{}", path.display());
            }
        }
    }
}

#[test]
fn the_schema_refuses_what_has_the_wrong_shape() {
    for path in folder("reject") {
        if expectations(&path).schema {
            assert_eq!(schema_accepts(&path), Some(false), "{}", path.display());
        }
    }
}

#[test]
fn the_schema_in_the_docs_is_the_one_that_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/secrets.schema.json");
    let printed = format!("{:#}\n", schema::json_schema());
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == printed,
        "write `secret-run schema > docs/secrets.schema.json` and commit it"
    );
}
