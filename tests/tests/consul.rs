//! The plugin consul-kv under the built launcher, with a Consul that denies what no token allows.

use std::path::Path;

use secret_run_tests::{Consul, DATACENTER, Fault, Launcher, Link, Outcome, PluginProject};

const VALUE: &str = "dummy-value-of-consul-5cc1";
const READ_APP: &str = "key_prefix \"app/\" { policy = \"read\" }";

/// A project that reads from this address with the token of `CONSUL_TOKEN`.
fn project(address: &str, settings: &str, entries: &str) -> PluginProject {
    let plugin = format!(
        "settings = {{ address = \"{address}\"{settings} }}\n\
         allow.http = [\"{address}\"]\nallow.private-addresses = [\"{address}\"]\n\
         credentials.\"{address}\" = {{ header = \"x-consul-token\", value = \"{{CONSUL_TOKEN}}\" }}"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    PluginProject::new(folder, "consul-kv", &plugin, entries)
}

fn with<'a>(project: &'a PluginProject, token: &str) -> Launcher<'a> {
    project.launcher().env("CONSUL_TOKEN", token)
}

/// What a run refuses, and that it tells neither a value nor the token.
#[track_caller]
fn refused(project: &PluginProject, token: &str, kinds: &[&str]) -> Outcome {
    let outcome = project.refuses(with(project, token), kinds);
    outcome.shows_no(VALUE).shows_no(token);
    outcome
}

/// One entry `KEY` of this reference.
fn entry(key: &str) -> String {
    format!("[secrets.KEY]\nkey = \"{key}\"\n")
}

#[test]
fn the_command_gets_what_consul_holds() {
    let consul = Consul::start();
    let pem = "-----BEGIN DUMMY-----\nline two\nschlüssel\n-----END DUMMY-----";
    consul.put("app/token", VALUE);
    consul.put("app/key", pem);
    consul.put(
        "app/settings",
        r#"{"db":{"password":"dummy-password","port":5432}}"#,
    );
    // A folder and a key beside it, and characters that mean something in a URL.
    consul.put("app/token/old", "dummy-old");
    consul.put("app/a%20b%3Fc%3Dd%25%23%C3%BC", "dummy-odd");
    let token = consul.token(READ_APP);
    let project = project(
        &consul.url(),
        "",
        "[secrets.TOKEN]\nkey = \"app/token\"\n\
         [secrets.OLD]\nkey = \"app/token/old\"\n\
         [secrets.PEM]\nkey = \"app/key\"\n\
         [secrets.PASSWORD]\nkey = \"app/settings#db.password\"\n\
         [secrets.PORT]\nkey = \"app/settings#db.port\"\n\
         [secrets.URL]\ncompose = \"https://app:{PASSWORD}@example.com:{PORT}/\"\n\
         [secrets.ODD]\nkey = { path = \"app/a b?c=d%#ü\" }\n\
         [secrets.ABSENT]\nkey = \"app/absent\"\nrequired = false\n",
    );
    for (name, value) in [
        ("TOKEN", VALUE),
        ("OLD", "dummy-old"),
        ("PEM", pem),
        ("PASSWORD", "dummy-password"),
        ("PORT", "5432"),
        ("URL", "https://app:dummy-password@example.com:5432/"),
        ("ODD", "dummy-odd"),
    ] {
        let outcome = with(&project, &token).command(["printenv", name]).run();
        outcome.exits_with(0).shows_no(&token);
        assert_eq!(outcome.stdout(), format!("{value}\n"));
    }
    for name in ["ABSENT", "CONSUL_TOKEN"] {
        let outcome = with(&project, &token).command(["printenv", name]).run();
        outcome.exits_with(1);
    }
}

