//! The command sees what it would see had it been started directly.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::{env, fs};

use nix::unistd::Uid;

use crate::probe::{Probe, executable};

/// What a command prints when a shell starts it directly.
fn directly(before: &str, script: &str) -> String {
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("{before}; exec sh -c '{script}'")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn same_as_directly(before: &str, script: &str) -> String {
    let run = Probe::shell(script).before(before).run();
    let direct = directly(before, script);
    assert_eq!(run.stdout(), direct, "{}", run.stderr());
    direct
}

#[test]
fn the_process_id_stays() {
    let child = Probe::shell("echo $$")
        .command()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(&format!("\n{id}\n")));
}

#[test]
fn no_thread_of_the_launcher_is_left() {
    let run = Probe::shell("echo /proc/$$/task/*").run();
    assert_eq!(run.stdout().split_whitespace().count(), 1);
}

#[test]
fn the_exit_code_is_the_commands() {
    assert_eq!(Probe::shell("exit 42").run().code(), Some(42));
    assert_eq!(Probe::shell("exit 0").run().code(), Some(0));
}

#[test]
fn death_by_a_signal_is_seen_as_that() {
    let run = Probe::shell("kill -TERM $$").run();
    assert_eq!((run.code(), run.0.status.signal()), (None, Some(15)));
}

#[test]
fn the_first_argument_is_the_command_as_it_was_called() {
    let run = Probe::of(["sh", "-c", "cat /proc/$$/cmdline | tr '\\0' ' '"]).run();
    assert!(run.stdout().starts_with("sh -c "));
}

/// Ignored, blocked and caught signals out of a `status` file, without 32 and 33: those
/// belong to the C library, which lets nobody ask for them or set them.
fn signals(status: &str) -> Vec<(&str, u64)> {
    let lines = status.lines().filter_map(|line| line.split_once(":\t"));
    lines
        .filter(|(name, _)| ["SigBlk", "SigIgn", "SigCgt"].contains(name))
        .map(|(name, bits)| (name, u64::from_str_radix(bits, 16).unwrap() & !(0b11 << 31)))
        .collect()
}

#[test]
fn dispositions_of_signals_are_as_inherited() {
    // Not a child of the shell: while it has one, dash blocks all signals.
    let script = "exec cat /proc/self/status";
    let direct = directly(":", script);
    let plain = signals(&direct);
    assert_eq!(plain.len(), 3);
    for ignored in [
        ":",
        "trap \"\" PIPE",
        "trap \"\" ILL FPE SEGV BUS",
        "trap \"\" PIPE HUP TERM",
    ] {
        let direct = directly(ignored, script);
        let run = Probe::shell(script).before(ignored).run();
        assert_eq!(signals(&run.stdout()), signals(&direct), "{ignored}");
        assert_eq!(
            signals(&direct) == plain,
            ignored == ":",
            "the shell did not {ignored}"
        );
    }
}

#[test]
fn a_writer_dies_of_a_broken_pipe_as_without_us() {
    // `yes` prints until SIGPIPE ends it; were it ignored, it would complain.
    let run = Probe::of(["sh", "-c", "(yes; echo $? >&2) | head -n 1"]).run();
    assert_eq!(run.stdout(), "y\n");
    assert_eq!(run.stderr().trim(), "141");
}

#[test]
fn blocked_signals_stay_blocked() {
    let run = Probe::of(["grep", "SigBlk", "/proc/self/status"])
        .blocking_a_signal()
        .run();
    // SIGUSR2 is signal 12.
    assert_eq!(run.stdout().trim(), "SigBlk:\t0000000000000800");
}

#[test]
fn closed_standard_descriptors_stay_closed() {
    let script = "for n in 0 1 2; do [ -e /proc/$$/fd/$n ] || echo $n >&7; done";
    for closed in ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"] {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let before = format!("exec 7>{} {closed}", report.display());
        Probe::shell(script).before(&before).run();
        let expected: String = closed
            .chars()
            .filter(char::is_ascii_digit)
            .map(|digit| format!("{digit}\n"))
            .collect();
        assert_eq!(fs::read_to_string(&report).unwrap(), expected, "{closed}");
    }
}

#[test]
fn descriptors_are_those_of_the_parent() {
    let script = "cd /proc/$$/fd; echo *";
    same_as_directly(":", script);
    let extra = same_as_directly("exec 7</dev/null 9</dev/null", script);
    assert!(extra.contains('7') && extra.contains('9'), "{extra}");
}

#[test]
fn limits_are_those_of_the_parent() {
    let script = "cat /proc/$$/limits";
    // The most that is allowed, so that the launcher has something to take back.
    let core = "ulimit -S -c $(ulimit -H -c); ulimit -S -n 64; ulimit -S -s 1024";
    let limits = same_as_directly(core, script);
    assert!(limits.contains("Max core file size"));
}

#[test]
fn masks_directory_and_priority_are_those_of_the_parent() {
    same_as_directly("umask 027; cd /usr", "umask; pwd");
}

#[test]
fn a_command_of_any_user_is_dumpable_again() {
    let folder = tempfile::Builder::new()
        .permissions(open())
        .tempdir()
        .unwrap();
    let program = folder.path().join("probe");
    executable(&program, &fs::read(env::current_exe().unwrap()).unwrap());
    let user = if Uid::current().is_root() {
        65_534
    } else {
        Uid::current().as_raw()
    };
    // The kernel gives /proc/PID of a process that is not dumpable to root.
    let run = Probe::shell("stat -c %u /proc/$$/environ; id -u; head -c 0 /proc/$$/environ")
        .run_by(user, &program)
        .run();
    assert_eq!(
        run.stdout(),
        format!("{user}\n{user}\n"),
        "{}",
        run.stderr()
    );
    assert_eq!(run.stderr(), "");
}

fn open() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

#[test]
fn a_panic_ends_the_launcher_without_its_message() {
    let run = Probe::of(["true"]).panicking("hunter2").run();
    assert_eq!(run.code(), Some(125));
    assert!(
        run.stderr().starts_with("secret-run: internal error at "),
        "{}",
        run.stderr()
    );
    assert!(!run.stderr().contains("hunter2"));
}
