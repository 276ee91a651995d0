//! Plugins out of a registry and with a signature, from `plugin add` to the command: Debian's
//! docker-registry, and minisign itself.

#[path = "supply/author.rs"]
mod author;

use std::fs;
use std::process::Command;

use author::Author;
use secret_run_tests::{
    Etcd, Fault, Launcher, Link, Outcome, Project, Registry, digest, repository,
};

const REPOSITORY: &str = "team/rules";
const DOTENV: &str = "RPC_URL=https://rpc.example.com/dummy-key\n";

fn component() -> Vec<u8> {
    fs::read(repository("plugins/dist/standard.wasm")).expect("it is committed")
}

/// A project with a secret that the plugin `rules` judges; `lines` say what that is.
fn project(lines: &str) -> Project {
    let manifest = format!(
        "version = 1\n[secrets.RPC_URL]\nvalidate = \"rules/https-url\"\n[plugins.rules]\n{lines}\n"
    );
    Project::with(&manifest, DOTENV)
}

/// A project whose plugin is an image of this registry.
fn of_registry(name: &str, image: &str) -> Project {
    project(&format!(
        "component = \"oci://{name}/{REPOSITORY}@{image}\""
    ))
}

fn launcher(project: &Project) -> Launcher<'_> {
    let launcher = project.launcher();
    launcher.env("SECRET_RUN_PLUGINS", project.path("store"))
}

fn add(project: &Project) -> Launcher<'_> {
    launcher(project).args(["plugin", "--error-format", "json", "add", "rules"])
}

fn with_login<'a>(launcher: Launcher<'a>, password: &str) -> Launcher<'a> {
    let launcher = launcher.env("SECRET_RUN_REGISTRY_USER", Registry::USER);
    launcher.env("SECRET_RUN_REGISTRY_PASSWORD", password)
}

/// Nothing is pinned, kept or compiled of what is refused, and the login stays unsaid.
#[track_caller]
fn assert_refused(project: &Project, outcome: &Outcome, kind: &str) {
    let problem = outcome.exits_with(125).problem(kind);
    assert_eq!(problem["severity"], "error");
    outcome.shows_no(Registry::PASSWORD);
    assert!(!project.path("secrets.lock").exists());
    assert!(!project.path("store").exists(), "something is in the store");
}

fn run(project: &Project) -> Outcome {
    launcher(project).command(["env"]).run()
}

/// Removes the files of the store with this ending.
fn forget(project: &Project, extension: &str) {
    let mut count = 0;
    for folder in fs::read_dir(project.path("store")).expect("the store is there") {
        let folder = folder.expect("the store can be read").path();
        for file in fs::read_dir(folder).expect("the folder can be read") {
            let file = file.expect("the folder can be read").path();
            if file.extension().is_some_and(|it| it == extension) {
                fs::remove_file(file).expect("the file can be removed");
                count += 1;
            }
        }
    }
    assert_eq!(count, 1, "{extension}");
}

#[test]
fn a_component_of_a_registry_is_fetched_once_and_runs_without_the_registry() {
    let registry = Registry::start();
    let component = component();
    let image = registry.push(REPOSITORY, &component, None);
    let project = of_registry(&registry.name(), &image);
    add(&project)
        .run()
        .exits_with(0)
        .stdout_has("secrets.lock: pinned");
    let lock = fs::read_to_string(project.path("secrets.lock")).expect("it is written");
    let sha256 = digest(&component).replace("sha256:", "");
    assert!(lock.contains(&format!("sha256 = \"{sha256}\"")), "{lock}");
    assert!(lock.contains(&image), "{lock}");
    drop(registry);

    run(&project).exits_with(0).stdout_has(DOTENV);
    let plugin = |words: &[&str]| launcher(&project).args(["plugin"]).args(words).run();
    plugin(&["list"]).exits_with(0).stdout_has("pinned");
    plugin(&["inspect", "rules"])
        .exits_with(0)
        .stdout_has("imports nothing");

    // What was kept of the registry is compiled again without it.
    forget(&project, "cwasm");
    let json = ["--error-format", "json"];
    let missing = launcher(&project).args(json).command(["true"]).run();
    let problem = missing.exits_with(125).problem("plugin-artifact-missing");
    assert_eq!(problem["severity"], "error");
    plugin(&["compile"]).exits_with(0);
    run(&project).exits_with(0).stdout_has(DOTENV);
    let kept = project.path(&format!("store/components/{sha256}.wasm"));
    plugin(&["remove", "rules"]).exits_with(0);
    assert!(kept.exists());
    project.write("secrets.lock", lock);
    plugin(&["remove", "rules", "--purge"]).exits_with(0);
    assert!(!kept.exists());
}

