//! Mistakes in a manifest: all of them, each with its place, and never a value that was
//! written there by mistake.

use secret_run_tests::{Outcome, Project};

/// A value that does not belong into a manifest.
const SLIP: &str = "dummy-slip-d41d8c";

fn run(manifest: &str) -> Outcome {
    let project = Project::with(manifest, "A=dummy\n");
    let outcome = project.launcher().command(project.marker()).run();
    outcome.exits_with(125).shows_no_part_of(SLIP, 8);
    assert!(!project.started());
    let launcher = project.launcher().args(["--error-format", "json"]);
    let json = launcher.command(project.marker()).run();
    json.exits_with(125).shows_no_part_of(SLIP, 8);
    assert!(!json.problems().is_empty());
    outcome
}

/// The number of the line that an excerpt begins with, the line, and its carets.
fn excerpt(outcome: &Outcome, line: usize) -> Option<(String, String)> {
    let text = outcome.stderr();
    let mut lines = text.lines().map(str::to_owned);
    let found = lines.find(|shown| shown.trim_start().starts_with(&format!("{line} |")))?;
    let carets = lines.next()?;
    Some((found, carets))
}

#[test]
fn several_mistakes_are_told_at_once_with_line_column_and_caret() {
    let manifest = "version = 1\n\n[secrets.A]\nvalidat = \"hex\"\n\n[secrets.B]\nrequired = \"yes\"\n\n\
        [environments.dev]\nbackend = \"dotenv\"\n\n[secrets.1X]\n";
    let outcome = run(manifest);
    outcome
        .stderr_has("secrets.toml:4:1")
        .stderr_has("did you mean `validate`?")
        .stderr_has("secrets.toml:7:12")
        .stderr_has("secrets.toml:10:11")
        .stderr_has("secrets.toml:12:10")
        .stderr_has("4 problems; the command was not started");
    let (line, carets) = excerpt(&outcome, 4).expect("an excerpt of line 4");
    let key = line.find("validat").expect("the key is shown");
    assert_eq!(carets.find('^'), Some(key), "{outcome:?}");
    assert_eq!(carets.matches('^').count(), "validat".len(), "{outcome:?}");
}

#[test]
fn problems_as_json_have_line_and_column_too() {
    let project = Project::with("version = 1\n[secrets.A]\nvalidat = \"hex\"\n", "");
    let launcher = project.launcher().args(["--error-format", "json"]);
    let problem = launcher
        .command(project.marker())
        .run()
        .problem("unknown-key");
    assert_eq!(
        (&problem["line"], &problem["column"]),
        (&3.into(), &1.into())
    );
    assert_eq!(problem["file"], "secrets.toml");
}

#[test]
fn a_value_behind_an_unknown_key_is_not_shown() {
    for line in [
        format!("pasword = \"{SLIP}\""),
        format!("pasword = '{SLIP}'"),
        format!("pasword = \"\"\"\n{SLIP}\n\"\"\""),
        format!("pasword = [\"{SLIP}\"]"),
        format!("pasword = {{ a = \"{SLIP}\" }}"),
        format!("a.b = \"{SLIP}\""),
        format!("a.b.c = [[{{ d = \"{SLIP}\" }}]]"),
    ] {
        run(&format!("version = 1\n[secrets.A]\n{line}\n")).stderr_has("secrets.toml:");
        run(&format!("version = 1\n{line}\n[secrets.A]\n")).stderr_has("secrets.toml:");
    }
}

