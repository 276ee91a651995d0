//! Values made of others, fields of documents, and what depends on what.

use proptest::prelude::*;
use proptest::test_runner::Config;
use secret_run_tests::{Launcher, Outcome, Project};
use url::Url;

/// A project whose secrets are in files, which hold any text.
fn project(entries: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::new();
    let manifest = format!(
        "version = 1\n[environments.development]\nbackend = \"mounts\"\n[backends.mounts]\n\
         kind = \"file\"\ndirectory = \"mounts\"\n{entries}\n"
    );
    project
        .write("secrets.toml", manifest)
        .write("mounts/UNUSED", "x");
    for (name, content) in files {
        project.write(&format!("mounts/{name}"), content);
    }
    project
}

/// The value of a variable of the command.
#[track_caller]
fn value(project: &Project, name: &str) -> String {
    let outcome = project.launcher().command(["printenv", "-0", name]).run();
    let value = outcome.exits_with(0).stdout();
    value
        .strip_suffix('\0')
        .expect("`printenv -0` ends each value")
        .to_owned()
}

#[track_caller]
fn refused(project: &Project, kind: &str) -> Outcome {
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem(kind);
    assert!(!project.started());
    outcome
}

// URLs.

const URL: &str = "[secrets.USER]\n[secrets.PASSWORD]\n[secrets.PATH_PART]\n[secrets.QUERY]\n\
    [secrets.WHOLE]\ncompose = \"redis://{USER}:{PASSWORD}@db.dummy.test:6379/{PATH_PART}?q={QUERY}&r=1#{USER}\"";

/// What a URL parser, and an application, makes of a percent-encoded part.
fn decoded(part: &str) -> String {
    // As a form would, but for `+`, which the launcher never writes for a space.
    assert!(!part.contains('+'), "{part}");
    let pairs = url::form_urlencoded::parse(part.as_bytes());
    pairs.map(|(name, _)| name.into_owned()).collect()
}

fn survives(user: &str, password: &str) {
    let files = [
        ("USER", user),
        ("PASSWORD", password),
        ("PATH_PART", password),
        ("QUERY", password),
    ];
    let project = project(URL, &files);
    let whole = Url::parse(&value(&project, "WHOLE")).expect("it is a URL");
    assert_eq!(whole.scheme(), "redis");
    assert_eq!(whole.host_str(), Some("db.dummy.test"));
    assert_eq!(whole.port(), Some(6379));
    assert_eq!(decoded(whole.username()), user);
    assert_eq!(whole.password().map(decoded).as_deref(), Some(password));
    assert_eq!(decoded(&whole.path()[1..]), password);
    let query: Vec<_> = whole.query_pairs().into_owned().collect();
    assert_eq!(
        query,
        [("q".into(), password.into()), ("r".into(), "1".into())]
    );
    assert_eq!(whole.fragment().map(decoded).as_deref(), Some(user));
}

#[test]
fn an_awkward_password_survives_everywhere_in_a_url() {
    survives("user@dummy.test", "p@ss:w/o?r#d%41&=+ ;{}[]\"'\\`<>|^~$");
    survives("a", "../../x");
    survives("ü", "密码\n\t\u{7f}");
}

proptest! {
    #![proptest_config(Config { cases: 32, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_password_survives_everywhere_in_a_url(
        user in "[^\0\r\n]{1,20}",
        // A line end at the end of a file is no part of the value.
        password in "[^\0]{0,40}[^\0\r\n]",
    ) {
        // As a whole part of a path these mean something else, however they are written.
        prop_assume!(![".", ".."].contains(&&*password));
        survives(&user, &password);
    }
}

#[test]
fn an_inserted_value_is_never_read_as_a_template() {
    let files = [("A", "{B}{{A}}{C:raw}"), ("B", "dummy-b")];
    let entries = "[secrets.A]\n[secrets.B]\n[secrets.C]\ncompose = \"<{A}>{{B}}<{B}>\"";
    let project = project(entries, &files);
    assert_eq!(value(&project, "C"), "<{B}{{A}}{C:raw}>{B}<dummy-b>");
}