#[test]
fn a_run_fetches_nothing_that_was_not_added() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, &component(), None);
    let link = Link::to(registry.address());
    let project = of_registry(&link.address().to_string(), &image);
    let outcome = launcher(&project)
        .args(["--error-format", "json"])
        .command(["true"])
        .run();
    let problem = outcome.exits_with(125).problem("plugin-not-locked");
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(message.contains("registry"), "{message}");
    assert_eq!(link.connections(), 0, "{}", outcome.stderr());
}

#[test]
fn a_run_that_may_compile_compiles_what_was_kept_of_a_registry() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, &component(), None);
    let project = of_registry(&registry.name(), &image);
    add(&project).run().exits_with(0);
    drop(registry);
    let run = |words: &[&str]| {
        let launcher = launcher(&project).args(["--error-format", "json"]);
        launcher.args(words).command(["env"]).run()
    };
    // The artifact alone is gone, or its record with it, as in another version's store.
    for (forgotten, kind) in [
        (&["cwasm"][..], "plugin-artifact-missing"),
        (&["cwasm", "json"], "plugin-not-compiled"),
    ] {
        for extension in forgotten {
            forget(&project, extension);
        }
        let problem = run(&[]).exits_with(125).problem(kind);
        assert_eq!(problem["severity"], "error");
        let told = run(&["--allow-compile"]);
        told.exits_with(0).stdout_has(DOTENV);
        // Once.
        run(&[]).exits_with(0).stdout_has(DOTENV);
    }

    // Only the pinned component is compiled, and nothing is fetched for it.
    forget(&project, "cwasm");
    let hex = digest(&component()).replace("sha256:", "");
    let kept = project.path(&format!("store/components/{hex}.wasm"));
    fs::write(&kept, b"dummy").expect("a component of one's own can be written");
    let changed = run(&["--allow-compile"]);
    let problem = changed.exits_with(125).problem("plugin-artifact-changed");
    assert_eq!(problem["severity"], "error");
    fs::remove_file(&kept).expect("a component of one's own can be removed");
    let gone = run(&["--allow-compile"]);
    let problem = gone.exits_with(125).problem("plugin-unreadable");
    let hint = problem["hint"].as_str().unwrap_or_default();
    assert!(
        hint.contains("secret-run plugin compile rules"),
        "{problem}"
    );
}

#[test]
fn a_component_of_a_registry_is_tested_as_a_run_would_take_it() {
    let (etcd, registry) = (Etcd::start(), Registry::start());
    let old = etcd.put("app/key", "dummy-value-old");
    etcd.put("app/key", "dummy-value-new");
    let wasm = fs::read(repository("plugins/dist/etcd.wasm")).expect("it is committed");
    let image = registry.push(REPOSITORY, &wasm, None);
    let (name, origin) = (registry.name(), etcd.url());
    let manifest = format!(
        "version = 1\n[plugins.rules]\ncomponent = \"oci://{name}/{REPOSITORY}@{image}\"\n\
         settings.address = \"{origin}\"\nallow.http = [\"{origin}\"]\n\
         allow.private-addresses = [\"{origin}\"]\n"
    );
    let project = Project::with(&manifest, "");
    let reference = format!("app/key?version={old}");
    let test = || {
        let words = ["--error-format", "json", "plugin", "test", "rules"];
        let launcher = launcher(&project).args(words);
        let launcher = launcher.args(["--reference", "app/key", "--reference", &reference]);
        launcher
            .args(["--missing", "app/nothing", "--format", "json"])
            .run()
    };
    let refused = |kind: &str| {
        let problem = test().exits_with(125).problem(kind);
        assert_eq!(
            (&problem["file"], &problem["line"]),
            (&"secrets.toml".into(), &2.into())
        );
        problem
    };
    refused("plugin-not-locked");
    add(&project).run().exits_with(0);
    drop(registry);

    let tested = test();
    tested.exits_with(0).shows_no("dummy-value");
    let report = tested.stdout_json();
    for name in ["existing", "missing", "order", "outage-silent"] {
        let checks = report["checks"].as_array().expect("there are checks");
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.expect("it is made")["verdict"], "passed", "{report}");
    }

    // What nobody has agreed to is not tried either.
    project.write("secrets.toml", format!("{manifest}allow.clock = true\n"));
    let problem = refused("plugin-lock-differs");
    assert!(
        problem["message"].to_string().contains("the clock"),
        "{problem}"
    );
    project.write("secrets.toml", &manifest);
    let hex = digest(&wasm).replace("sha256:", "");
    let kept = project.path(&format!("store/components/{hex}.wasm"));
    fs::write(&kept, &wasm[1..]).expect("a component of one's own can be written");
    refused("plugin-artifact-changed");
    fs::remove_file(&kept).expect("a component of one's own can be removed");
    let problem = refused("plugin-unreadable");
    let hint = problem["hint"].as_str().unwrap_or_default();
    assert!(
        hint.contains("secret-run plugin compile rules"),
        "{problem}"
    );
}

