//! `.env` files as people really write them, from the file to the command's environment.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use proptest::prelude::*;
use proptest::test_runner::Config;
use secret_run_tests::{Launcher, Outcome, Project};

/// The value of `A` in the command's environment, byte for byte.
fn value<'a>(project: &'a Project, prepare: impl FnOnce(Launcher<'a>) -> Launcher<'a>) -> Vec<u8> {
    let outcome = prepare(project.launcher())
        .command(["cat", "/proc/self/environ"])
        .run();
    let outcome = outcome.exits_with(0);
    let mut strings = outcome.stdout.split(|byte| *byte == 0);
    let string = strings.find_map(|string| string.strip_prefix(b"A="));
    string
        .unwrap_or_else(|| panic!("there is no A\n{outcome:?}"))
        .to_vec()
}

#[track_caller]
fn reads(dotenv: impl AsRef<[u8]>, expected: &str) {
    let project = Project::new();
    project
        .write("secrets.toml", "version = 1\n[secrets.A]\n")
        .write(".env", &dotenv);
    let found = value(&project, |launcher| launcher);
    let shown = String::from_utf8_lossy(dotenv.as_ref()).into_owned();
    assert_eq!(String::from_utf8_lossy(&found), expected, "{shown:?}");
}

/// What is refused, and its kind.
#[track_caller]
fn refuses(dotenv: impl AsRef<[u8]>, kind: &str, line: usize) -> Outcome {
    let project = Project::new();
    project
        .write("secrets.toml", "version = 1\n[secrets.A]\n")
        .write(".env", &dotenv);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem(kind);
    assert_eq!(problem["line"], line, "{problem}");
    assert!(!project.started());
    outcome
}

// The dialect.

#[test]
fn plain_lines_are_read() {
    reads("A=dummy\n", "dummy");
    reads("A=dummy", "dummy");
    reads("  A = dummy  \n", "dummy");
    reads("\n\n# comment\n   # another\nA=dummy\n\n", "dummy");
    reads("A=one two\n", "one two");
}

#[test]
fn export_is_passed_over() {
    reads("export A=dummy\n", "dummy");
    reads("export   A='dummy'\n", "dummy");
    reads("  export A=\"dummy\"\n", "dummy");
    // A variable of that name is one like any other.
    reads("export=x\nA=dummy\n", "dummy");
}

#[test]
fn quotes_are_taken_away_and_keep_what_is_in_them() {
    reads("A='dummy'\n", "dummy");
    reads("A=\"dummy\"\n", "dummy");
    reads("A=`dummy`\n", "dummy");
    reads("A=' spaces at both ends '\n", " spaces at both ends ");
    reads("A='it is \"quoted\"'\n", "it is \"quoted\"");
    reads("A=\"it's\"\n", "it's");
    reads("A=it's\n", "it's");
    reads("A='# no comment'\n", "# no comment");
}

