//! What `secret-run plugin new` prints is all that it takes: in an empty folder, typed as it
//! stands, it makes a component that passes `plugin test`, in every language and of every kind.
//!
//! The tools are installed for real, by `cargo`, `npm` and `pip`. Three steps are substituted by
//! programs that `cargo xtask test` puts before others, which refuse any other arguments:
//! `rustup target add` (a build machine need not reach the servers of Rust, and a test changes no
//! toolchain of the user), `apt-get install` (takes root, and asks; what it names must be
//! installed) and `curl` (the file of a release, which a crate has as well).

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use secret_run_tests::{Outcome, Project, SecretServer, binary, plugin_tools};

/// What the instructions say for the address of the author's API.
const PLACEHOLDER: &str = "http://127.0.0.1:8000";

/// The checks of a backend. One that only reads has no `writer` to test.
const BACKEND: [(&str, &str); 13] = [
    ("compiles", "passed"),
    ("about", "passed"),
    ("about-imports", "passed"),
    ("count", "passed"),
    ("existing", "passed"),
    ("missing", "passed"),
    ("order", "passed"),
    ("repeated", "passed"),
    ("strange-references", "passed"),
    ("outage-silent", "passed"),
    ("outage-closed", "passed"),
    ("texts", "passed"),
    ("limits", "passed"),
];

const VALIDATOR: [(&str, &str); 4] = [
    ("compiles", "passed"),
    ("rules", "passed"),
    ("parameters", "passed"),
    ("values", "passed"),
];

/// The text of `plugin new` with these options, and a folder with its project.
fn begin(options: &[&str]) -> (Project, String) {
    let project = Project::new();
    let outcome = project.launcher().args(["plugin", "new"]).args(options);
    let outcome = outcome.run();
    outcome.exits_with(0);
    let printed = outcome.stdout();
    (project, printed)
}

/// What is indented, as a script.
fn commands(printed: &str) -> String {
    let lines = printed.lines();
    let lines: Vec<_> = lines.filter_map(|line| line.strip_prefix("    ")).collect();
    lines.join("\n") + "\n"
}

/// Types the script in the folder, in a shell that ends at the first failure. Answers the outcome,
/// and which of the substituted steps were taken.
fn follow(project: &Project, language: &str, script: &str) -> (Outcome, String) {
    let home = Project::new();
    home.write("script", script).write("stand-ins.log", "");
    let installed = home.path("installed");
    fs::create_dir_all(home.path("bin")).expect("a folder can be made");
    symlink(binary("secret-run"), home.path("bin/secret-run")).expect("a link can be made");
    let folders = [
        plugin_tools(language),
        installed.join("bin"),
        home.path("bin"),
    ];
    let path = env::var_os("PATH").expect("whoever runs the tests has a search path");
    let path = env::join_paths(folders.into_iter().chain(env::split_paths(&path)))
        .expect("no folder has a colon in its name");
    // The environment is that of whoever runs the tests, with the settings of package managers,
    // but nothing is installed to where it would stay.
    let output = Command::new("sh")
        .arg("-e")
        .arg(home.path("script"))
        .current_dir(project.folder())
        .env("PATH", path)
        .env("CARGO_INSTALL_ROOT", installed)
        // Kept, so that what is the same in every project is compiled once.
        .env("CARGO_TARGET_DIR", kept("cargo"))
        .env("SECRET_RUN_STAND_IN_LOG", home.path("stand-ins.log"))
        .output()
        .expect("a shell can be started");
    let outcome = Outcome {
        end: output.status.into(),
        stdout: output.stdout,
        stderr: output.stderr,
    };
    let log = fs::read_to_string(home.path("stand-ins.log")).expect("a log is a text");
    (outcome, log)
}

fn kept(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("plugin-new")
        .join(name)
}

