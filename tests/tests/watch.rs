//! `--watch` follows values that change: once for each change, and never to something worse.

use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret_run_tests::{End, Launcher, Project, Running};
use tempfile::TempDir;

/// A project with secrets in files, and what `[watch]` says.
fn project(watch: &str, secrets: &str) -> Project {
    let project = Project::new();
    let manifest = format!(
        "version = 1\n[watch]\n{watch}\n[environments.development]\nbackend = \"files\"\n\
         [backends.files]\nkind = \"file\"\ndirectory = \"values\"\n{secrets}"
    );
    project.write("secrets.toml", manifest);
    project
}

/// Readings follow each other at once.
const QUICK: &str = "interval = \"20ms\"\nmin-interval = \"0s\"";

/// Changes a value in one step, as Kubernetes and secret agents do.
fn change(project: &Project, name: &str, value: &str) {
    let next = format!("next-{name}");
    project.write(&next, value);
    fs::create_dir_all(project.path("values")).expect("the folder can be made");
    let place = project.path("values").join(name);
    fs::rename(project.path(&next), place).expect("a file can be renamed");
}

fn watched<'p>(project: &'p Project, script: &str) -> Launcher<'p> {
    let launcher = project.launcher().args(["--watch"]);
    launcher.command(["sh", "-c", script])
}

/// Starts it with the standard error in a file of the project.
fn begin(project: &Project, script: &str) -> Running {
    let mut command = watched(project, script).into_command();
    let log = fs::File::create(project.path("log")).expect("a file can be made");
    command.stderr(log);
    Running::spawn(command)
}

/// Waits until the log has a text.
fn wait_for(project: &Project, text: &str) {
    while !log(project).contains(text) {
        thread::sleep(Duration::from_millis(5));
    }
}

fn log(project: &Project) -> String {
    fs::read_to_string(project.path("log")).unwrap_or_default()
}

/// Says what it has, and ends when it is asked to.
const SAYS: &str = "trap 'exit 0' TERM; echo \"$TOKEN $OTHER\"; while :; do sleep 0.02; done";

#[test]
fn a_changed_value_restarts_the_command() {
    let project = project(QUICK, "[secrets.TOKEN]\n");
    change(&project, "TOKEN", "dummy-one");
    let mut running = begin(&project, SAYS);
    assert_eq!(running.line(), "dummy-one ");
    for value in ["dummy-two", "dummy-three"] {
        change(&project, "TOKEN", value);
        assert_eq!(running.line(), format!("{value} "));
    }
    let log = log(&project);
    assert!(
        log.contains("`TOKEN` changed: the command is restarted"),
        "{log}"
    );
    assert!(!log.contains("dummy-"), "{log}");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.line(), "", "it is not started once more");
    assert_eq!(running.end(), End::Code(0));
}

/// A pipe that takes nothing more until somebody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().expect("a pipe can be made");
    let wait = |flags| fcntl(&writer, FcntlArg::F_SETFL(flags)).expect("it is open");
    wait(OFlag::O_NONBLOCK);
    while (&writer).write(&[b'-'; 4096]).is_ok() {}
    wait(OFlag::empty());
    (reader, writer)
}

