//! The launcher becomes the command: one process, whose start, signals and end are the
//! command's own.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret_run_tests::{End, Launcher, Outcome, Project, Running, program};

/// A project that needs one secret, a dummy.
fn project() -> Project {
    Project::with("version = 1\n[secrets.TOKEN]\n", "TOKEN=dummy-token\n")
}

/// Runs a script as the command.
fn shell(script: &str) -> Outcome {
    let project = project();
    project.launcher().command(["sh", "-c", script]).run()
}

/// Runs a command, and answers what became of it and of the problem that was told.
fn refused(project: &Project, launcher: Launcher<'_>, code: i32, kind: &str) -> Outcome {
    let outcome = launcher.run();
    let _ = outcome.exits_with(code).problem(kind);
    outcome.shows_no("dummy-token");
    assert!(!project.started());
    outcome
}

// One process.

#[test]
fn the_command_has_the_process_id_of_the_launcher() {
    let project = project();
    let launcher = project.launcher();
    let mut running = Running::begin(launcher.command(["sh", "-c", "echo $$ $PPID"]));
    let expected = format!("{} {}", running.id(), std::process::id());
    assert_eq!(running.line(), expected);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn nothing_of_the_launcher_stays_beside_the_command() {
    let project = project();
    let launcher = project.launcher();
    let running = Running::start(launcher.command(["sh", "-c", "echo ready; read wait; :"]));
    let children = running.proc(&format!("task/{}/children", running.id()));
    let read = |path| fs::read_to_string(path).expect("the command runs");
    assert_eq!(read(children), "", "the launcher left a process");
    let maps = read(running.proc("maps"));
    assert!(!maps.contains("secret-run"), "{maps}");
    let status = read(running.proc("status"));
    assert!(status.contains("Threads:\t1\n"), "{status}");
    let shell = program("sh").and_then(|shell| shell.canonicalize().ok());
    assert_eq!(fs::read_link(running.proc("exe")).ok(), shell);
}

#[test]
fn arguments_arrive_as_they_were_given() {
    let project = project();
    let not_text = OsStr::from_bytes(b"\xff\xfe");
    let words = [
        "printf",
        "<%s>",
        "",
        "two words",
        "--",
        "--env",
        "$HOME",
        "*",
        "\n",
    ];
    let words = words.map(OsStr::new).into_iter().chain([not_text]);
    let outcome = project.launcher().command(words).run();
    let outcome = outcome.exits_with(0);
    assert_eq!(
        outcome.stdout,
        b"<><two words><--><--env><$HOME><*><\n><\xff\xfe>"
    );
}

#[test]
fn the_command_sees_the_name_that_it_was_called_by() {
    let project = project();
    let outcome = project
        .launcher()
        .command(["cat", "/proc/self/cmdline"])
        .run();
    outcome.exits_with(0);
    assert_eq!(outcome.stdout, b"cat\0/proc/self/cmdline\0");
}

// Its end.

#[test]
fn the_exit_code_is_that_of_the_command() {
    for code in [0, 1, 2, 42, 125, 126, 127, 128, 255] {
        let outcome = shell(&format!("exit {code}"));
        outcome.exits_with(code);
        assert_eq!(outcome.stderr(), "", "{code}");
    }
}

#[test]
fn a_death_by_signal_looks_as_without_the_launcher() {
    let project = project();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGKILL,
        Signal::SIGSEGV,
        Signal::SIGABRT,
        Signal::SIGHUP,
        Signal::SIGPIPE,
    ] {
        let script = format!("ulimit -c 0; kill -{} $$", signal as i32);
        let alone = project.shell(&format!("exec sh -c '{script}'"));
        let outcome = project.launcher().command(["sh", "-c", &script]).run();
        outcome.dies_of(signal as i32);
        assert_eq!(outcome.end, alone.end, "{signal}");
        assert_eq!(outcome.stderr(), "", "{signal}");
    }
}

// Signals.

/// Says its signals, and ends at the last of them.
const TRAPS: &str = "for s in HUP INT QUIT USR1 USR2 WINCH CONT; do trap \"echo $s\" $s; done
    trap 'echo TERM; exit 7' TERM; echo ready; while :; do sleep 0.02; done";

