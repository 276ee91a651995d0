//! A validator that loops, grows, traps, lies or floods can neither hang the launcher nor
//! exhaust it, nor make it start the command, nor make it show a value.

use std::collections::BTreeSet;
use std::path::Path;

use secret_run_tests::{Launcher, Outcome, Project, program};

/// Begins with what the validators misbehave at.
const VALUE: &str = "!dummy-7b0e19c4d8";

/// What is done, and the kind of error that tells it.
const HOSTILE: &[(&str, &str)] = &[
    ("loops", "validator-deadline"),
    ("grows", "validator-memory"),
    ("traps", "validator-trapped"),
    ("recurses", "validator-stack"),
    ("unknown-code", "validator-unknown-code"),
    ("value-as-code", "validator-unknown-code"),
    ("floods", "validator-answer"),
    ("thousand-rules", "validator-catalog"),
    ("rules-loop", "validator-deadline"),
    ("starts-never", "validator-deadline"),
];

fn project(value: &str) -> Project {
    let manifest = "version = 1\n[secrets.A]\nvalidate = \"hex\"\n";
    Project::with(manifest, &format!("A={value}\n"))
}

/// The launcher with that validator. A run that does not end is killed, and fails its test.
fn launcher<'a>(project: &'a Project, hostile: &str) -> Launcher<'a> {
    let program = Path::new(env!("CARGO_BIN_EXE_hostile-launcher"));
    let launcher = Launcher::of(project, program).env("HOSTILE", hostile);
    launcher.args(["--error-format", "json"])
}

fn run(hostile: &str) -> Outcome {
    let project = project(VALUE);
    let outcome = launcher(&project, hostile).command(project.marker()).run();
    assert!(!project.started(), "{hostile}");
    outcome
}

#[test]
fn a_harmless_one_lets_the_command_start_or_refuses_the_value() {
    let project = project("fine");
    let outcome = launcher(&project, "harmless")
        .command(["printenv", "A"])
        .run();
    outcome.exits_with(0).stdout_has("fine\n");

    let refused = "?dummy-7b0e19c4d8";
    let project = self::project(refused);
    let outcome = launcher(&project, "harmless")
        .command(project.marker())
        .run();
    assert!(!project.started());
    let problem = outcome.exits_with(125).problem("invalid-value");
    assert_eq!(problem["code"], "hex/bad");
    let message = "the value of `A` begins with a question mark";
    assert_eq!(problem["message"], message);
    outcome.shows_no_part_of(refused, 6);
}

#[track_caller]
fn fails(hostile: &str) {
    let known = HOSTILE.iter().find(|(name, _)| *name == hostile);
    let (_, kind) = known.expect("it is in the list");
    let outcome = run(hostile);
    let problem = outcome.exits_with(125).problem(kind);
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["secret"], "A");
    assert_eq!(problem["line"], 3);
    // Whose fault it is: nobody should go and change a value that is right.
    assert!(
        problem["message"].to_string().contains("`hostile`"),
        "{problem}"
    );
    outcome.shows_no_part_of(VALUE, 6);
}

#[test]
fn an_endless_loop_ends() {
    fails("loops");
}

#[test]
fn four_gigabytes_are_not_given() {
    fails("grows");
}

#[test]
fn a_trap_is_told() {
    fails("traps");
}

#[test]
fn deep_recursion_ends() {
    fails("recurses");
}

#[test]
fn a_code_that_is_not_listed_is_not_shown() {
    fails("unknown-code");
}

#[test]
fn a_value_that_is_passed_off_as_a_code_is_not_shown() {
    fails("value-as-code");
}

#[test]
fn an_enormous_answer_is_not_taken() {
    fails("floods");
}

#[test]
fn a_thousand_rules_are_refused() {
    fails("thousand-rules");
}

#[test]
fn an_endless_list_of_rules_ends() {
    fails("rules-loop");
}

#[test]
fn a_validator_that_never_starts_is_given_up() {
    fails("starts-never");
}

#[test]
fn what_went_wrong_can_be_told_apart() {
    let kinds: BTreeSet<_> = HOSTILE.iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds.len(), 7);
    let messages: BTreeSet<_> = kinds
        .iter()
        .map(|kind| {
            let (hostile, _) = HOSTILE
                .iter()
                .find(|(_, known)| known == *kind)
                .expect("a kind of the list");
            run(hostile).problem(kind)["message"].to_string()
        })
        .collect();
    assert_eq!(messages.len(), kinds.len(), "{messages:?}");
}

#[test]
fn many_values_before_a_hostile_validator_end_too() {
    let project = Project::new();
    let (mut manifest, mut dotenv) = ("version = 1\n".to_owned(), String::new());
    for n in 0..5 {
        manifest += &format!("[secrets.A{n}]\nvalidate = \"hex\"\n");
        dotenv += &format!("A{n}={VALUE}{n}\n");
    }
    project
        .write("secrets.toml", manifest)
        .write(".env", dotenv);
    for hostile in ["loops", "traps", "grows", "value-as-code"] {
        let outcome = launcher(&project, hostile).command(project.marker()).run();
        assert_eq!(outcome.exits_with(125).problems().len(), 5, "{outcome:?}");
        outcome.shows_no_part_of(VALUE, 6);
        assert!(!project.started());
    }
}

#[test]
fn check_and_its_json_report_it_too() {
    let project = project(VALUE);
    let outcome = launcher(&project, "value-as-code")
        .args(["check", "--format", "json"])
        .run();
    let document = outcome.exits_with(125).stdout_json();
    assert_eq!(document["ok"], false);
    assert_eq!(document["problems"][0]["kind"], "validator-unknown-code");
    outcome.shows_no_part_of(VALUE, 6);
}

#[test]
fn the_log_at_its_most_talkative_shows_nothing_either() {
    let project = project(VALUE);
    for hostile in ["value-as-code", "floods", "traps"] {
        let launcher = launcher(&project, hostile).env("SECRET_RUN_LOG", "trace");
        let outcome = launcher.command(project.marker()).run();
        outcome.exits_with(125).shows_no_part_of(VALUE, 6);
    }
}

#[test]
fn an_endless_loop_ends_although_the_parent_blocks_or_ignores_the_alarm() {
    for signal in [
        "--block-signal=URG",
        "--ignore-signal=URG",
        "--block-signal",
    ] {
        let project = project(VALUE);
        let launcher = Launcher::of(&project, &program("env").expect("env is a program"))
            .env("HOSTILE", "loops")
            .args([signal, env!("CARGO_BIN_EXE_hostile-launcher")])
            .args(["--error-format", "json"]);
        let outcome = launcher.command(project.marker()).run();
        let problem = outcome.exits_with(125).problem("validator-deadline");
        assert_eq!(problem["secret"], "A", "{signal}");
        assert!(!project.started(), "{signal}");
    }
}
