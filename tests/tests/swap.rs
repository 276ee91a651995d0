//! An app does not notice where its secrets come from: under the same manifest with another
//! backend it gets the same environment, to the byte. The backends are one that is built in, two
//! of this repository's components, and the example plugins in every language.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::Path;

use secret_run_tests::{
    Consul, Etcd, PluginStore, Project, Response, SecretServer, example_plugin, repository, sha256,
};

const TOKEN: &str = "dummy-token-of-the-store-83b0";

/// What the app needs; only what `store` is differs.
const MANIFEST: &str = r##"version = 1
[environments.development]
backend = "store"
[secrets.DATABASE_URL]
key = "database-url"
validate = "postgres-url"
[secrets.TLS_KEY]
key = "tls/key"
[secrets.API_KEY]
key = "settings#api.key"
[secrets.API_URL]
compose = "https://app:{API_KEY}@api.example.com/"
[secrets.LETTERS]
key = "letters"
[secrets.JWT_SECRET]
key = "jwt"
previous = { name = "JWT_SECRET_PREVIOUS", grace = "48h" }
[secrets.ABSENT]
key = "absent"
required = false
[secrets.ALSO_API_KEY]
key = "settings#api.key"
"##;

/// What every store holds.
const DOCUMENTS: &[(&str, &str)] = &[
    (
        "database-url",
        "postgres://app:dummy-pw-51c7@db.example.com/app",
    ),
    (
        "tls/key",
        "-----BEGIN DUMMY KEY-----\nZHVtbXk=\n\n-----END DUMMY KEY-----",
    ),
    (
        "settings",
        r#"{"api": {"key": "dummy key/with?signs&", "n": 1}}"#,
    ),
    ("letters", "dümmy ☃ \u{1f511} \"quoted\" \\ $HOME %20"),
    ("jwt", "ZHVtbXktand0LXNlY3JldC1ub3c"),
    ("JWT_SECRET_PREVIOUS", "ZHVtbXktand0LXNlY3JldC1iZWZvcmU"),
];

/// The environment of a command, each variable as the kernel has it.
type Environment = BTreeSet<Vec<u8>>;

/// What the command gets when `store` is as these lines say. The launcher has these variables
/// besides; `prepare` puts files into the project.
fn environment(
    lines: &str,
    variables: &[(&str, &OsStr)],
    prepare: impl FnOnce(&Project),
) -> Environment {
    let project = Project::new();
    project.write("secrets.toml", format!("{MANIFEST}{lines}"));
    prepare(&project);
    let mut launcher = project.launcher().env("OTHER", "kept");
    for (name, value) in variables {
        launcher = launcher.env(name, value);
    }
    let outcome = launcher.command(["env", "-0"]).run();
    outcome.exits_with(0);
    for (name, value) in variables {
        if *name == "STORE_TOKEN" {
            outcome.shows_no(&value.to_string_lossy());
        }
    }
    let variables = outcome.stdout.split(|byte| *byte == 0);
    let variables = variables.filter(|variable| {
        // Where compiled plugins are is the launcher's business, and is said to all the same.
        !variable.is_empty() && !variable.starts_with(b"SECRET_RUN_PLUGINS=")
    });
    variables.map(<[u8]>::to_vec).collect()
}

/// What the command gets from files, without any plugin.
fn from_files() -> Environment {
    let lines = "[backends.store]\nkind = \"file\"\ndirectory = \"store\"\n";
    environment(lines, &[], |project| {
        for (path, content) in DOCUMENTS {
            project.write(&format!("store/{path}"), content);
        }
    })
}

/// What the command gets from a component that may talk to `origin`, with more lines for it. They
/// may name the token, as `{STORE_TOKEN}`.
fn from_plugin(component: &Path, origin: &str, more: &str, token: &str) -> Environment {
    let store = PluginStore::with(Path::new(env!("CARGO_TARGET_TMPDIR")), &[component]);
    let lines = format!(
        "[backends.store]\nkind = \"plugin\"\nplugin = \"p\"\n\
         [plugins.p]\ncomponent = \"p.wasm\"\nsha256 = \"{}\"\nsettings.address = \"{origin}\"\n\
         allow.http = [\"{origin}\"]\nallow.private-addresses = [\"{origin}\"]\n{more}",
        sha256(component)
    );
    let mut variables = vec![("SECRET_RUN_PLUGINS", store.folder().as_os_str())];
    if more.contains("STORE_TOKEN") {
        variables.push(("STORE_TOKEN", OsStr::new(token)));
    }
    environment(&lines, &variables, |project| {
        // The same file as last time need not be read again.
        symlink(component, project.path("p.wasm")).expect("a link can be made");
    })
}