#[test]
fn every_byte_of_a_value_arrives() {
    let consul = Consul::start();
    let bytes: Vec<u8> = (0..=255).cycle().take(64 * 1024 + 1).collect();
    consul.put("app/binary", &bytes);
    let token = consul.token(READ_APP);
    let entries = "[secrets.BINARY]\nkey = \"app/binary\"\ndeliver = \"file\"\n";
    let project = project(&consul.url(), "", entries);
    let run = with(&project, &token).command(["sh", "-c", "cat \"$BINARY_FILE\""]);
    let outcome = run.run();
    outcome.exits_with(0);
    assert!(outcome.stdout == bytes, "not what Consul holds");
}

#[test]
fn what_is_absent_or_empty_is_missing() {
    let consul = Consul::start();
    consul.put("app/empty", "");
    consul.put("app/folder/key", VALUE);
    let token = consul.token(READ_APP);
    for key in ["app/absent", "app/empty", "app/folder", "app/folder/"] {
        let project = project(&consul.url(), "", &entry(key));
        let outcome = refused(&project, &token, &["missing-value"]);
        outcome.stderr_has("KEY");
    }
}

#[test]
fn a_token_reads_what_its_policy_allows() {
    let consul = Consul::start();
    consul.put("app/key", VALUE);
    consul.put("other/key", VALUE);
    let token = consul.token(READ_APP);
    let entries = "[secrets.MINE]\nkey = \"app/key\"\n[secrets.THEIRS]\nkey = \"other/key\"\n\
                   [secrets.SPARED]\nkey = \"other/absent\"\nrequired = false\n";
    let project = self::project(&consul.url(), "", entries);
    // Also what is not there: Consul does not say so to a token that may not look.
    let kinds = ["plugin-access-denied", "plugin-access-denied"];
    let outcome = refused(&project, &token, &kinds);
    let problems = outcome.problems();
    let named = |name: &str| problems.iter().any(|it| it.to_string().contains(name));
    assert!(
        named("THEIRS") && named("SPARED") && !named("MINE"),
        "{outcome:?}"
    );
    for problem in &problems {
        assert!(problem["hint"].is_string(), "{problem}");
        assert_eq!(problem["file"], "secrets.toml");
        // Consul names the accessor of a token in what it says.
        assert!(!problem.to_string().contains("AccessorID"), "{problem}");
    }
}

