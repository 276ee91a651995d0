//! `secret-run plugin`: adding, listing, looking into, compiling and removing plugins, with
//! the standard validator as a plugin and a backend of a few instructions.

#[path = "plugin_commands/small_backend.rs"]
mod small_backend;

use std::fs;
use std::path::PathBuf;

use secret_run_tests::{Launcher, Outcome, Project, repository};
use small_backend::{backend, endless_backend, trapping_backend};

const RULES: &str = "version = 1\n\n[plugins.rules]\ncomponent = \"rules.wasm\"\n";
const KEYS: &str = "version = 1\n\n[plugins.keys]\ncomponent = \"keys.wasm\"\n\
    allow.http = [\"https://kv.example.com\"]\n";
const ORIGIN: &str = "https://kv.example.com";

/// A project with this manifest, a validator `rules.wasm`, and two backends: `kv.wasm`
/// needs a setting, and `keys.wasm` none.
fn project(manifest: &str) -> Project {
    let project = Project::with(manifest, "");
    let standard = fs::read(repository("plugins/dist/standard.wasm")).expect("it is committed");
    project.write("rules.wasm", standard);
    project.write("kv.wasm", backend(ORIGIN, true));
    project.write("keys.wasm", backend(ORIGIN, false));
    project
}

fn launcher<'a>(project: &'a Project, words: &[&str]) -> Launcher<'a> {
    let launcher = project.launcher();
    let launcher = launcher.env("SECRET_RUN_PLUGINS", project.path("store"));
    launcher.args(["plugin"]).args(words)
}

fn plugin(project: &Project, words: &[&str]) -> Outcome {
    launcher(project, words).run()
}

/// Runs what must fail with one problem of this kind, among others perhaps.
#[track_caller]
fn refused(project: &Project, words: &[&str], kind: &str) {
    let words = [&["--error-format", "json"], words].concat();
    let problem = plugin(project, &words).exits_with(125).problem(kind);
    assert_eq!(problem["severity"], "error");
}

fn lock(project: &Project) -> String {
    fs::read_to_string(project.path("secrets.lock")).unwrap_or_default()
}