#[test]
fn a_value_cannot_move_the_host_of_a_url() {
    for host in ["evil.test/", "evil.test@x", "a b", "x#", "x?y", "x\ny"] {
        let entries = "[secrets.HOST]\n[secrets.U]\ncompose = \"https://{HOST}/\"";
        let project = project(entries, &[("HOST", host)]);
        let outcome = refused(&project, "compose-host");
        assert_eq!(outcome.problem("compose-host")["secret"], "U");
        outcome.shows_no(&format!("`{host}`"));
    }
}

#[test]
fn other_encodings_are_said_outright() {
    let entries = "[secrets.A]\n[secrets.J]\ncompose = \"{{\\\"a\\\":\\\"{A:json}\\\"}}\"\n\
        [secrets.B]\ncompose = \"Basic {A:base64}\"\n[secrets.P]\ncompose = \"{A:percent}\"";
    let project = project(entries, &[("A", "a\"b\\c\n/ü")]);
    let document: serde_json::Value =
        serde_json::from_str(&value(&project, "J")).expect("it is JSON");
    assert_eq!(document["a"], "a\"b\\c\n/ü");
    assert_eq!(value(&project, "B"), "Basic YSJiXGMKL8O8");
    assert_eq!(value(&project, "P"), "a%22b%5Cc%0A%2F%C3%BC");
}

#[test]
fn composed_values_may_be_made_of_composed_values() {
    let entries = "[secrets.C]\ncompose = \"<{B}>\"\n[secrets.B]\ncompose = \"({A})\"\n[secrets.A]";
    let project = project(entries, &[("A", "dummy")]);
    assert_eq!(value(&project, "C"), "<(dummy)>");
}

#[test]
fn a_circle_is_named_in_full() {
    let entries = "[secrets.A]\ncompose = \"{B}\"\n[secrets.B]\ncompose = \"x{C}\"\n\
        [secrets.C]\ncompose = \"{A}\"\n[secrets.D]\ncompose = \"{D}\"";
    let project = project(entries, &[]);
    let outcome = project.launcher().command(project.marker()).run();
    outcome
        .exits_with(125)
        .stderr_has("A -> B -> C -> A")
        .stderr_has("D -> D");
}

#[test]
fn a_circle_that_only_one_environment_has_is_named_too() {
    let entries = "[secrets.A]\n[secrets.B]\ncompose = \"{A}\"\n\
        [environments.staging.secrets.A]\ncompose = \"{B}\"";
    let project = project(entries, &[("A", "dummy")]);
    let launcher = project.launcher().args(["check", "--offline"]);
    launcher.run().exits_with(125).stderr_has("A -> B -> A");
}

// Fields.

#[test]
fn fields_keep_their_spelling() {
    let document = r#"{"text": "a\"b\u00fc", "number": 1.50e+07, "big": 123456789012345678901234567890,
        "yes": true, "deep": {"er": {"est": "dummy-deep"}}, "list": ["x", {"y": "dummy-listed"}],
        "a/b": "slash", "object": {"b": 1,  "a": [ 2 ]}}"#;
    let fields = [
        ("T", "doc#text", "a\"bü"),
        ("N", "doc#number", "1.50e+07"),
        ("G", "doc#big", "123456789012345678901234567890"),
        ("Y", "doc#yes", "true"),
        ("D", "doc#deep.er.est", "dummy-deep"),
        ("P", "doc#/deep/er/est", "dummy-deep"),
        ("L", "doc#/list/1/y", "dummy-listed"),
        ("S", "doc#/a~1b", "slash"),
    ];
    let entries: String = fields
        .iter()
        .map(|(name, key, _)| format!("[secrets.{name}]\nkey = \"{key}\"\n"))
        .collect();
    let project = project(&entries, &[("doc", document)]);
    for (name, key, expected) in fields {
        assert_eq!(value(&project, name), expected, "{key}");
    }
}

