//! The example validators, in every language that can import nothing: the same rule judges the
//! same in a run.

use std::os::unix::fs::symlink;
use std::path::Path;

use secret_run_tests::{Outcome, PluginStore, Project, example_plugin, sha256};

/// The rule of all of them.
const RULE: &str = "licence-key";

/// A key that would be found in any output.
const GOOD: &str = "5071-8342-9961";

/// A run with `value` judged by an example, under a rule with these parameters.
fn judge(example: &str, parameters: &str, value: &str) -> (Outcome, bool) {
    let component = example_plugin(example);
    let store = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let store = PluginStore::with_validator(store, &component, RULE);
    let manifest = format!(
        "version = 1\n[environments.development]\nbackend = \"files\"\n\
         [backends.files]\nkind = \"file\"\ndirectory = \"store\"\n\
         [plugins.own]\ncomponent = \"own.wasm\"\nsha256 = \"{}\"\n\
         [secrets.LICENCE]\nkey = \"licence\"\n\
         validate = {{ rule = \"own/{RULE}\"{parameters} }}\n",
        sha256(&component)
    );
    let project = Project::new();
    project
        .write("secrets.toml", manifest)
        .write("store/licence", value);
    symlink(&component, project.path("own.wasm")).expect("a link can be made");
    let outcome = project
        .launcher()
        .env("SECRET_RUN_PLUGINS", store.folder())
        .args(["--error-format", "json"])
        .command(project.marker())
        .run();
    let started = project.started();
    (outcome, started)
}

#[track_caller]
fn assert_accepts(example: &str, parameters: &str, value: &str) {
    let (outcome, started) = judge(example, parameters, value);
    outcome.exits_with(0).shows_no(value);
    assert!(started);
}

#[track_caller]
fn assert_rejects(example: &str, parameters: &str, value: &str, code: &str) {
    let (outcome, started) = judge(example, parameters, value);
    outcome.exits_with(125).shows_no(value);
    let problems = outcome.problems();
    let codes: Vec<_> = problems.iter().map(|problem| &problem["code"]).collect();
    assert_eq!(codes, [&format!("{RULE}/{code}")], "{outcome:?}");
    assert!(!started);
}

fn assert_example(name: &str) {
    assert_accepts(name, "", GOOD);
    assert_accepts(name, ", groups = 1", "5071");
    assert_accepts(name, ", groups = 64", &["5071"; 64].join("-"));
    assert_rejects(name, "", "5071-8342-996x", "malformed");
    assert_rejects(name, "", "5071-8342-9961-", "malformed");
    assert_rejects(name, "", "\u{661}071-8342-9961", "malformed");
    assert_rejects(name, "", "5071-8342", "wrong-length");
    assert_rejects(name, ", groups = 4", GOOD, "wrong-length");
    for groups in ["0", "65", "-9223372036854775808"] {
        let parameters = format!(", groups = {groups}");
        assert_rejects(name, &parameters, GOOD, "invalid-groups");
    }
}

#[test]
fn a_validator_in_c_judges_by_its_rule() {
    assert_example("c-validator");
}

#[test]
fn a_validator_in_javascript_judges_by_its_rule() {
    assert_example("javascript-validator");
}

#[test]
fn a_validator_in_python_judges_by_its_rule() {
    assert_example("python-validator");
}

#[test]
fn a_validator_in_rust_judges_by_its_rule() {
    assert_example("rust-validator");
}