#[test]
fn a_registry_with_a_login_wants_the_right_one() {
    let registry = Registry::with_password();
    let image = registry.push(REPOSITORY, &component(), None);
    let project = of_registry(&registry.name(), &image);
    assert_refused(&project, &add(&project).run(), "oci-unauthorized");
    let login = |password: &str| {
        let launcher = with_login(add(&project), password);
        launcher.env("SECRET_RUN_REGISTRY", registry.name()).run()
    };
    assert_refused(&project, &login("dummy-other"), "oci-unauthorized");
    login(Registry::PASSWORD)
        .exits_with(0)
        .shows_no(Registry::PASSWORD);
}

#[test]
fn a_login_without_the_registry_that_it_is_for_is_refused_before_anything_is_sent() {
    let registry = Registry::with_password();
    let image = registry.push(REPOSITORY, &component(), None);
    let link = Link::to(registry.address());
    let project = of_registry(&link.address().to_string(), &image);
    let launcher = || with_login(add(&project), Registry::PASSWORD);
    for outcome in [
        launcher().run(),
        launcher().env("SECRET_RUN_REGISTRY", "https://x").run(),
    ] {
        assert_refused(&project, &outcome, "oci-credentials");
        let problem = outcome.problem("oci-credentials");
        let hint = problem["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("SECRET_RUN_REGISTRY "), "{hint}");
    }
    assert_eq!(link.connections(), 0);
}

#[test]
fn a_registry_of_the_manifest_is_asked_without_the_login_for_another() {
    let registry = Registry::with_password();
    let image = registry.push(REPOSITORY, &component(), None);
    let project = of_registry(&registry.name(), &image);
    let launcher = with_login(add(&project), Registry::PASSWORD);
    let outcome = launcher
        .env("SECRET_RUN_REGISTRY", "registry.example.com")
        .run();
    // It is the right one, and would have been taken.
    assert_refused(&project, &outcome, "oci-unauthorized");
}

#[test]
fn the_login_for_a_registry_does_not_reach_the_command() {
    let project = Project::with("version = 1\n[secrets.RPC_URL]\n", DOTENV);
    let launcher = with_login(launcher(&project), Registry::PASSWORD);
    let outcome = launcher.command(["env"]).run();
    outcome
        .exits_with(0)
        .stdout_has(DOTENV)
        .shows_no(Registry::PASSWORD)
        .shows_no("SECRET_RUN_REGISTRY_USER");
}

#[test]
fn a_registry_of_a_private_authority_is_trusted_by_its_certificate_only() {
    let (open, registry) = (Registry::start(), Registry::with_tls());
    let image = open.push(REPOSITORY, &component(), None);
    let copied = Command::new("cp")
        .arg("-rT")
        .arg(open.storage())
        .arg(registry.storage())
        .status()
        .expect("cp can be started");
    assert!(copied.success());
    let project = of_registry(&registry.name(), &image);
    let with = |authority: &[u8]| {
        project.write("authority.pem", authority);
        let file = project.path("authority.pem");
        add(&project).env("SECRET_RUN_REGISTRY_CA_FILE", file).run()
    };
    let other = Registry::with_tls().authority();
    assert_refused(&project, &with(&other), "oci-certificate");
    assert_refused(&project, &with(b"no certificate"), "oci-authority");
    let gone = add(&project).env("SECRET_RUN_REGISTRY_CA_FILE", "/nowhere/ca.pem");
    assert_refused(&project, &gone.run(), "registry-authority");
    with(&registry.authority()).exits_with(0);
    run(&project).exits_with(0).stdout_has(DOTENV);
}

#[test]
fn what_does_not_come_whole_is_not_added() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, &component(), None);
    let absent = of_registry(&registry.name(), &digest(b"other"));
    assert_refused(&absent, &add(&absent).run(), "oci-not-found");

    let link = Link::to(registry.address()).fault(Fault::CutAfter(100_000));
    let cut = of_registry(&link.address().to_string(), &image);
    assert_refused(&cut, &add(&cut).run(), "oci-unreachable");

    let tag = project(&format!(
        "component = \"oci://{}/{REPOSITORY}:latest\"",
        registry.name()
    ));
    add(&tag).run().exits_with(125).stderr_has("sha256");
}

