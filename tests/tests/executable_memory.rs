//! A launcher that may make no memory executable, as a service of systemd with
//! `MemoryDenyWriteExecute=yes`.

use std::fs;
use std::path::Path;

use secret_run_tests::{Launcher, PluginStore, Project, SecretServer, consul_entry, repository};

const VALUE: &str = "dummy-value-of-consul-5cc1";

/// The launcher under the filter.
fn hardened(project: &Project) -> Launcher<'_> {
    let wrapper = [env!("CARGO_BIN_EXE_no-executable-memory")];
    Launcher::under(project, &wrapper).args(["--error-format", "json"])
}

#[test]
fn a_plugin_says_what_forbids_it_and_nothing_is_sent() {
    let component = repository("plugins/dist/consul-kv.wasm");
    let store = PluginStore::with(Path::new(env!("CARGO_TARGET_TMPDIR")), &[&component]);
    let server = SecretServer::start();
    server.answer("/v1/kv/app/key", consul_entry("app/key", VALUE));
    let origin = server.origin();
    let project = Project::new();
    let wasm = fs::read(component).expect("the component can be read");
    project.write("consul-kv.wasm", wasm);
    let manifest = format!(
        "version = 1\n\
         [backends.store]\nkind = \"plugin\"\nplugin = \"consul-kv\"\n\
         [plugins.consul-kv]\ncomponent = \"consul-kv.wasm\"\nsettings.address = \"{origin}\"\n\
         allow.http = [\"{origin}\"]\nallow.private-addresses = [\"{origin}\"]\n\
         [secrets.KEY]\nfrom = \"store:app/key\"\n"
    );
    project.write("secrets.toml", manifest);

    let empty = project.path("empty");
    for (folder, more) in [(store.folder(), &[][..]), (&empty, &["--allow-compile"])] {
        let run = hardened(&project)
            .env("SECRET_RUN_PLUGINS", folder)
            .args(more);
        let outcome = run.command(project.marker()).run();
        outcome.exits_with(125).shows_no(VALUE);
        assert!(!project.started(), "{outcome:?}");
        assert_eq!(outcome.problems().len(), 1, "{outcome:?}");
        let problem = outcome.problem("plugin-memory-not-executable");
        let hint = problem["hint"].as_str().expect("there is a hint");
        assert!(hint.contains("MemoryDenyWriteExecute="), "{hint}");
    }
    assert!(server.requests().is_empty());

    // The same without the filter.
    let run = project.launcher().env("SECRET_RUN_PLUGINS", store.folder());
    let outcome = run.command(["printenv", "KEY"]).run();
    outcome.exits_with(0).stdout_has(VALUE);
}

#[test]
fn the_standard_rules_run() {
    let project = Project::new();
    let manifest = "version = 1\n[secrets.KEY]\nvalidate = \"hex\"\n";
    project.write("secrets.toml", manifest);
    for (value, code) in [("abcdef0123", 0), ("dummy-no-hex", 125)] {
        project.write(".env", format!("KEY={value}\n"));
        let outcome = hardened(&project).command(["printenv", "KEY"]).run();
        outcome.exits_with(code).stderr_has_no(value);
    }
}