#[test]
fn who_reads_no_notice_holds_up_neither_a_restart_nor_a_signal() {
    let project = project(QUICK, "[secrets.TOKEN]\n");
    change(&project, "TOKEN", "dummy-one");
    let (mut reader, writer) = full_pipe();
    let mut command = watched(&project, &format!("exec 2>/dev/null; {SAYS}")).into_command();
    command.stderr(writer);
    let mut running = Running::spawn(command);
    assert_eq!(running.line(), "dummy-one ");
    for value in ["dummy-two", "dummy-three"] {
        change(&project, "TOKEN", value);
        assert_eq!(running.line(), format!("{value} "));
    }
    // It is said to who reads later.
    let mut said = String::new();
    while said.matches("[watch-changed]").count() < 2 {
        let mut piece = [0; 4096];
        let read = reader.read(&mut piece).expect("it is open");
        said.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    running.signal(Signal::SIGTERM);
    assert_eq!(running.line(), "", "it is not started once more");
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn several_changes_are_one_restart() {
    let times = "interval = \"20ms\"\nmin-interval = \"3s\"";
    let project = project(times, "[secrets.TOKEN]\n[secrets.OTHER]\n");
    change(&project, "TOKEN", "a1");
    change(&project, "OTHER", "b1");
    let mut running = begin(&project, SAYS);
    assert_eq!(running.line(), "a1 b1");
    change(&project, "TOKEN", "a2");
    change(&project, "OTHER", "b2");
    change(&project, "TOKEN", "a3");
    assert_eq!(running.line(), "a3 b2");
    assert_eq!(log(&project).matches("[watch-changed]").count(), 1);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn what_is_missing_or_invalid_leaves_the_command_alone() {
    let project = project(QUICK, "[secrets.TOKEN]\nvalidate = \"base64\"\n");
    change(&project, "TOKEN", "ZHVtbXktb25l");
    let mut running = begin(&project, SAYS);
    assert_eq!(running.line(), "ZHVtbXktb25l ");
    change(&project, "TOKEN", "dummy not base64!");
    wait_for(&project, "error[invalid-value]");
    wait_for(&project, "warning[watch-not-read]");
    fs::remove_file(project.path("values/TOKEN")).expect("it is there");
    wait_for(&project, "error[missing-value]");
    change(&project, "TOKEN", "ZHVtbXktdHdv");
    assert_eq!(
        running.line(),
        "ZHVtbXktdHdv ",
        "nothing was started in between"
    );
    let log = log(&project);
    assert!(
        !log.contains("not base64!") && !log.contains("ZHVt"),
        "{log}"
    );
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn production_judges_a_new_value_as_the_first() {
    let project = project(
        QUICK,
        "[environments.production]\nbackend = \"files\"\n[secrets.TOKEN]\n",
    );
    change(&project, "TOKEN", "kept-secret-1");
    let mut command = project
        .launcher()
        .args(["--watch", "--env", "production"])
        .command(["sh", "-c", SAYS])
        .into_command();
    command.stderr(fs::File::create(project.path("log")).expect("a file can be made"));
    let mut running = Running::spawn(command);
    assert_eq!(running.line(), "kept-secret-1 ");
    change(&project, "TOKEN", "changeme");
    wait_for(&project, "error[invalid-value]");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.line(), "", "a placeholder starts nothing");
    assert_eq!(running.end(), End::Code(0));
}

/// A folder in memory, where values may be.
fn memory() -> TempDir {
    TempDir::new_in("/dev/shm").expect("/dev/shm is there")
}

#[test]
fn a_signal_tells_the_command_to_read_its_file_again() {
    let memory = memory();
    let file = memory.path().join("key");
    let secrets = format!(
        "[secrets.KEY]\ndeliver = {{ file = \"{}\" }}\n[secrets.TOKEN]\n",
        file.display()
    );
    let project = project(&format!("{QUICK}\non-change = \"signal:HUP\""), &secrets);
    change(&project, "KEY", "dummy-one");
    change(&project, "TOKEN", "dummy-token");
    let script = "trap 'echo HUP $(cat $KEY_FILE)' HUP; echo $(cat $KEY_FILE) $$
        while :; do sleep 0.02; done";
    let mut running = begin(&project, script);
    let first = running.line();
    assert!(first.starts_with("dummy-one "), "{first}");
    for value in ["dummy-two", "dummy-three"] {
        change(&project, "KEY", value);
        assert_eq!(running.line(), format!("HUP {value}"));
    }
    assert_eq!(fs::read_dir(memory.path()).expect("it is there").count(), 1);
    // What is in a variable reaches no command that runs.
    change(&project, "TOKEN", "dummy-other");
    wait_for(&project, "warning[watch-not-seen]");
    assert_eq!(running.line(), "HUP dummy-three");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Signal(Signal::SIGTERM as i32));
}

#[test]
fn who_ends_all_during_a_restart_leaves_no_file_of_the_next_command() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let memory = memory();
        let file = memory.path().join("key");
        let secrets = format!(
            "[secrets.KEY]\ndeliver = {{ file = \"{}\" }}\n",
            file.display()
        );
        let project = project(QUICK, &secrets);
        change(&project, "KEY", "dummy-one");
        let script = "trap 'echo TERM; n=${n}x; [ $n = xx ] && exit 9' TERM
            cat $KEY_FILE; echo; while :; do sleep 0.02; done";
        let mut running = begin(&project, script);
        assert_eq!(running.line(), "dummy-one");
        change(&project, "KEY", "dummy-two");
        assert_eq!(running.line(), "TERM", "the next command is ready");
        running.signal(signal);
        assert_eq!(running.line(), "TERM", "it is to end");
        assert_eq!(running.line(), "");
        let _ = running.end();
        let names = fs::read_dir(memory.path()).expect("it is there");
        let names: Vec<_> = names
            .map(|entry| entry.expect("it is").file_name())
            .collect();
        assert_eq!(names, ["key"], "{signal}");
        let left = fs::read_to_string(&file).expect("it stays");
        assert_eq!(left, "dummy-one", "{signal}");
    }
}