/// Every file of the store with this ending.
fn stored(project: &Project, extension: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(project.path("store")).into_iter().flatten();
    let folders = folders.flatten().map(|folder| folder.path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
    let files = files.flatten().map(|file| file.path());
    files
        .filter(|file| file.extension().is_some_and(|it| it == extension))
        .collect()
}

#[test]
fn a_declared_validator_is_checked_compiled_and_pinned() {
    let project = project(RULES);
    let added = plugin(&project, &["add", "rules"]);
    added
        .exits_with(0)
        .stdout_has("rules: a validator with ")
        .stdout_has("may compute and answer; nothing else")
        .stdout_has("secrets.lock: pinned");
    assert!(lock(&project).contains("[plugins.rules]"), "{added:?}");
    assert_eq!(stored(&project, "cwasm").len(), 1);

    plugin(&project, &["add", "--all"])
        .exits_with(0)
        .stdout_has("secrets.lock: unchanged");
    let list = plugin(&project, &["list", "--format", "json"]).stdout_json();
    let row = &list["plugins"][0];
    assert_eq!(row["name"], "rules");
    assert_eq!(row["world"], "validator");
    assert_eq!(row["state"], "pinned");
    assert_eq!(row["compiled"], true);
}

#[test]
fn a_component_without_an_end_is_listed_without_being_read() {
    let project = project(KEYS);
    for make in [
        "rm keys.wasm; mkfifo keys.wasm",
        "rm keys.wasm; ln -s /dev/zero keys.wasm",
    ] {
        project.shell(make).exits_with(0);
        let list = plugin(&project, &["list", "--format", "json"]);
        let row = &list.exits_with(0).stdout_json()["plugins"][0];
        assert_eq!(row["state"], "not pinned");
        refused(&project, &["inspect", "keys"], "plugin-unreadable");
    }
}

#[test]
fn a_component_that_was_changed_differs_and_is_not_compiled_until_it_is_added_again() {
    let project = project(KEYS);
    plugin(&project, &["add", "keys"]).exits_with(0);
    let before = lock(&project);
    // A custom section is no change of what it does, and one of its digest.
    let mut wasm = fs::read(project.path("keys.wasm")).expect("it is there");
    wasm.extend([0, 2, 1, b'x']);
    project.write("keys.wasm", wasm);
    let list = plugin(&project, &["list", "--format", "json"]).stdout_json();
    assert_eq!(list["plugins"][0]["state"], "differs");
    refused(&project, &["compile"], "plugin-component-changed");
    assert_eq!(lock(&project), before);

    let again = plugin(&project, &["add", "keys", "--format", "json"]);
    let again = again.exits_with(0).stdout_json();
    assert_eq!(again["plugins"][0]["lock"], "changed");
    let changes = again["plugins"][0]["changes"].to_string();
    assert!(
        changes.contains("- sha256") && changes.contains("+ sha256"),
        "{changes}"
    );
}

#[test]
fn everything_that_is_not_granted_is_said_at_once_with_its_place_and_nothing_is_pinned() {
    let manifest =
        format!("{KEYS}\n[plugins.kv]\ncomponent = \"kv.wasm\"\nsettings.other = \"x\"\n");
    let project = project(&manifest);
    let words = ["--error-format", "json", "add", "--all"];
    let refused = plugin(&project, &words);
    refused.exits_with(125);
    for kind in [
        "plugin-setting-missing",
        "plugin-setting-unknown",
        "plugin-needs-more",
    ] {
        let problem = refused.problem(kind);
        assert_eq!(
            (&problem["file"], &problem["line"]),
            (&"secrets.toml".into(), &7.into())
        );
    }
    let hint = refused.problem("plugin-needs-more")["hint"].to_string();
    assert!(
        hint.contains("allow.http = [\\\"https://kv.example.com\\\"]"),
        "{hint}"
    );
    assert_eq!(lock(&project), "");
    plugin(&project, &["add", "--all"]).stderr_has("nothing was changed");
}

#[test]
fn what_a_backend_may_do_is_said_in_plain_words() {
    let manifest = format!(
        "version = 1\n[plugins.kv]\ncomponent = \"kv.wasm\"\nsettings.project = \"api\"\n\
         allow.http = [\"{ORIGIN}\", \"https://other.example.com\"]\n\
         [plugins.kv.credentials.\"{ORIGIN}\"]\nbearer = \"{{KV_TOKEN}}\"\n"
    );
    let project = project(&manifest);
    plugin(&project, &["add", "kv"])
        .exits_with(0)
        .stdout_has("kv: a backend: Keys of a test.")
        .stdout_has(
            "may send HTTPS to kv.example.com with the credential in header authorization; \
             may read its settings project; nothing else",
        )
        .stdout_has("note: it is granted https://other.example.com and does not ask for it");
    assert!(lock(&project).contains("KV_TOKEN"));
}

#[test]
fn a_component_that_is_not_declared_gives_the_lines_that_would_declare_it() {
    let project = project("version = 1\n");
    let lines = plugin(&project, &["add", "./kv.wasm"]);
    lines
        .exits_with(0)
        .stdout_has("[plugins.kv]\ncomponent = \"kv.wasm\"\n")
        .stdout_has("settings.project = \"...\"  # which project")
        .stdout_has("allow.http = [\"https://kv.example.com\"]")
        .stdout_has("Add these lines to secrets.toml, fill in project");
    let manifest = || fs::read_to_string(project.path("secrets.toml")).unwrap_or_default();
    assert_eq!(manifest(), "version = 1\n");
    assert_eq!(lock(&project), "");

    plugin(
        &project,
        &["add", "./keys.wasm", "--name", "own-keys", "--write"],
    )
    .exits_with(0)
    .stdout_has("These lines were added to secrets.toml.")
    .stdout_has("own-keys: a backend");
    assert!(manifest().starts_with("version = 1\n\n[plugins.own-keys]\n"));
    assert!(lock(&project).contains("[plugins.own-keys]"));
    // The same component is the same plugin.
    plugin(&project, &["add", "./keys.wasm"])
        .exits_with(0)
        .stdout_has("secrets.lock: unchanged");
}

#[test]
fn lines_that_would_break_the_manifest_are_not_written() {
    let text = "version = 1\nplugins = { rules = { component = \"rules.wasm\" } }\n";
    let project = project(text);
    refused(&project, &["add", "./kv.wasm", "--write"], "manifest-lines");
    let manifest = fs::read_to_string(project.path("secrets.toml"));
    assert_eq!(manifest.expect("it is there"), text);
}

#[test]
fn a_digest_of_the_manifest_and_a_file_that_is_no_component_are_refused() {
    let digest = "0".repeat(64);
    let manifest = format!(
        "{RULES}sha256 = \"{digest}\"\n[plugins.text]\ncomponent = \"text.wasm\"\n\
         [plugins.none]\ncomponent = \"none.wasm\"\n"
    );
    let project = project(&manifest);
    project.write("text.wasm", "#!/bin/sh\n");
    let refused = plugin(&project, &["--error-format", "json", "add", "--all"]);
    refused.exits_with(125);
    for kind in [
        "plugin-component-changed",
        "plugin-not-a-component",
        "plugin-unreadable",
    ] {
        assert_eq!(refused.problem(kind)["file"], "secrets.toml");
    }
    assert!(stored(&project, "cwasm").is_empty());
}

#[test]
fn a_backend_that_traps_when_it_is_asked_what_it_is_is_named_once() {
    let manifest = format!(
        "{KEYS}[backends.store]\nkind = \"plugin\"\nplugin = \"keys\"\n\
         [secrets.KEY]\nfrom = \"store:key\"\n"
    );
    let project = project(&manifest);
    project.write("keys.wasm", trapping_backend(ORIGIN));
    let json = ["--error-format", "json"];
    let run = project.launcher().args(json);
    let run = run.env("SECRET_RUN_PLUGINS", project.path("store"));
    let run = run.args(["--allow-compile"]).command(project.marker());
    for outcome in [
        launcher(&project, &["add", "keys"]).args(json).run(),
        run.run(),
    ] {
        let problem = outcome.exits_with(125).problem("plugin-trapped");
        assert_eq!(problem["message"], "the plugin `keys` stopped with a trap");
    }
    assert!(!project.started());
    assert!(stored(&project, "cwasm").is_empty());
}

#[test]
fn a_backend_that_computes_without_an_end_ends_at_the_deadline() {
    for (own, run, kind) in [
        ("deadline = \"700ms\"\n", "", "backend-deadline"),
        ("", "[resilience]\ndeadline = \"700ms\"\n", "run-deadline"),
    ] {
        // Its own limit would be later than any test ends.
        let manifest = format!(
            "{KEYS}limits.time = \"10m\"\n\
             [backends.store]\nkind = \"plugin\"\nplugin = \"keys\"\n{own}{run}\
             [secrets.KEY]\nfrom = \"store:key\"\n"
        );
        let project = project(&manifest);
        project.write("keys.wasm", endless_backend(ORIGIN));
        plugin(&project, &["add", "keys"]).exits_with(0);
        let run = project.launcher().args(["--error-format", "json"]);
        let run = run.env("SECRET_RUN_PLUGINS", project.path("store"));
        let outcome = run.command(project.marker()).run();
        let _ = outcome.exits_with(125).problem(kind);
        assert!(!project.started());
    }
}

#[test]
fn compiling_writes_to_another_folder_what_is_pinned() {
    let project = project(KEYS);
    refused(&project, &["compile", "keys"], "plugin-not-locked");
    plugin(&project, &["add", "keys"]).exits_with(0);
    let compiled = plugin(&project, &["compile", "--out", "image", "--format", "json"]);
    let compiled = compiled.exits_with(0).stdout_json();
    let path = compiled["compiled"][0]["path"].as_str().map(PathBuf::from);
    let path = path.expect("a path");
    assert!(path.starts_with("image") && project.path("").join(path).is_file());
    refused(
        &project,
        &["compile", "--target", "no-such-machine"],
        "plugin-target",
    );
}

#[test]
fn images_of_both_architectures_get_their_own_code() {
    /// What an ELF file says of the machine that its code is for.
    const X86_64: u16 = 62;
    const AARCH64: u16 = 183;
    let project = project(KEYS);
    plugin(&project, &["add", "keys"]).exits_with(0);
    for (target, machine) in [
        ("x86_64-unknown-linux-gnu", X86_64),
        ("x86_64-unknown-linux-musl", X86_64),
        ("aarch64-unknown-linux-gnu", AARCH64),
        ("aarch64-unknown-linux-musl", AARCH64),
    ] {
        let words = ["--target", target, "--out", target, "--format", "json"];
        let compiled = plugin(&project, &[&["compile"], &words[..]].concat());
        let compiled = compiled.exits_with(0).stdout_json();
        let path = compiled["compiled"][0]["path"].as_str().expect("a path");
        assert!(path.starts_with(&format!("{target}/{target}-")), "{path}");
        let artifact = fs::read(project.path(path)).expect("it was written");
        assert_eq!(&artifact[..4], b"\x7fELF");
        let found = u16::from_le_bytes([artifact[18], artifact[19]]);
        assert_eq!(found, machine, "{target}");
    }
}

#[test]
fn what_is_removed_leaves_the_lock_and_neither_the_manifest_nor_the_store() {
    let project = project(KEYS);
    plugin(&project, &["add", "keys"]).exits_with(0);
    plugin(&project, &["remove", "keys"])
        .exits_with(0)
        .stdout_has("--purge")
        .stdout_has("secrets.toml:3: [plugins.keys]");
    assert!(!lock(&project).contains("keys"));
    assert_eq!(stored(&project, "cwasm").len(), 1);
    let manifest = fs::read_to_string(project.path("secrets.toml"));
    assert_eq!(manifest.expect("it is there"), KEYS);
    refused(&project, &["remove", "keys"], "plugin-not-locked");
    // As it was said.
    let purge = ["remove", "keys", "--purge"];
    plugin(&project, &purge)
        .exits_with(0)
        .stdout_has("keys: not in secrets.lock; what was compiled of it is removed");
    assert!(stored(&project, "cwasm").is_empty());
    plugin(&project, &purge)
        .exits_with(0)
        .stdout_has("nothing was compiled of it");
    fs::remove_file(project.path("keys.wasm")).expect("it is there");
    refused(&project, &purge, "plugin-not-locked");
}

#[test]
fn what_another_project_uses_stays_unless_it_is_purged() {
    let (one, other) = (project(KEYS), project(KEYS));
    // The same store, as all projects of a user have it.
    let in_other = |words: &[&str]| {
        let launcher = other.launcher().args(["plugin"]).args(words);
        launcher.env("SECRET_RUN_PLUGINS", one.path("store")).run()
    };
    plugin(&one, &["add", "keys"]).exits_with(0);
    in_other(&["add", "keys"]).exits_with(0);
    let compiled = || {
        let list = plugin(&one, &["list", "--format", "json"]).stdout_json();
        list["plugins"][0]["compiled"].clone()
    };
    in_other(&["remove", "keys"]).exits_with(0);
    assert_eq!(compiled(), true);

    in_other(&["add", "keys"]).exits_with(0);
    let purged = in_other(&["remove", "keys", "--purge", "--format", "json"]);
    assert_eq!(purged.exits_with(0).stdout_json()["purged"], true);
    assert_eq!(compiled(), false);
    assert!(stored(&one, "cwasm").is_empty());
    // It is made again from what is pinned.
    plugin(&one, &["compile"]).exits_with(0);
    assert_eq!(compiled(), true);
    plugin(&one, &["remove", "keys", "--purge"])
        .exits_with(0)
        .stdout_has("what was compiled of it is removed");
}

#[test]
fn what_two_plugins_share_stays_until_both_are_removed() {
    let manifest =
        format!("{KEYS}[plugins.more]\ncomponent = \"keys.wasm\"\nallow.http = [\"{ORIGIN}\"]\n");
    let project = project(&manifest);
    plugin(&project, &["add", "--all"]).exits_with(0);
    plugin(&project, &["remove", "more", "--purge"])
        .exits_with(0)
        .stdout_has("another plugin is the same component");
    assert_eq!(stored(&project, "cwasm").len(), 1);
    plugin(&project, &["remove", "keys", "--purge"]).exits_with(0);
    assert!(stored(&project, "cwasm").is_empty());
}

#[test]
fn a_validator_that_cannot_be_opened_is_one_problem_of_all_that_it_would_judge() {
    let several = "[secrets.FIRST]\nvalidate = [\"rules/https-url\", \"rules/url\"]\n\
                   [secrets.SECOND]\nvalidate = \"rules/https-url\"\n\
                   [secrets.THIRD]\nvalidate = { rule = \"rules/length\", min = 1 }\n";
    let one = "[secrets.FIRST]\nvalidate = [\"rules/https-url\", \"rules/url\"]\n";
    for (entries, secret, judged) in [
        (several, None, "; it is to judge FIRST, SECOND, THIRD"),
        (one, Some("FIRST"), "secret-run"),
    ] {
        let project = project(&format!("{RULES}{entries}"));
        let run = project.launcher().args(["--error-format", "json"]);
        let run = run.env("SECRET_RUN_PLUGINS", project.path("store"));
        let outcome = run.command(project.marker()).run();
        let problem = outcome.exits_with(125).problem("plugin-not-compiled");
        assert_eq!(outcome.problems().len(), 1, "{outcome:?}");
        let message = problem["message"].as_str().expect("there is a message");
        assert!(message.ends_with(judged), "{message}");
        assert_eq!(problem["secret"].as_str(), secret, "{problem}");
        assert_eq!(problem["line"], 6, "{problem}");
        assert!(!project.started());
    }
}

#[test]
fn inspecting_says_what_a_component_can_and_cannot_do() {
    let project = project(RULES);
    plugin(&project, &["inspect", "rules"])
        .exits_with(0)
        .stdout_has("a validator: it judges values")
        .stdout_has("It imports nothing: it can compute and answer, and nothing else.")
        .stdout_has("send a request\n")
        .stdout_has("Rules: ");
    let known = plugin(&project, &["inspect", "./kv.wasm", "--format", "json"]);
    let known = known.exits_with(0).stdout_json();
    assert_eq!(known["about"]["origins"][0]["origin"], ORIGIN);
    assert_eq!(known["imports"][0]["name"], "secret-run:plugin/http@0.1.0");
    let cannot = known["cannot"].to_string();
    assert!(cannot.contains("open a socket") && !cannot.contains("read a setting"));
    assert!(
        stored(&project, "cwasm").is_empty(),
        "looking keeps nothing"
    );

    project.write("module.wasm", b"\0asm\x01\0\0\0");
    refused(
        &project,
        &["inspect", "./module.wasm"],
        "plugin-core-module",
    );
}

#[test]
fn a_name_that_is_none_says_which_there_are() {
    let project = project(RULES);
    for command in ["add", "inspect", "compile"] {
        let words = ["--error-format", "json", command, "rulez"];
        let problem = plugin(&project, &words)
            .exits_with(125)
            .problem("undeclared-name");
        assert!(problem["hint"].to_string().contains("rules"), "{problem}");
    }
}