#[test]
fn a_signal_to_the_launchers_process_id_reaches_the_command() {
    let project = project();
    let mut running = Running::start(project.launcher().command(["sh", "-c", TRAPS]));
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGWINCH,
        Signal::SIGCONT,
        Signal::SIGTERM,
    ] {
        running.signal(signal);
        assert_eq!(format!("SIG{}", running.line()), signal.as_str());
    }
    assert_eq!(running.end(), End::Code(7));
}

#[test]
fn a_command_without_a_handler_dies_of_the_signal() {
    let project = project();
    let running = Running::start(
        project
            .launcher()
            .command(["sh", "-c", "echo ready; read wait"]),
    );
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Signal(Signal::SIGTERM as i32));
}

#[test]
fn signals_reach_the_command_as_process_one() {
    let project = project();
    // As in a container: the launcher is process 1, and so is what it becomes.
    let as_user = ["--user", "--map-root-user"];
    let needed = if nix::unistd::geteuid().is_root() {
        &[][..]
    } else {
        &as_user[..]
    };
    let namespace = [
        &["unshare"][..],
        needed,
        &["--pid", "--fork", "--mount-proc"],
    ]
    .concat();
    let script = "trap 'echo TERM; exit 7' TERM; echo ready; echo $$; while :; do sleep 0.02; done";
    let allowed = program("unshare").is_some_and(|_| {
        let words = [&namespace[..], &["true"]].concat();
        project.shell(&words.join(" ")).end == End::Code(0)
    });
    assert!(
        allowed,
        "`{}` makes no pid namespace here: run the tests as root, or allow user namespaces",
        namespace.join(" ")
    );
    let launcher = project.launcher_under(&namespace);
    let mut running = Running::start(launcher.command(["sh", "-c", script]));
    assert_eq!(running.line(), "1");
    let children = running.proc(&format!("task/{}/children", running.id()));
    let child = fs::read_to_string(children).expect("unshare waits for its child");
    let child = child.trim().parse().expect("unshare has one child");
    kill(Pid::from_raw(child), Signal::SIGTERM).expect("it can be signalled");
    assert_eq!(running.line(), "TERM");
    assert_eq!(running.end(), End::Code(7));
}

// What is no command.

#[test]
fn what_is_not_found_is_127() {
    let project = project();
    for name in [
        "no-such-command-here",
        "./no-such-file",
        "/no/such/file",
        "",
    ] {
        let launcher = project.launcher().args(["--error-format", "json"]);
        refused(&project, launcher.command([name]), 127, "command-not-found");
    }
}

#[test]
fn what_cannot_be_executed_is_126() {
    let project = project();
    project
        .write("no-x-bit", "#!/bin/sh\n")
        .write("folder/file", "");
    for name in ["./no-x-bit", "./folder"] {
        let launcher = project.launcher().args(["--error-format", "json"]);
        refused(
            &project,
            launcher.command([name]),
            126,
            "command-not-executable",
        );
    }
    // As a shell says it.
    project.shell("./no-x-bit").exits_with(126);
    project.shell("./no-such-file").exits_with(127);
}

#[test]
fn what_is_no_program_is_126_and_says_what_it_is() {
    let project = project();
    project
        .write("data", b"\x89PNG\0\0\0")
        .set_mode("data", 0o755)
        .write("wrong-machine", wrong_machine())
        .set_mode("wrong-machine", 0o755);
    for (name, kind) in [
        ("./data", "command-not-a-program"),
        ("./wrong-machine", "command-wrong-machine"),
    ] {
        let launcher = project.launcher().args(["--error-format", "json"]);
        refused(&project, launcher.command([name]), 126, kind);
    }
}

/// An ELF header for s390x, which needs nothing more to be refused elsewhere.
fn wrong_machine() -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x02\x01".to_vec();
    head.resize(64, 0);
    head[18..20].copy_from_slice(&22_u16.to_be_bytes());
    head
}

#[test]
fn a_script_without_its_interpreter_is_127_and_names_it() {
    let project = project();
    project
        .write("script", "#!/no/such/interpreter\n")
        .set_mode("script", 0o755);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let launcher = launcher.command(["./script"]);
    refused(&project, launcher, 127, "command-no-interpreter").stderr_has("/no/such/interpreter");
}