#[test]
fn a_value_where_a_declaration_belongs_is_refused_and_not_shown() {
    for line in [
        format!("default = \"{SLIP}\""),
        format!("value = \"{SLIP}\""),
        format!("default.a = \"{SLIP}\""),
        format!("required = \"{SLIP}\""),
        format!("required.a = \"{SLIP}\""),
        format!("tier = \"{SLIP}\""),
    ] {
        run(&format!("version = 1\n[secrets.A]\n{line}\n")).stderr_has("secrets.toml:3:");
        let changed = format!("version = 1\n[secrets.A]\n[environments.x.secrets.A]\n{line}\n");
        run(&changed).stderr_has("secrets.toml:");
    }
    run(&format!("version = 1\n[secrets]\nA = \"{SLIP}\"\n")).stderr_has("secrets.toml:3:");
    for line in [
        r#"from = "postgres://admin:SLIP@db/prod""#,
        r#"from = "SLIP""#,
        r#"from = "SLIP:a""#,
        r#"from = "SLIP x:a""#,
        r#"from = "d:SLIP?x""#,
        r#"from = { backend = "gone", path = "SLIP" }"#,
        r#"from = { backend = "x y", path = "SLIP" }"#,
        r#"from = { backend = "d", path = "SLIP", field = "a..b" }"#,
        r#"from = { backend = "d", path = "" , version = "SLIP" }"#,
        r#"from = { path = "SLIP" }"#,
        r#"from = { backend = "d", version = "SLIP" }"#,
        r#"key = "SLIP ""#,
        r#"key = "SLIP#""#,
        r#"key = "d:SLIP""#,
        "key = \"a\"\nfrom = \"b:SLIP\"",
        "compose = \"{B}\"\nkey = \"SLIP\"",
        r#"compose = "postgres://app:SLIP@db/app""#,
        r#"compose = "postgres://app:hun}SLIP@{HOST}/""#,
        r#"compose = "postgres://app:{SLIP@{HOST}/""#,
        r#"compose = "postgres://app:{SLIP}@{HOST}/""#,
        r#"compose = "https://{B:SLIP}""#,
        r#"compose = "Bearer SLIP {GONE}""#,
        r#"validate = { rule = "base64", value = "SLIP" }"#,
        r#"validate = { rule = "base64", min-bytes = "SLIP" }"#,
        r#"validate = { rule = "base46", value = "SLIP" }"#,
        r#"validate = { rule = "gone/x", value = "SLIP" }"#,
        r#"validate = { rule = "gone//x", value = "SLIP" }"#,
        r#"validate = "https://app:SLIP@x""#,
    ] {
        let line = line.replace("SLIP", SLIP);
        let before = "version = 1\n[backends.d]\nkind = \"env\"\n[secrets.B]\n";
        let outcome = run(&format!("{before}[secrets.A]\n{line}\n"));
        outcome.stderr_has("secrets.toml:").stderr_has("^");
        let changed = format!("{before}[secrets.A]\n[environments.x.secrets.A]\n{line}\n");
        run(&changed).stderr_has("secrets.toml:").stderr_has("^");
        let entry = line.replace('\n', ", ");
        let dotted = entry.replace(
            "from = { backend = \"gone\", ",
            "from.backend = \"gone\", from.",
        );
        for entry in [entry.clone(), dotted.replace("\" }", "\"")] {
            run(&format!("{before}[secrets]\nA = {{ {entry} }}\n"));
        }
    }
}

#[test]
fn a_slip_in_the_name_of_a_backend_is_told_with_the_name() {
    let backends = "[backends.dotenv]\nkind = \"env\"\n[backends.payments-of-all-regions]\n\
        kind = \"file\"\ndirectory = \"/run\"\n";
    for (written, nearest) in [
        ("dotevn", Some("dotenv")),
        ("payments-of-al-regions", Some("payments-of-all-regions")),
        ("vault", None),
        ("aws-secrets-manager", None),
    ] {
        let outcome = run(&format!(
            "version = 1\n{backends}[secrets.A]\nfrom = \"{written}:A\"\n"
        ));
        outcome.stderr_has(&format!("backend `{written}` is not declared"));
        match nearest {
            Some(nearest) => outcome.stderr_has(&format!("did you mean `{nearest}`?")),
            None => outcome.stderr_has(&format!("declare it as [backends.{written}]")),
        };
    }
}

#[test]
fn nobody_is_told_to_write_a_value() {
    for table in ["[secrets.A]", "[secrets.A]\n[environments.x.secrets.A]"] {
        for key in ["defualt", "defaults", "vlaue", "xyz"] {
            let outcome = run(&format!("version = 1\n{table}\n{key} = \"{SLIP}\"\n"));
            outcome
                .stderr_has("unknown key")
                .stderr_has_no("`default`")
                .stderr_has_no("`value`");
        }
    }
    run("version = 1\n[config.A]\ndefualt = \"x\"\n").stderr_has("did you mean `default`?");
}

#[test]
fn a_value_beside_another_mistake_is_not_shown() {
    let value = format!("default = \"{SLIP}\"");
    for line in [
        format!("secrets = {{ A = {{ tier = 99 }}, B = {{ {value} }} }}"),
        format!("secrets = {{ A = {{ {value} }}, B = {{ tier = 99 }} }}"),
        format!("secrets = {{ A = {{ validate = {{ rule = \"x\" }}, {value} }} }}"),
        format!("secrets.A = {{ tier = 99, key = \"a\", from = \"b:c\", pasword = \"{SLIP}\" }}"),
    ] {
        run(&format!("version = 1\n{line}\n")).stderr_has("secrets.toml:2:");
    }
}

