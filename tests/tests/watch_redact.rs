//! `--redact`: what the command writes is what it wrote, without the values of secrets.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

use secret_run_tests::{End, Launcher, Outcome, Project, Running};

const VALUE: &str = "dummy secret/with \"all\" <signs>?";

fn project() -> Project {
    Project::with(
        "version = 1\n[secrets.TOKEN]\n[config.PLACE]\n",
        &format!("TOKEN='{VALUE}'\nPLACE=here-and-there\n"),
    )
}

fn redacted<'p>(project: &'p Project, script: &str) -> Launcher<'p> {
    let launcher = project.launcher().args(["--watch", "--redact"]);
    launcher.command(["sh", "-c", script])
}

fn run(script: &str) -> Outcome {
    redacted(&project(), script).run()
}

#[test]
fn a_value_is_masked_in_both_outputs_and_across_writes() {
    let outcome = run("echo \"it is <$TOKEN>, $PLACE\"; echo \"$TOKEN\" >&2
        start=${TOKEN%% *}; printf '%s' \"$start\"; sleep 0.1; printf '%s.\n' \"${TOKEN#\"$start\"}\"");
    outcome.exits_with(0).shows_no("signs");
    assert_eq!(outcome.stdout(), "it is <***>, here-and-there\n***.\n");
    assert_eq!(outcome.stderr(), "***\n");
}

#[test]
fn a_value_is_masked_in_the_forms_that_programs_write() {
    let outcome = run(r#"
        for before in '' a ab; do
            printf '%s' "$before$TOKEN" | base64 -w 0; echo
            printf '%s' "$before$TOKEN" | base64 -w 0 | tr '+/' '-_'; echo
        done
        jq -n '{token: env.TOKEN}'
        jq -rn 'env.TOKEN | @uri, "https://host/?q=\(@uri)&n=1"'"#);
    let text = outcome.exits_with(0).stdout();
    assert_eq!(text.matches("***").count(), 9, "{text}");
    for part in ["signs", "c2lnbnM", "ZHVtbXk", "dummy"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("\"token\": \"***\""), "{text}");
    assert!(text.contains("https://host/?q=***&n=1"), "{text}");
}

#[test]
fn everything_else_arrives_byte_by_byte() {
    let project = project();
    let mut content: Vec<u8> = (0..3_000_000_u32)
        .map(|number| u8::try_from(number.wrapping_mul(2_654_435_761) >> 24).expect("a byte"))
        .collect();
    project.write("content", &content);
    let outcome = redacted(&project, "cat content; printf end; exit 3").run();
    outcome.exits_with(3);
    content.extend_from_slice(b"end");
    assert!(outcome.stdout == content, "{} bytes", outcome.stdout.len());
}

#[test]
fn a_question_is_not_held_back() {
    let project = project();
    let mut command =
        redacted(&project, "printf 'continue? d'; read answer; exit 4").into_command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    let mut shown = [0; 11];
    let mut output = child.stdout.take().expect("it is a pipe");
    // The last byte could be the first one of the value.
    output.read_exact(&mut shown).expect("it is written");
    assert_eq!(&shown, b"continue? d");
    let mut input = child.stdin.take().expect("it is a pipe");
    input.write_all(b"yes\n").expect("it reads");
    assert_eq!(child.wait().expect("it ends").code(), Some(4));
}

#[test]
fn what_holds_the_outputs_open_does_not_hold_up_the_end() {
    let outcome = run("sleep 1000 & echo $!; exit 5");
    let left = outcome.exits_with(5).stdout();
    let killed = project().shell(&format!("kill {left}"));
    assert_eq!(killed.end, End::Code(0), "it was left alone");
}

#[test]
fn a_reader_that_is_gone_ends_the_command_as_without_a_parent() {
    let project = project();
    for options in ["", "--watch", "--watch --redact"] {
        let script = format!("{{ \"$L\" {options} -- yes 2>/dev/null; echo $? >&2; }} | head -n 1");
        let outcome = project.shell(&script);
        assert_eq!(outcome.exits_with(0).stdout(), "y\n", "{options}");
        assert_eq!(outcome.stderr(), "141\n", "{options}");
    }
}

#[test]
fn values_before_and_after_a_change_are_masked() {
    let project = Project::new();
    project.write(
        "secrets.toml",
        "version = 1\n[watch]\ninterval = \"20ms\"\nmin-interval = \"0s\"\n[secrets.TOKEN]\n",
    );
    project.write(".env", "TOKEN=dummy-first\n");
    let script = "trap 'exit 0' TERM; echo $$ \"$TOKEN\" dummy-first dummy-second
        while :; do sleep 0.02; done";
    let mut running = Running::begin(redacted(&project, script));
    let first = running.line();
    assert!(first.ends_with(" *** *** dummy-second"), "{first}");
    project.write("next", "TOKEN=dummy-second\n");
    fs::rename(project.path("next"), project.path(".env")).expect("it can be renamed");
    let second = running.line();
    assert!(second.ends_with(" *** *** ***"), "{second}");
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn a_value_that_is_too_short_is_not_masked_and_said() {
    let project = Project::with("version = 1\n[secrets.PIN]\n", "PIN=123\n");
    let outcome = redacted(&project, "echo 12345").run();
    outcome
        .exits_with(0)
        .stderr_has("warning[watch-not-masked]: `PIN`");
    assert_eq!(outcome.stdout(), "12345\n");
}

#[test]
fn it_needs_a_parent() {
    let project = project();
    let launcher = project.launcher().args(["--redact"]);
    let outcome = launcher.command(project.marker()).run();
    outcome.exits_with(125).stderr_has("--watch");
    assert!(!project.started());
}