#[test]
fn a_failure_is_told_by_its_code_when_nobody_reads_why() {
    let project = project();
    // Written by another process: a child of another test could keep it open, and it be busy.
    let script = "printf '#!/no/such/interpreter\\n' >script; chmod 700 script";
    project.shell(script).exits_with(0);
    for options in [&[][..], &["--watch"]] {
        let launcher = project.launcher().args(options);
        let mut command = launcher.command(["./script"]).into_command();
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        command.stderr(writer);
        drop(reader);
        let end: End = command.status().expect("it can be started").into();
        assert_eq!(end, End::Code(127), "{options:?}");
    }
}

#[test]
fn a_failure_of_the_launcher_is_125() {
    let project = project();
    let marker = project.marker();
    let with = |options: &[&str]| project.launcher().args(options).command(marker).run();
    with(&["--no-such-option"]).exits_with(125);
    with(&["--env", "no-such-environment"]).exits_with(125);
    with(&["--backend", "no-such-backend"]).exits_with(125);
    with(&["--file", "no-such-file.toml"]).exits_with(125);
    project.launcher().args(["--"]).run().exits_with(125);
    project.launcher().run().exits_with(125);
    project.write(".env", "");
    with(&[]).exits_with(125).stderr_has("TOKEN");
    project.write("secrets.toml", "version = 2\n");
    with(&[]).exits_with(125);
    assert!(!project.started());
}

#[test]
fn a_missing_manifest_is_125_and_says_how_to_name_one() {
    let project = Project::new();
    let launcher = || project.launcher().args(["--error-format", "json"]);
    let marker = project.marker();
    refused(
        &project,
        launcher().command(marker),
        125,
        "manifest-not-found",
    );
    // One that is named wrongly says by whom.
    let by_option = launcher().args(["-f", "nope.toml"]).command(marker);
    let by_variable = launcher().env("SECRETS_FILE", "nope.toml").command(marker);
    for (launcher, by) in [(by_option, "-f "), (by_variable, "SECRETS_FILE ")] {
        let outcome = refused(&project, launcher, 125, "manifest-unreadable");
        let problem = outcome.problem("manifest-unreadable");
        let hint = problem["hint"].as_str().unwrap_or_default();
        assert!(hint.contains(by), "{hint}");
    }
}

#[test]
fn a_command_without_two_dashes_is_not_started_and_told_where_it_stands() {
    let project = project();
    let outcome = project.launcher().args(project.marker()).run();
    outcome
        .exits_with(125)
        .stderr_has("a command to start stands behind `--`: secret-run -- touch");
    assert!(!project.started());
}

// What is a command.

#[test]
fn a_script_without_a_first_line_runs_as_in_a_shell() {
    let project = project();
    project
        .write("script", "echo \"$0 $1 $TOKEN $$\"\n")
        .set_mode("script", 0o755);
    let mut running = Running::begin(project.launcher().command(["./script", "argument"]));
    let expected = format!("./script argument dummy-token {}", running.id());
    assert_eq!(running.line(), expected);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn a_script_with_a_first_line_runs_by_its_interpreter() {
    let project = project();
    project
        .write("script", "#!/usr/bin/env sh\necho \"$TOKEN\"\n")
        .set_mode("script", 0o755);
    let outcome = project.launcher().command(["./script"]).run();
    outcome.exits_with(0).stdout_has("dummy-token\n");
}

#[test]
fn a_command_is_found_through_path() {
    let project = project();
    for (folder, mode) in [("first", 0o644), ("second", 0o755), ("third", 0o755)] {
        let file = format!("{folder}/tool");
        project
            .write(&file, format!("#!/bin/sh\necho {folder}\n"))
            .set_mode(&file, mode);
    }
    let folder = project.folder().display();
    let path = format!("{folder}/none:{folder}/first:{folder}/second:{folder}/third");
    let launcher = project.launcher().env("PATH", path);
    launcher
        .command(["tool"])
        .run()
        .exits_with(0)
        .stdout_has("second\n");
}

#[test]
fn the_manifest_is_found_above_and_the_command_runs_below() {
    let project = project();
    project.write("service/source/main", "");
    let below = project.path("service/source");
    let launcher = project.launcher().within(&below);
    let outcome = launcher.command(["sh", "-c", "pwd; echo $TOKEN"]).run();
    let below = below.canonicalize().expect("it was made");
    outcome.exits_with(0).stdout_has("dummy-token\n");
    outcome.stdout_has(below.to_str().expect("temporary folders have plain names"));
}