#[track_caller]
fn assert_same(found: &Environment) {
    let wanted = from_files();
    let text = |variable: &&Vec<u8>| String::from_utf8_lossy(variable).into_owned();
    let lacks: Vec<_> = wanted.difference(found).map(|it| text(&it)).collect();
    let besides: Vec<_> = found.difference(&wanted).map(|it| text(&it)).collect();
    assert!(
        lacks.is_empty() && besides.is_empty(),
        "the environment lacks {lacks:#?}\nand has besides {besides:#?}"
    );
}

#[test]
fn files_give_what_the_others_are_held_against() {
    let environment = from_files();
    let has = |variable: &str| environment.contains(variable.as_bytes());
    assert!(has(
        "DATABASE_URL=postgres://app:dummy-pw-51c7@db.example.com/app"
    ));
    assert!(has("API_KEY=dummy key/with?signs&"));
    assert!(has("ALSO_API_KEY=dummy key/with?signs&"));
    assert!(has(
        "API_URL=https://app:dummy%20key%2Fwith%3Fsigns%26@api.example.com/"
    ));
    assert!(has("JWT_SECRET_PREVIOUS=ZHVtbXktand0LXNlY3JldC1iZWZvcmU"));
    assert!(has("OTHER=kept"));
    assert!(
        !environment
            .iter()
            .any(|variable| variable.starts_with(b"ABSENT="))
    );
}

#[test]
fn etcd_gives_the_same() {
    let etcd = Etcd::start();
    for (path, content) in DOCUMENTS {
        etcd.put(path, content);
    }
    // An etcd without authentication takes no token.
    let component = repository("plugins/dist/etcd.wasm");
    assert_same(&from_plugin(&component, &etcd.url(), "", ""));
}

#[test]
fn consul_gives_the_same() {
    let consul = Consul::start();
    for (path, content) in DOCUMENTS {
        consul.put(path, content);
    }
    let token = consul.token("key_prefix \"\" { policy = \"read\" }");
    let origin = consul.url();
    let component = repository("plugins/dist/consul-kv.wasm");
    let more = format!(
        "credentials.\"{origin}\" = {{ header = \"x-consul-token\", value = \"{{STORE_TOKEN}}\" }}\n"
    );
    assert_same(&from_plugin(&component, &origin, &more, &token));
}

/// The example of that name gives the same, from a server that wants the credential.
fn assert_example(name: &str, grants: &str) {
    let component = example_plugin(name);
    let server = SecretServer::start();
    for (path, content) in DOCUMENTS {
        let response = Response::new(200).header("x-version", "3").body(content);
        let bearer = format!("Bearer {TOKEN}");
        let response = response.only_with("authorization", &bearer, Response::new(401));
        server.answer(&format!("/secrets/{path}"), response);
    }
    let origin = server.origin();
    let more = format!("{grants}credentials.\"{origin}\".bearer = \"{{STORE_TOKEN}}\"\n");
    assert_same(&from_plugin(&component, &origin, &more, TOKEN));
    // One question for each document, whatever asks for it, and for the one that is not there.
    assert_eq!(server.requests().len(), DOCUMENTS.len() + 1);
}

#[test]
fn a_plugin_in_c_gives_the_same() {
    assert_example("c", "");
}

#[test]
fn a_plugin_in_go_gives_the_same() {
    // Go's runtime imports files whether a program has any or not.
    assert_example("go", "allow.inert = [\"filesystem\"]\n");
}

#[test]
fn a_plugin_in_javascript_gives_the_same() {
    assert_example("javascript", "");
}

#[test]
fn a_plugin_in_javascript_with_fetch_gives_the_same() {
    assert_example("javascript-fetch", "");
}

#[test]
fn a_plugin_in_python_gives_the_same() {
    assert_example("python", "");
}

#[test]
fn a_plugin_in_rust_gives_the_same() {
    assert_example("rust", "");
}