#[test]
fn a_token_that_consul_does_not_know_is_told_from_one_that_may_not() {
    let consul = Consul::start();
    consul.put("app/key", VALUE);
    let project = project(&consul.url(), "", &entry("app/key"));
    for unknown in ["dummy-token-7d20", "d0d0d0d0-0000-4000-8000-00000000ffff"] {
        refused(&project, unknown, &["plugin-unauthenticated"]);
    }
    refused(
        &project,
        &consul.token("key_prefix \"other/\" { policy = \"write\" }"),
        &["plugin-access-denied"],
    );

    // Without a credential in the manifest, no token is sent.
    let url = consul.url();
    let plugin = format!(
        "settings.address = \"{url}\"\nallow.http = [\"{url}\"]\n\
         allow.private-addresses = [\"{url}\"]"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let project = PluginProject::new(folder, "consul-kv", &plugin, &entry("app/key"));
    let outcome = project.refuses(project.launcher(), &["plugin-unauthenticated"]);
    outcome.shows_no(VALUE).stderr_has("no token");
}

#[test]
fn settings_choose_the_datacenter_and_the_namespace() {
    let consul = Consul::start();
    consul.put("app/key", VALUE);
    let token = consul.token(READ_APP);
    let own = format!(", datacenter = \"{DATACENTER}\"");
    let project = project(&consul.url(), &own, &entry("app/key"));
    let outcome = with(&project, &token).command(["printenv", "KEY"]).run();
    outcome.exits_with(0).stdout_has(VALUE);

    // To Consul a datacenter that it does not know may be one that it can't reach now, and an
    // optional entry is not absent for it.
    let entries = format!("{}required = false\n", entry("app/key"));
    let other = ", datacenter = \"dummy-elsewhere\"";
    let project = self::project(&consul.url(), other, &entries);
    refused(&project, &token, &["plugin-unavailable"]);
    // Only Consul Enterprise has namespaces.
    let namespace = ", namespace = \"dummy-team\"";
    let project = self::project(&consul.url(), namespace, &entries);
    refused(&project, &token, &["plugin-other"]);
}

#[test]
fn a_reference_that_consul_cannot_have_is_refused() {
    let consul = Consul::start();
    consul.put("app/key", VALUE);
    let token = consul.token(READ_APP);
    for key in ["app/key?version=7", "app/../app/key", "app/./key"] {
        let project = project(&consul.url(), "", &entry(key));
        let outcome = project.refuses(with(&project, &token), &["plugin-invalid-reference"]);
        outcome.shows_no(VALUE);
    }
}

#[test]
fn a_consul_that_goes_away_is_no_absent_value() {
    const COUNT: usize = 100;
    let consul = Consul::start();
    let mut entries = String::new();
    for index in 0..COUNT {
        consul.put(&format!("app/key-{index}"), format!("dummy-{index}"));
        entries.push_str(&format!(
            "[secrets.KEY_{index}]\nkey = \"app/key-{index}\"\nrequired = false\n"
        ));
    }
    let token = consul.token(READ_APP);
    let link = Link::to(consul.address());
    let project = project(&format!("http://{}", link.address()), "", &entries);
    let outcome = with(&project, &token).command(["env"]).run();
    outcome.exits_with(0).shows_no(&token);
    for index in 0..COUNT {
        outcome.stdout_has(&format!("KEY_{index}=dummy-{index}\n"));
    }

    // In the middle of an answer, and after several on the same connection. All that is known
    // then is that nobody knows.
    for fault in [Fault::CutAfter(100), Fault::ResetAfter(300)] {
        let link = Link::to(consul.address()).fault(fault);
        let project = self::project(&format!("http://{}", link.address()), "", &entries);
        let outcome = refused_by_some(&project, &token);
        assert!(!outcome.problems().is_empty(), "{outcome:?}");
    }
    drop(consul);
    let outcome = refused_by_some(&project, &token);
    assert_eq!(outcome.problems().len(), COUNT);
}

/// The command is not started, since Consul is not there for one entry or more.
#[track_caller]
fn refused_by_some(project: &PluginProject, token: &str) -> Outcome {
    let outcome = with(project, token)
        .command(project.project().marker())
        .run();
    assert!(!project.project().started(), "{outcome:?}");
    outcome.exits_with(125).shows_no(token);
    for problem in outcome.problems() {
        assert_eq!(problem["kind"], "plugin-unavailable", "{problem}");
    }
    outcome
}

#[test]
fn the_plugin_keeps_the_contract_with_consul_also_where_it_writes() {
    let consul = Consul::start();
    consul.put("app/first", VALUE);
    consul.put("app/second", "dummy-second");
    let token = consul.token("key_prefix \"app/\" { policy = \"write\" }");
    let project = project(&consul.url(), "", &entry("app/first"));
    let words = [
        "plugin",
        "test",
        "consul-kv",
        "--format",
        "json",
        "--reference",
        "app/first",
        "--reference",
        "app/second",
        "--missing",
        "app/absent",
        "--write-to",
        "app/written",
    ];
    let outcome = with(&project, &token).args(words).run();
    outcome.exits_with(0).shows_no(VALUE).shows_no(&token);
    let report = outcome.stdout_json();
    let checks = report["checks"].as_array().expect("there are checks");
    let names: Vec<_> = checks.iter().filter_map(|it| it["name"].as_str()).collect();
    for name in ["existing", "missing", "order", "writer", "outage-silent"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for check in checks {
        assert_eq!(check["verdict"], "passed", "{check}");
    }

    // What may only be read is not written.
    let token = consul.token(READ_APP);
    let outcome = with(&project, &token).args(words).run();
    outcome.shows_no(VALUE).shows_no(&token);
    let report = outcome.stdout_json();
    assert_eq!(report["ok"], false, "{report}");
    let checks = report["checks"].as_array().expect("there are checks");
    let failed: Vec<_> = checks
        .iter()
        .filter(|it| it["verdict"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["name"], "writer");
}