#[test]
fn what_is_no_toml_is_told_and_not_shown() {
    for line in [
        format!("default = {SLIP}"),
        format!("default = \"{SLIP}"),
        format!("default \"{SLIP}\""),
        SLIP.to_owned(),
        format!("A={SLIP}"),
        format!("export A={SLIP}"),
        format!("{SLIP}=="),
        format!("default = \"\"\"\n{SLIP}=="),
        format!("default = \'\'\'\n{SLIP}=\n"),
        format!("A: postgres://u:{SLIP}@h/d?sslmode=require"),
        format!("\"{SLIP}\" \"x\" = 1"),
        format!("default = \"x\" {SLIP} = \"y\""),
        format!("default = \"{SLIP}\nkey=x\""),
    ] {
        run(&format!("version = 1\n[secrets.A]\n{line}\n"));
    }
}

#[test]
fn names_that_change_how_programs_load_are_refused_unless_meant() {
    for name in [
        "LD_PRELOAD",
        "PATH",
        "BASH_ENV",
        "NODE_OPTIONS",
        "PYTHONPATH",
    ] {
        run(&format!("version = 1\n[secrets.{name}]\n")).stderr_has(name);
        run(&format!("version = 1\n[config.{name}]\ndefault = \"x\"\n")).stderr_has(name);
        run(&format!(
            "version = 1\n[secrets.A]\nprevious = {{ name = \"{name}\", grace = \"1h\" }}\n"
        ))
        .stderr_has(name);
    }
    let meant = "version = 1\n[config.NODE_OPTIONS]\ndefault = \"--dummy\"\n\
        allow-dangerous-name = true\n";
    let project = Project::with(meant, "");
    let outcome = project
        .launcher()
        .command(["printenv", "NODE_OPTIONS"])
        .run();
    outcome.exits_with(0).stdout_has("--dummy\n");
}

#[test]
fn what_a_terminal_would_obey_is_not_written() {
    let manifest = "version = 1\n[secrets.\"A\\u001B[2J\"]\n\"\\u001B]0;x\\u0007\" = 1\n";
    let outcome = run(manifest);
    outcome.stderr_has_no("\u{1b}").stderr_has_no("\u{7}");
    for name in ["k\\u009b2Jx", "k\\u202ex", "k\\nforged: x"] {
        let manifest = format!("version = 1\n[secrets.A]\n\"{name}\" = 1\n");
        let project = Project::with(&manifest, "");
        for format in ["text", "json"] {
            let launcher = project.launcher().args(["--error-format", format]);
            let outcome = launcher.command(project.marker()).run();
            let told = outcome.exits_with(125).stderr();
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!told.contains(steers), "{told:?}");
            assert!(
                !told.lines().any(|line| line.starts_with("forged")),
                "{told}"
            );
        }
        let check = project.launcher().args(["check", "--format", "json"]).run();
        let told = check.stdout();
        assert!(!told.contains(['\u{9b}', '\u{202e}']), "{told:?}");
        assert_eq!(check.stdout_json()["ok"], false);
    }
}

#[test]
fn no_text_of_a_manifest_forges_a_row_or_a_line() {
    let manifest = "version = 1\n[backends.\"e\\nforged: 0\"]\nkind = \"env\"\n[backends.d]\nkind = \"file\"\ndirectory = \"gone\\nforged: 1\"\n\
        [secrets.A]\nowner = \"x\\nforged: 2\\u202e\"\n\
        required = { when = { C = \"x\\nFORGED  secret\" } }\n[config.C]\ndefault = \"x\\nFORGED  secret\"\n";
    let project = Project::with(manifest, "");
    let plan = project.launcher().args(["plan"]).run();
    let shown = plan.exits_with(0).stdout();
    assert!(shown.contains("when C=x\u{fffd}FORGED  secret"), "{shown}");
    assert!(
        !shown.lines().any(|line| line.starts_with("FORGED")),
        "{shown}"
    );
    for backend in ["env", "d", "gone"] {
        let launcher = project.launcher().args(["--backend", backend]);
        let told = launcher
            .command(project.marker())
            .run()
            .exits_with(125)
            .stderr();
        assert!(!told.contains('\u{202e}'), "{told:?}");
        let forged = |line: &str| line.trim_start().starts_with("forged");
        assert!(!told.lines().any(forged), "{told}");
    }
    let file = "version = 1\n[secrets.A]\ndeliver = { file = \"/run/a\\nb\" }\n";
    run(file).stderr_has("malformed-text");
}