/// Asserts that each check has this verdict, and that there is no other check.
#[track_caller]
fn assert_verdicts(outcome: &Outcome, expected: &[(&str, &str)]) {
    let stdout = outcome.stdout();
    let table = stdout.lines().skip_while(|line| !line.starts_with("CHECK"));
    let rows = table.skip(1).take_while(|line| !line.is_empty());
    let rows: Vec<_> = rows
        .map(|line| {
            let mut words = line.split_whitespace();
            (
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(rows, expected, "{outcome:?}");
}

/// Begins a backend, follows the instructions with an API, and asserts what came of it.
fn assert_backend(language: &str, substituted: &str) {
    let (project, printed) = begin(&["acme-vault", "--lang", language]);
    let server = SecretServer::start();
    server.document("app/first", "dummy-password", "1");
    server.document("app/second", "dummy-key", "1");
    let prose = printed.lines().filter(|line| !line.starts_with("    "));
    let explained = format!("{PLACEHOLDER} stands for the address of your API");
    assert!(
        prose.into_iter().any(|line| line.contains(&explained)),
        "{printed}"
    );
    let script = commands(&printed).replace(PLACEHOLDER, &server.origin());
    let (outcome, log) = follow(&project, language, &script);
    outcome.exits_with(0);
    assert_verdicts(&outcome, &BACKEND);
    assert_eq!(log, substituted);
    assert!(project.path("acme-vault/acme-vault.wasm").is_file());
    assert_only(&project, "acme-vault");
}

/// Begins a validator in `folder`, follows the instructions, and asserts what came of it.
fn assert_validator(language: &str, folder: &str, substituted: &str) {
    let options = [
        "acme-rules",
        "--lang",
        language,
        "--kind",
        "validator",
        "--dir",
        folder,
    ];
    let (project, printed) = begin(&options);
    let (outcome, log) = follow(&project, language, &commands(&printed));
    outcome.exits_with(0);
    assert_verdicts(&outcome, &VALIDATOR);
    assert_eq!(log, substituted);
    assert!(project.path(folder).join("acme-rules.wasm").is_file());
    assert_only(&project, folder);
}

#[track_caller]
fn assert_only(project: &Project, name: &str) {
    let entries = fs::read_dir(project.folder()).expect("a folder can be read");
    let entries: Vec<_> = entries
        .map(|entry| entry.expect("an entry can be read").file_name())
        .collect();
    assert_eq!(entries, [name]);
}

const RUST: &str = "rustup target add wasm32-unknown-unknown\n";
const C: &str = "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32\n";
const GO: &str = "curl -fLO https://github.com/bytecodealliance/wasmtime/releases/download/\
                  v48.0.8/wasi_snapshot_preview1.reactor.wasm\n";

#[test]
fn a_new_backend_in_rust_passes_by_its_instructions() {
    assert_backend("rust", RUST);
}

#[test]
fn a_new_backend_in_c_passes_by_its_instructions() {
    assert_backend("c", C);
}

#[test]
fn a_new_backend_in_javascript_passes_by_its_instructions() {
    assert_backend("javascript", "");
}

#[test]
fn a_new_backend_in_python_passes_by_its_instructions() {
    assert_backend("python", "");
}

#[test]
fn a_new_backend_in_go_passes_by_its_instructions() {
    assert_backend("go", GO);
}

#[test]
fn a_new_validator_in_rust_passes_by_its_instructions() {
    assert_validator("rust", "acme-rules", RUST);
}

#[test]
fn a_new_validator_in_c_passes_by_its_instructions() {
    // A folder that a shell would take for several words.
    assert_validator("c", "acme's own rules", C);
}

#[test]
fn a_new_validator_in_javascript_passes_by_its_instructions() {
    assert_validator("javascript", "acme-rules", "");
}

#[test]
fn a_new_validator_in_python_passes_by_its_instructions() {
    assert_validator("python", "acme-rules", "");
}

#[test]
fn there_is_no_new_validator_in_go_and_it_is_said_why() {
    let project = Project::new();
    let launcher = project
        .launcher()
        .args(["--error-format", "json", "plugin", "new"]);
    let outcome = launcher
        .args(["acme-rules", "--lang", "go", "--kind", "validator"])
        .run();
    let problem = outcome.problem("no-template");
    let hint = problem["hint"].as_str().unwrap_or_default();
    assert!(hint.contains("Go's runtime imports"), "{outcome:?}");
    let entries = fs::read_dir(project.folder()).expect("a folder can be read");
    assert_eq!(entries.count(), 0);
}

#[test]
fn a_shell_stops_where_an_instruction_fails() {
    // Otherwise the tests above would see the last command alone.
    let project = Project::new();
    let (outcome, _) = follow(&project, "c", "false\ntrue\n");
    outcome.exits_with(1);
}