#[test]
fn a_document_with_one_field_is_not_quoted() {
    let project = project(
        "[secrets.A]\nkey = \"doc#only\"",
        &[("doc", r#"{"only":"dummy"}"#)],
    );
    assert_eq!(value(&project, "A"), "dummy");
    // And without a field it is the document.
    let project = self::project(
        "[secrets.A]\nkey = \"doc\"",
        &[("doc", r#"{"only":"dummy"}"#)],
    );
    assert_eq!(value(&project, "A"), r#"{"only":"dummy"}"#);
}

#[test]
fn what_is_no_field_is_told_without_the_document() {
    for (document, kind) in [
        (r#"{"other":"dummy-doc-4411"}"#, "field-missing"),
        (r#"{"a":null,"b":"dummy-doc-4411"}"#, "field-null"),
        (r#"{"a":"dummy-doc-4411","a":"x"}"#, "field-ambiguous"),
        (r#"{"a":"dummy-doc-4411""#, "document-not-json"),
        ("dummy-doc-4411", "document-not-json"),
    ] {
        let project = project("[secrets.A]\nkey = \"doc#a\"", &[("doc", document)]);
        refused(&project, kind).shows_no_part_of("dummy-doc-4411", 8);
    }
}

#[test]
fn a_document_is_read_once_however_many_fields_are_used() {
    let entries: String = (0..10)
        .map(|n| format!("[secrets.A{n}]\nkey = \"doc#a{n}\"\n"))
        .collect();
    let fields: Vec<_> = (0..10).map(|n| format!("\"a{n}\":\"v{n}\"")).collect();
    let project = project(&entries, &[("doc", &format!("{{{}}}", fields.join(",")))]);
    let trace = secret_run_tests::Trace::of(&project, |launcher| launcher.command(["true"]));
    trace.outcome.exits_with(0);
    assert_eq!(trace.count("\"doc\""), 1, "{trace:#?}");
}

// What is required, and when.

const CONDITIONAL: &str = "[secrets.SMTP_PASS]\nrequired = { when = { EMAIL = [\"true\", \"yes\"] } }\n\
    [config.EMAIL]\ndefault = \"false\"\n[secrets.OPTIONAL]\nrequired = false";

#[test]
fn a_conditional_secret_is_required_when_its_condition_holds() {
    let project = project(CONDITIONAL, &[]);
    let run = |launcher: Launcher<'_>| {
        launcher
            .command(["sh", "-c", "echo ${SMTP_PASS-unset}"])
            .run()
    };
    run(project.launcher()).exits_with(0).stdout_has("unset\n");
    for (email, code) in [("true", 125), ("yes", 125), ("TRUE", 0), ("false", 0)] {
        run(project.launcher().env("EMAIL", email)).exits_with(code);
    }
    project.write("mounts/SMTP_PASS", "dummy");
    run(project.launcher().env("EMAIL", "true"))
        .exits_with(0)
        .stdout_has("dummy\n");
}

#[test]
fn an_absent_optional_secret_is_not_set_and_no_problem() {
    let project = project(CONDITIONAL, &[]);
    let outcome = project.launcher().command(["printenv", "OPTIONAL"]).run();
    outcome.exits_with(1);
    assert_eq!(outcome.stderr(), "");
}

#[test]
fn an_optional_secret_that_is_there_must_be_right() {
    let entries = "[secrets.A]\nrequired = false\nvalidate = \"hex\"";
    let project = project(entries, &[("A", "dummy-no-hex")]);
    refused(&project, "invalid-value").shows_no("dummy-no-hex");
}

#[test]
fn what_is_composed_of_an_absent_part_is_absent_or_told() {
    let entries = "[secrets.PART]\nrequired = false\n[secrets.WHOLE]\ncompose = \"<{PART}>\"\n";
    let optional = project(&format!("{entries}required = false"), &[]);
    optional
        .launcher()
        .command(["printenv", "WHOLE"])
        .run()
        .exits_with(1);
    let required = project(entries, &[]);
    assert_eq!(refused(&required, "missing-part").problems().len(), 1);
}

#[test]
fn what_is_composed_of_an_absent_part_takes_its_default() {
    let entries = "[config.HOST]\nkey = \"host\"\nrequired = false\n\
        [config.URL]\ncompose = \"http://{HOST}/\"\ndefault = \"http://localhost/\"\n\
        [config.BOTH]\ncompose = \"{URL},{HOST}\"\n\
        [environments.development.config.BOTH]\ndefault = \"none\"\n";
    let absent = project(entries, &[]);
    assert_eq!(value(&absent, "URL"), "http://localhost/");
    assert_eq!(value(&absent, "BOTH"), "none");
    let present = project(entries, &[("host", "h")]);
    assert_eq!(value(&present, "URL"), "http://h/");
    assert_eq!(value(&present, "BOTH"), "http://h/,h");
}

// Configuration.

#[test]
fn configuration_has_defaults_which_environments_change_and_the_process_overrides() {
    let entries = "[config.PORT]\ndefault = \"8080\"\n[environments.staging]\nbackend = \"mounts\"\n\
        [environments.staging.config.PORT]\ndefault = \"9090\"";
    let project = project(entries, &[]);
    let run = |launcher: Launcher<'_>| launcher.command(["printenv", "PORT"]).run();
    run(project.launcher()).exits_with(0).stdout_has("8080\n");
    run(project.launcher().args(["--env", "staging"]))
        .exits_with(0)
        .stdout_has("9090\n");
    run(project.launcher().env("PORT", "1"))
        .exits_with(0)
        .stdout_has("1\n");
}

#[test]
fn overrides_of_an_environment_count_there_alone() {
    let entries = "[secrets.A]\n[secrets.B]\n[environments.staging]\nbackend = \"mounts\"\n\
        [environments.staging.secrets.A]\nkey = \"other\"\n\
        [environments.staging.secrets.B]\nrequired = false";
    let project = project(entries, &[("A", "dummy-a"), ("other", "dummy-other")]);
    let run = |launcher: Launcher<'_>| launcher.command(["printenv", "A"]).run();
    run(project.launcher().args(["-e", "staging"]))
        .exits_with(0)
        .stdout_has("dummy-other\n");
    run(project.launcher()).exits_with(125).stderr_has("`B`");
    project.write("mounts/B", "dummy-b");
    run(project.launcher())
        .exits_with(0)
        .stdout_has("dummy-a\n");
}

#[test]
fn a_secret_in_configuration_is_refused() {
    let entries = "[secrets.A]\n[config.B]\ncompose = \"{A}\"";
    refused(&project(entries, &[("A", "dummy-a")]), "secret-in-config").shows_no("dummy-a");
}

// The version before.

#[test]
fn the_version_before_is_delivered_beside_the_current_one() {
    let entries =
        "[secrets.A]\nvalidate = \"hex\"\nprevious = { name = \"A_OLD\", grace = \"48h\" }";
    let project = project(entries, &[("A", "aa11")]);
    project
        .launcher()
        .command(["printenv", "A_OLD"])
        .run()
        .exits_with(1);
    project.write("mounts/A_OLD", "bb22");
    assert_eq!(value(&project, "A_OLD"), "bb22");
    assert_eq!(value(&project, "A"), "aa11");
    project.write("mounts/A_OLD", "dummy-no-hex");
    refused(&project, "invalid-value").shows_no("dummy-no-hex");
}

// What is inherited.

#[test]
fn inheritance_is_narrowed_to_a_list_or_to_nothing() {
    let names = |inherit: &str, environment: &str| {
        let project = project("[secrets.A]", &[("A", "dummy")]);
        let text = std::fs::read_to_string(project.path("secrets.toml")).expect("it was written");
        let text = text
            .replace("version = 1\n", &format!("version = 1\n{inherit}\n"))
            .replace(
                "backend = \"mounts\"\n",
                &format!("backend = \"mounts\"\n{environment}\n"),
            );
        project.write("secrets.toml", text);
        let launcher = project
            .launcher()
            .env("KEPT", "1")
            .env("LC_ALL", "C")
            .env("OTHER", "2");
        let outcome = launcher.command(["/usr/bin/env"]).run();
        let output = outcome.exits_with(0).stdout();
        let names = output.lines().filter_map(|line| line.split_once('='));
        let mut names: Vec<_> = names.map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names("", ""), "A KEPT LC_ALL OTHER PATH");
    assert_eq!(names("inherit = true", ""), "A KEPT LC_ALL OTHER PATH");
    assert_eq!(names("inherit = false", ""), "A");
    assert_eq!(names("inherit = []", ""), "A");
    assert_eq!(names("inherit = [\"KEPT\", \"LC_*\"]", ""), "A KEPT LC_ALL");
    // The environment's word counts where both say something.
    assert_eq!(names("inherit = false", "inherit = [\"PATH\"]"), "A PATH");
    assert_eq!(names("", "inherit = false"), "A");
}