#[test]
fn a_manifest_full_of_mistakes_is_refused_with_some_of_them() {
    let keys: String = (0..20_000).map(|key| format!("k{key}=1,")).collect();
    let outcome = run(&format!("version = 1\nproject = {{{keys}}}\n"));
    outcome
        .stderr_has("secrets.toml:2:12\n")
        .stderr_has("secrets.toml:2:596\n")
        .stderr_has("there are 19900 more problems");
    let told = outcome.stderr();
    assert_eq!(told.matches("error[unknown-key]").count(), 100);
    assert!(told.lines().all(|line| line.len() < 400));
}

#[test]
fn an_empty_or_huge_or_binary_manifest_is_refused() {
    run("").stderr_has("version");
    run(&format!("version = 1\n# {}\n", "x".repeat(1 << 20))).stderr_has("manifest");
    let project = Project::new();
    project.write("secrets.toml", b"version = 1\n# \xff\n");
    let outcome = project.launcher().command(project.marker()).run();
    outcome.exits_with(125).stderr_has("UTF-8");
    for shift in ["", "#"] {
        let text = format!("version = 1\n#{shift}{}\n", "é".repeat(1 << 20));
        run(&text).stderr_has("manifest-too-large");
    }
}

#[test]
fn a_manifest_that_is_no_file_is_not_waited_for() {
    let project = Project::new();
    project.write("below/main", "");
    for make in ["mkfifo secrets.toml", "rm secrets.toml; mkdir secrets.toml"] {
        project.shell(make).exits_with(0);
        for folder in ["", "below"] {
            let launcher = project.launcher().within(&project.path(folder));
            let launcher = launcher.args(["--error-format", "json"]);
            let outcome = launcher.command(project.marker()).run();
            let _ = outcome.exits_with(125).problem("manifest-untrusted");
        }
    }
}

#[test]
fn a_manifest_of_another_user_or_that_all_may_write_is_not_trusted() {
    let project = Project::with("version = 1\n[secrets.A]\n", "A=dummy-a\n");
    project.set_mode("secrets.toml", 0o666);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("manifest-untrusted");
    assert!(!project.started());
    // Named, it is the user's own word.
    let launcher = project.launcher().args(["-f", "secrets.toml"]);
    launcher.command(["printenv", "A"]).run().exits_with(0);
    let launcher = project.launcher().env("SECRETS_FILE", "secrets.toml");
    launcher.command(["printenv", "A"]).run().exits_with(0);
}

#[test]
fn a_manifest_that_lies_where_others_can_put_one_is_not_trusted() {
    let project = Project::with("version = 1\n[secrets.A]\n", "A=dummy-a\n");
    project.write("other/.env", "A=dummy-forged\n");
    project
        .shell("ln -s ../secrets.toml other/secrets.toml; mkdir other/below")
        .exits_with(0);
    let run = |folder: &str| {
        let launcher = project.launcher().within(&project.path(folder));
        let launcher = launcher.args(["--error-format", "json"]);
        launcher.command(["printenv", "A"]).run()
    };
    let is_refused = |folder: &str| {
        let outcome = run(folder);
        let _ = outcome.exits_with(125).problem("manifest-untrusted");
    };
    // A link of one's own in a folder of one's own.
    run("other").exits_with(0).stdout_has("dummy-forged");
    project.set_mode("other", 0o777);
    is_refused("other");
    is_refused("other/below");
    // As in `/tmp`: nobody takes away what is ours.
    project.set_mode("other", 0o1777);
    run("other").exits_with(0);
    project.set_mode("other", 0o755);
    // To give a file to somebody else, one has to be root.
    if nix::unistd::geteuid().is_root() {
        for (give, back) in [
            ("chown 65534 other", "chown 0 other"),
            (
                "chown -h 65534 other/secrets.toml",
                "chown -h 0 other/secrets.toml",
            ),
        ] {
            project.shell(give).exits_with(0);
            is_refused("other");
            is_refused("other/below");
            project.shell(back).exits_with(0);
        }
        run("other").exits_with(0);
    }
}