#[test]
fn a_rewrite_changes_the_file_and_leaves_the_command_alone() {
    let memory = memory();
    let file = memory.path().join("key");
    let secrets = format!(
        "[secrets.KEY]\ndeliver = {{ file = \"{}\" }}\n",
        file.display()
    );
    let project = project(&format!("{QUICK}\non-change = \"rewrite\""), &secrets);
    change(&project, "KEY", "dummy-one");
    let script = "trap 'exit 9' HUP; echo ready; while [ $(cat $KEY_FILE) = dummy-one ]; do
        sleep 0.02; done; cat $KEY_FILE; echo; read wait";
    let mut running = begin(&project, script);
    assert_eq!(running.line(), "ready");
    change(&project, "KEY", "dummy-two");
    assert_eq!(running.line(), "dummy-two");
    assert_eq!(running.end(), End::Code(1));
}

#[test]
fn a_rewrite_of_nothing_is_a_mistake_of_the_manifest() {
    let project = project("on-change = \"rewrite\"", "[secrets.TOKEN]\n");
    change(&project, "TOKEN", "dummy");
    let options = ["--error-format", "json", "--watch"];
    let outcome = project
        .launcher()
        .args(options)
        .command(project.marker())
        .run();
    let problem = outcome.exits_with(125).problem("watch-nothing-to-rewrite");
    assert_eq!(problem["line"], 3);
    assert!(!project.started());
}

#[test]
fn a_command_that_does_not_stop_is_killed() {
    let project = project(
        &format!("{QUICK}\nstop-grace = \"100ms\""),
        "[secrets.TOKEN]\n",
    );
    change(&project, "TOKEN", "dummy-one");
    let mut running = begin(
        &project,
        "trap '' TERM; echo $TOKEN; while :; do sleep 0.02; done",
    );
    assert_eq!(running.line(), "dummy-one");
    change(&project, "TOKEN", "dummy-two");
    assert_eq!(running.line(), "dummy-two");
    wait_for(&project, "warning[watch-killed]");
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end(), End::Signal(Signal::SIGKILL as i32));
}

#[test]
fn what_a_command_leaves_behind_does_not_outlive_its_restart() {
    let project = project(QUICK, "[secrets.TOKEN]\n");
    change(&project, "TOKEN", "dummy-one");
    let script = "trap 'exit 0' TERM; sleep 1000 & echo $!; while :; do sleep 0.02; done";
    // In a session of its own, so without a terminal wherever the test runs.
    let launcher = project
        .launcher_under(&["setsid", "--wait"])
        .args(["--watch"]);
    let mut running = Running::begin(launcher.command(["sh", "-c", script]));
    let left: i32 = running.line().parse().expect("a number");
    change(&project, "TOKEN", "dummy-two");
    let second: i32 = running.line().parse().expect("a number");
    while kill(Pid::from_raw(left), None).is_ok() && !is_zombie(left) {
        thread::sleep(Duration::from_millis(5));
    }
    kill(Pid::from_raw(second), Signal::SIGKILL).expect("the new one runs");
}

fn is_zombie(process: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.contains("State:\tZ") || status.is_empty()
}

#[test]
fn who_ends_the_command_while_it_is_restarted_ends_it() {
    let project = project(QUICK, "[secrets.TOKEN]\n");
    change(&project, "TOKEN", "dummy-one");
    let script = "trap 'echo TERM; n=${n}x; [ $n = xx ] && exit 9' TERM; echo $TOKEN
        while :; do sleep 0.02; done";
    let mut running = begin(&project, script);
    assert_eq!(running.line(), "dummy-one");
    change(&project, "TOKEN", "dummy-two");
    assert_eq!(running.line(), "TERM", "it is to be restarted");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.line(), "TERM", "it is to end");
    assert_eq!(running.line(), "");
    assert_eq!(running.end(), End::Code(9));
}

#[test]
fn a_command_that_ends_by_itself_is_not_started_again() {
    let project = project(QUICK, "[secrets.TOKEN]\n");
    change(&project, "TOKEN", "dummy-one");
    let outcome = watched(&project, "echo $TOKEN; sleep 0.2; exit 4").run();
    outcome.exits_with(4);
    assert_eq!(outcome.stdout(), "dummy-one\n");
}
