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
}

#[test]
fn an_empty_or_huge_or_binary_manifest_is_refused() {
    run("").stderr_has("version");
    run(&format!("version = 1\n# {}\n", "x".repeat(1 << 20))).stderr_has("manifest");
    let project = Project::new();
    project.write("secrets.toml", b"version = 1\n# \xff\n");
    let outcome = project.launcher().command(project.marker()).run();
    outcome.exits_with(125).stderr_has("UTF-8");
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
