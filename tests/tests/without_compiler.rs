//! The launcher for images, which has no compiler: it runs what another compiled.

use std::fs;

use secret_run_tests::{Launcher, Project, binary, repository};

const MANIFEST: &str = "version = 1\n[secrets.RPC_URL]\nvalidate = \"rules/https-url\"\n\
                        [plugins.rules]\ncomponent = \"rules.wasm\"\n";
const DOTENV: &str = "RPC_URL=https://rpc.example.com/dummy-key\n";

fn project() -> Project {
    let project = Project::with(MANIFEST, DOTENV);
    let component = fs::read(repository("plugins/dist/standard.wasm"));
    project.write("rules.wasm", component.expect("it is committed"));
    project
}

fn lean(project: &Project) -> Launcher<'_> {
    let launcher = Launcher::of(project, &binary("secret-run-without-compiler"));
    launcher
        .env("SECRET_RUN_PLUGINS", project.path("image"))
        .args(["--error-format", "json"])
}

#[test]
fn what_another_compiled_runs_without_a_compiler() {
    let project = project();
    let full = |words: &[&str]| {
        let launcher = project.launcher();
        let launcher = launcher.env("SECRET_RUN_PLUGINS", project.path("store"));
        launcher.args(["plugin"]).args(words).run()
    };
    full(&["add", "rules"]).exits_with(0);
    full(&["compile", "--out", "image"]).exits_with(0);
    let run = lean(&project).command(["env"]).run();
    run.exits_with(0).stdout_has(DOTENV);
    let list = lean(&project).args(["plugin", "list"]).run();
    list.exits_with(0).stdout_has("pinned");
}

#[test]
fn what_nobody_compiled_is_said_and_the_command_not_started() {
    let project = project();
    let full = project
        .launcher()
        .env("SECRET_RUN_PLUGINS", project.path("store"));
    full.args(["plugin", "add", "rules"]).run().exits_with(0);
    let run = lean(&project).command(project.marker()).run();
    let problem = run.exits_with(125).problem("plugin-not-compiled");
    assert_eq!(problem["severity"], "error");
    assert!(!project.started());
}

#[test]
fn what_takes_a_compiler_is_refused_with_what_to_do() {
    let project = project();
    for words in [
        &["add", "rules"][..],
        &["compile", "--out", "image"],
        &["test", "rules.wasm"],
    ] {
        let refused = lean(&project).args(["plugin"]).args(words).run();
        let problem = refused.exits_with(125).problem("no-compiler");
        let hint = problem["hint"].as_str().expect("there is something to do");
        assert!(hint.contains("`compile`"), "{hint}");
    }
}

#[test]
fn a_backend_that_is_not_built_in_is_refused_and_not_passed_over() {
    for backend in [
        "kind = \"vault\"\nmount = \"secret\"",
        "kind = \"aws-secrets-manager\"",
        "kind = \"aws-parameter-store\"",
    ] {
        let manifest = format!(
            "version = 1\n[environments.development]\nbackend = \"b\"\n[secrets.A]\nrequired = false\n\
             [backends.b]\n{backend}\n"
        );
        let project = Project::with(&manifest, "");
        let run = lean(&project).command(project.marker()).run();
        let problem = run.exits_with(125).problem("backend-not-built-in");
        let message = problem["message"].as_str().expect("a message is a text");
        assert!(message.contains("`b`"), "{message}");
        assert!(!project.started());
    }
}