#[test]
fn escapes_mean_something_in_double_quotes_alone() {
    reads(r#"A="a\nb\tc\\d\"e\$f""#, "a\nb\tc\\d\"e$f");
    reads(r"A='a\nb\\c'", r"a\nb\\c");
    reads(r"A=a\nb\\c", r"a\nb\\c");
    // What is no escape stays as it is: Windows paths, patterns.
    reads(r#"A="\d+\w C:\dir""#, r"\d+\w C:\dir");
}

#[test]
fn values_of_several_lines_are_read_in_quotes() {
    let pem = "-----BEGIN DUMMY KEY-----\nZHVtbXk=\nZHVtbXk=\n-----END DUMMY KEY-----\n";
    reads(format!("A=\"{pem}\"\nB=x\n"), pem);
    reads(format!("B=x\nA='{pem}'\n"), pem);
    reads(format!("A=\"{}\"\n", pem.replace('\n', "\\n")), pem);
}

#[test]
fn a_comment_begins_after_white_space() {
    reads("A=dummy # comment\n", "dummy");
    reads("A=dummy\t# comment\n", "dummy");
    reads("A='dummy' # comment\n", "dummy");
    reads("A=\"dummy\" # it's a comment\n", "dummy");
    reads("A=dum#my\n", "dum#my");
    reads("A=https://dummy.test/#part\n", "https://dummy.test/#part");
}

#[test]
fn an_equals_sign_is_part_of_the_value() {
    reads("A=a=b==\n", "a=b==");
    reads("A==\n", "=");
    reads(
        "A=postgres://u:p@h/d?sslmode=require&a=b\n",
        "postgres://u:p@h/d?sslmode=require&a=b",
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_part_of_anything() {
    reads("\u{feff}A=dummy\r\nB=x\r\n", "dummy");
    reads("A='dummy'\r\n", "dummy");
    reads("A=dummy # comment\r\n", "dummy");
    reads("A=\"one\r\ntwo\"\r\n", "one\ntwo");
}

#[test]
fn a_dollar_is_a_dollar() {
    for literal in ["pa$$word", "$HOME", "${HOME}", "$(id)", "x`id`", "a$b${c}"] {
        reads(format!("A={literal}\n"), literal);
        reads(format!("A='{literal}'\n"), literal);
        reads(format!("B=x\nA=\"{literal}\"\n"), literal);
    }
}

#[test]
fn other_scripts_are_read() {
    reads("A=Grüße-密码-🔑\n", "Grüße-密码-🔑");
}

// What is no line of a `.env` file.

#[test]
fn what_cannot_be_read_is_refused_with_its_line_and_without_its_text() {
    let slip = "dummy-slip-d41d8c";
    for (dotenv, kind, line) in [
        (format!("B=x\nA='{slip}\n"), "env-file-quote", 2),
        (format!("A=\"{slip}\n"), "env-file-quote", 1),
        (format!("A='x'{slip}\n"), "env-file-tail", 1),
        (format!("\n\n{slip} {slip}=x\n"), "env-file-name", 3),
        (format!("={slip}\nA=x\n"), "env-file-name", 1),
    ] {
        refuses(dotenv, kind, line).shows_no_part_of(slip, 6);
    }
}

#[test]
fn what_is_no_text_is_refused() {
    refuses(b"B=x\nA=\xff\xfe\n", "env-file-not-utf8", 2);
}

#[test]
fn a_dotenv_that_is_no_file_is_refused_and_not_waited_for() {
    let project = Project::with("version = 1\n[secrets.A]\n", "");
    std::fs::remove_file(project.path(".env")).expect("it was written");
    project.shell("mkfifo .env").exits_with(0);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("env-file-not-regular");
    assert!(!project.started());
}

#[test]
fn a_huge_dotenv_is_refused() {
    let project = Project::with("version = 1\n[secrets.A]\n", "");
    project.write(".env", format!("A=dummy\n# {}\n", "x".repeat(5 << 20)));
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("env-file-too-large");
}

#[test]
fn a_dotenv_of_many_lines_is_read() {
    let mut dotenv: String = (0..50_000)
        .map(|n| format!("NAME_{n}='value {n}'\n"))
        .collect();
    dotenv += "A=dummy\n";
    reads(dotenv, "dummy");
}

// Several sources.

const TWO_FILES: &str = "version = 1\n[secrets.A]\n[environments.development]\nbackend = \"b\"\n\
    [backends.b]\nkind = \"env\"\nfiles = [\".env\", \".env.local\"]\n";

#[test]
fn a_later_file_stands_over_an_earlier_one() {
    let project = Project::with(TWO_FILES, "A=first\n");
    assert_eq!(value(&project, |launcher| launcher), b"first");
    project.write(".env.local", "A=second\n");
    assert_eq!(value(&project, |launcher| launcher), b"second");
    project.write(".env.local", "B=second\n");
    assert_eq!(value(&project, |launcher| launcher), b"first");
}

#[test]
fn the_process_stands_over_all_files() {
    let project = Project::with(TWO_FILES, "A=first\n");
    project.write(".env.local", "A=second\n");
    let bytes = OsStr::from_bytes(b"\xffprocess");
    let found = value(&project, |launcher| launcher.env("A", bytes));
    assert_eq!(found, b"\xffprocess");
}

#[test]
fn an_empty_one_hides_a_weaker_one_and_is_told() {
    let project = Project::with(TWO_FILES, "A=first\n");
    project.write(".env.local", "A=\n");
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("env-hidden");
    assert_eq!(
        (&problem["severity"], &problem["line"]),
        (&"warning".into(), &1.into())
    );
    let _ = outcome.problem("missing-value");
    assert!(!project.started());
}

#[test]
fn a_name_that_stands_twice_is_told_and_the_last_counts() {
    let project = Project::with("version = 1\n[secrets.A]\n", "A=first\nA=second\n");
    assert_eq!(value(&project, |launcher| launcher), b"second");
    let launcher = project.launcher().args(["--error-format", "json"]);
    let problem = launcher.command(["true"]).run().problem("env-repeated");
    assert_eq!(problem["line"], 2);
}

#[test]
fn names_that_the_manifest_does_not_declare_do_not_reach_the_command() {
    let project = Project::with(
        "version = 1\n[secrets.A]\n",
        "A=dummy\nUNDECLARED=dummy-x\n",
    );
    let outcome = project.launcher().command(["env"]).run();
    outcome.exits_with(0).shows_no("UNDECLARED");
}

#[test]
fn the_manifests_folder_counts_and_not_the_working_directory() {
    let project = Project::with("version = 1\n[secrets.A]\n", "A=above\n");
    project.write("below/.env", "A=below\n");
    let launcher = project.launcher().within(&project.path("below"));
    launcher
        .command(["printenv", "A"])
        .run()
        .exits_with(0)
        .stdout_has("above\n");
}

// Any value.

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_text_without_a_single_quote_comes_through_single_quotes(
        text in "[^'\0\r]{1,200}",
    ) {
        reads(format!("B=x\nA='{text}'\nC=y\n"), &text);
    }

    #[test]
    fn any_text_comes_through_double_quotes_when_it_is_escaped(text in "[^\0\r]{1,200}") {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        reads(format!("A=\"{escaped}\"\n"), &text);
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_never_more(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let project = Project::new();
        project
            .write("secrets.toml", "version = 1\n[secrets.A]\nrequired = false\n")
            .write(".env", bytes);
        let outcome = project.launcher().command(["true"]).run();
        let ended = [0, 125].map(secret_run_tests::End::Code).contains(&outcome.end);
        prop_assert!(ended, "{outcome:?}");
        prop_assert!(!outcome.stderr().contains("internal error"), "{outcome:?}");
    }
}