/// A project whose plugin is a file that this author must have signed.
fn signed_by(author: &Author) -> Project {
    let lines = format!(
        "component = \"rules.wasm\"\nsigned-by = \"{}\"",
        author.key()
    );
    let project = project(&lines);
    project.write("rules.wasm", component());
    project
}

#[test]
fn a_component_that_its_author_signed_is_added_and_runs() {
    let author = Author::new();
    let project = signed_by(&author);
    project.write("rules.wasm.minisig", author.sign(&component()));
    add(&project).run().exits_with(0);
    run(&project).exits_with(0).stdout_has(DOTENV);
}

#[test]
fn a_component_whose_signature_nobody_has_verified_does_not_run() {
    let author = Author::new();
    let project = signed_by(&author);
    let json = ["--error-format", "json", "--allow-compile"];
    let run = || launcher(&project).args(json).command(["env"]).run();
    let refused = run();
    refused.exits_with(125).shows_no(DOTENV);
    let problem = refused.problem("plugin-not-locked");
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(message.contains("signature"), "{message}");
    // A digest does not stand in for it.
    let sha256 = digest(&component()).replace("sha256:", "");
    let manifest = fs::read_to_string(project.path("secrets.toml")).expect("it is there");
    project.write("secrets.toml", format!("{manifest}sha256 = \"{sha256}\"\n"));
    let problem = run().exits_with(125).problem("plugin-not-locked");
    assert_eq!(problem["severity"], "error");

    project.write("secrets.toml", manifest);
    project.write("rules.wasm.minisig", author.sign(&component()));
    add(&project).run().exits_with(0);
    run().exits_with(0).stdout_has(DOTENV);
}

#[test]
fn the_signature_comes_from_the_registry_with_the_component() {
    let (author, registry) = (Author::new(), Registry::start());
    let lines = |image: &str| {
        let name = registry.name();
        let key = author.key();
        format!("component = \"oci://{name}/{REPOSITORY}@{image}\"\nsigned-by = \"{key}\"")
    };
    let component = component();
    let unsigned = registry.push(REPOSITORY, &component, None);
    let unsigned = project(&lines(&unsigned));
    assert_refused(&unsigned, &add(&unsigned).run(), "signature-missing");
    let signature = author.sign(&component);
    let signed = registry.push(REPOSITORY, &component, Some(&signature));
    let signed = project(&lines(&signed));
    add(&signed).run().exits_with(0);
    run(&signed).exits_with(0).stdout_has(DOTENV);
}

#[test]
fn a_signature_that_is_missing_or_of_something_else_adds_nothing() {
    let (author, other) = (Author::new(), Author::new());
    let component = component();
    let mut changed = component.clone();
    // A section that nothing reads: the component does the same, and is another.
    changed.extend([0, 2, 1, b'x']);
    for (signature, kind) in [
        (None, "signature-missing"),
        (Some(other.sign(&component)), "signature-invalid"),
        (Some(author.sign(&changed)), "signature-invalid"),
        (Some("dummy".to_owned()), "signature-invalid"),
        (
            Some("untrusted comment: x\n".repeat(100_000)),
            "signature-invalid",
        ),
    ] {
        let project = signed_by(&author);
        if let Some(signature) = signature {
            project.write("rules.wasm.minisig", signature);
        }
        assert_refused(&project, &add(&project).run(), kind);
    }
    let project = signed_by(&author);
    project.write("rules.wasm.minisig", author.sign(&component));
    project.write("rules.wasm", changed);
    assert_refused(&project, &add(&project).run(), "signature-invalid");
}
