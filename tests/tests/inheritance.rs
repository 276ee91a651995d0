//! What the command gets from whoever started the launcher: all of it, unchanged, and
//! nothing of the launcher's own.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use secret_run_tests::{Launcher, Outcome, Project, Running, Trace, binary, program};

/// A secret with a rule: what validating changes in the process must be undone, too.
fn project() -> Project {
    let rule = "validate = { rule = \"min-length\", length = 5 }";
    let manifest = format!("version = 1\n[secrets.TOKEN]\n{rule}\n");
    Project::with(&manifest, "TOKEN=dummy-token\n")
}

/// Runs a line of shell twice: once with `$L` empty, once with it being the launcher.
fn alone_and_launched(script: &str) -> (Outcome, Outcome) {
    let project = project();
    let alone = project.shell(&format!("L=; {script}"));
    let launched = project.shell(&format!("L=\"$L --\"; {script}"));
    alone.exits_with(0);
    launched.exits_with(0);
    (alone, launched)
}

#[track_caller]
fn same_with_and_without(script: &str) {
    let (alone, launched) = alone_and_launched(script);
    assert_eq!(alone.stdout(), launched.stdout(), "{script}");
    assert_ne!(alone.stdout(), "", "{script} says nothing");
}

// Descriptors.

const WAITING: &str = "echo ready; read wait; :";

/// The descriptors of a waiting command, and what is behind those that the test's own
/// parent or the script gave. The pipes of each run are its own.
fn descriptors(project: &Project, prefix: &str) -> (Vec<i32>, Vec<PathBuf>) {
    let script = format!("exec {prefix} sh -c '{WAITING}' 7</dev/zero 9>>given");
    let shell = Launcher::of(project, Path::new("/bin/sh"));
    let shell = shell.args(["-c", &script]).args([binary("secret-run")]);
    let running = Running::start(shell);
    let (numbers, targets): (Vec<_>, Vec<_>) = running.descriptors().into_iter().unzip();
    (numbers, targets[3..].to_vec())
}

#[test]
fn the_command_holds_the_descriptors_that_the_parent_gave_and_no_other() {
    let project = project();
    let launched = descriptors(&project, "\"$0\" --");
    assert_eq!(launched, descriptors(&project, ""));
    for given in [0, 1, 2, 7, 9] {
        assert!(launched.0.contains(&given), "{launched:?}");
    }
}

#[test]
fn delivered_files_are_the_only_descriptors_added() {
    let project = project();
    let manifest = "version = 1\n[secrets.TOKEN]\ndeliver = \"file\"\n\
        [secrets.OTHER]\ndeliver = \"file\"\n";
    project
        .write("secrets.toml", manifest)
        .write(".env", "TOKEN=dummy-token\nOTHER=dummy-other\n");
    let script = format!("[ -n \"$TOKEN_FILE\" ] && exec sh -c '{WAITING}'");
    let running = Running::start(project.launcher().command(["sh", "-c", &script]));
    // Without the launcher, for what the test's own parent gave.
    let shell = Launcher::of(&project, Path::new("/bin/sh"));
    let alone = Running::start(shell.args(["-c", WAITING])).descriptors();
    let known = |number| alone.iter().any(|(known, _)| *known == number);
    let all = running.descriptors();
    let added: Vec<_> = all.iter().filter(|(number, _)| !known(*number)).collect();
    assert_eq!(added.len(), 2, "{all:?}");
    assert_eq!(all.len(), alone.len() + 2, "{all:?}");
    for (_, target) in added {
        let target = target.to_string_lossy();
        assert!(target.starts_with("/memfd:"), "{target}");
        // The name can be seen by others.
        assert!(
            !target.contains("TOKEN") && !target.contains("OTHER"),
            "{target}"
        );
    }
}

#[test]
fn a_closed_stream_stays_closed() {
    // What `ls` opens itself takes the lowest free number, so the list tells them apart.
    for closed in ["0<&-", "1>&2 0<&-", "2>&-", "0<&- 2>&-"] {
        same_with_and_without(&format!(
            "$L ls /proc/self/fd {closed} 2>&1 | cat; echo end"
        ));
    }
    let (alone, launched) =
        alone_and_launched("$L sh -c '[ -e /proc/$$/fd/0 ] || echo closed' 0<&-");
    assert_eq!(alone.stdout(), "closed\n");
    assert_eq!(launched.stdout(), "closed\n");
}

#[test]
fn standard_input_is_read_by_the_command_alone() {
    same_with_and_without("printf 'first\\nsecond' | $L cat");
    same_with_and_without("{ $L head -c 3; cat; } </proc/self/limits | cut -c1-20 | head -3");
}

// The environment.

#[test]
fn credentials_of_the_launcher_do_not_reach_the_command() {
    let project = project();
    let launcher = project.launcher();
    let launcher = launcher
        .env("VAULT_TOKEN", "dummy-vault-token")
        .env("VAULT_SECRET_ID", "dummy-secret-id")
        .env("VAULT_ADDR", "http://localhost:1");
    let running = Running::start(launcher.command(["sh", "-c", WAITING]));
    let environ = fs::read(running.proc("environ")).expect("the command runs");
    let environ = String::from_utf8_lossy(&environ);
    assert!(!environ.contains("dummy-vault-token"), "{environ}");
    assert!(!environ.contains("dummy-secret-id"), "{environ}");
    assert!(!environ.contains("VAULT_TOKEN"), "{environ}");
    assert!(
        environ.contains("VAULT_ADDR=http://localhost:1"),
        "{environ}"
    );
    assert!(environ.contains("TOKEN=dummy-token"), "{environ}");
}

#[test]
fn a_credential_that_the_app_declares_does_reach_it() {
    let project = project();
    project.write("secrets.toml", "version = 1\n[secrets.VAULT_TOKEN]\n");
    let launcher = project.launcher().env("VAULT_TOKEN", "dummy-vault-token");
    let outcome = launcher.command(["printenv", "VAULT_TOKEN"]).run();
    outcome.exits_with(0).stdout_has("dummy-vault-token\n");
}

/// The strings that the command has, when the launcher was given these.
fn strings(project: &Project, given: &[&str]) -> Vec<String> {
    let raw = Path::new(env!("CARGO_BIN_EXE_raw-environment"));
    let launcher = Launcher::of(project, raw).args(given).args(["--"]);
    let launcher = launcher.args([binary("secret-run")]);
    let outcome = launcher.command(["/bin/cat", "/proc/self/environ"]).run();
    let outcome = outcome.exits_with(0).stdout();
    outcome.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn each_name_stands_once_in_the_commands_environment() {
    let given = [
        "A=first",
        "TOKEN=dummy-first",
        "A=second",
        "VAULT_TOKEN=dummy-1",
        "TOKEN=dummy-second",
        "VAULT_TOKEN=dummy-2",
        "B=only",
        "A=third",
    ];
    // The first is the one that `getenv` finds.
    assert_eq!(
        strings(&project(), &given),
        ["A=first", "B=only", "TOKEN=dummy-first"]
    );
}

#[test]
fn strings_that_are_no_variables_are_left_out() {
    let given = [
        "no-equals-sign",
        "=nameless",
        "A=a=b",
        "TOKEN=dummy",
        "EMPTY=",
    ];
    assert_eq!(
        strings(&project(), &given),
        ["A=a=b", "EMPTY=", "TOKEN=dummy"]
    );
}

#[test]
fn an_empty_environment_is_enough() {
    assert_eq!(strings(&project(), &[]), ["TOKEN=dummy-token"]);
}

// Signals.

const SIGNALS: &str = "grep -E '^(SigPnd|SigBlk|SigIgn|SigCgt|ShdPnd)' /proc/self/status";

#[test]
fn signal_mask_and_dispositions_are_those_that_the_parent_gave() {
    for given in [
        "",
        "env --default-signal",
        "env --ignore-signal=PIPE",
        "env --ignore-signal=PIPE,HUP,INT,SEGV,BUS,FPE,ILL",
        "env --ignore-signal=URG",
        "env --block-signal=USR1,TERM,PIPE",
        "env --ignore-signal",
        "nohup",
    ] {
        same_with_and_without(&format!("{given} $L {SIGNALS}"));
    }
}

#[test]
fn a_background_job_keeps_ignoring_interrupts() {
    same_with_and_without(&format!("$L {SIGNALS} & wait"));
}

#[test]
fn a_broken_pipe_ends_the_command_as_usual() {
    same_with_and_without("{ $L yes; echo $? >code; } | head -1; cat code");
}

// The rest of what a process has.

#[test]
fn resource_limits_are_those_that_the_parent_gave() {
    for given in [
        "",
        "ulimit -c 0;",
        "ulimit -S -c 0;",
        "ulimit -S -c 1024;",
        "ulimit -c 1024;",
        "ulimit -n 64;",
        "ulimit -S -s 1024;",
        "ulimit -S -v 4000000;",
    ] {
        same_with_and_without(&format!("{given} $L cat /proc/self/limits"));
    }
}

#[test]
fn identity_and_rights_are_those_that_the_parent_gave() {
    same_with_and_without(
        "umask 027; $L grep -E \
         '^(Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Cpus|Mems|THP|Threads)' /proc/self/status",
    );
    same_with_and_without("$L cat /proc/self/coredump_filter /proc/self/oom_score_adj");
    same_with_and_without("$L cat /proc/self/personality /proc/self/timerslack_ns");
}

#[test]
fn umask_folder_niceness_session_and_group_are_those_that_the_parent_gave() {
    let script = "umask; pwd; nice; cut -d\" \" -f5-8 /proc/$$/stat | sed s/$PPID/parent/g";
    same_with_and_without(&format!("umask 077; $L nice -n 3 sh -c '{script}'"));
    same_with_and_without(&format!(
        "mkdir below; cd below; nice -n 4 $L sh -c '{script}'"
    ));
}

#[test]
fn a_folder_that_was_removed_is_no_obstacle() {
    let project = project();
    let manifest = project.path("secrets.toml");
    let manifest = manifest.display();
    let script = format!("mkdir gone; cd gone; rmdir ../gone; $L -f {manifest} -- echo started");
    project.shell(&script).exits_with(0).stdout_has("started\n");
}

// Dumps and tracers.

/// The words that run what follows as a user without rights, if this is root.
fn unprivileged() -> &'static [&'static str] {
    if !geteuid().is_root() {
        return &["env"];
    }
    assert!(program("setpriv").is_some(), "this test needs `setpriv`");
    &[
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ]
}

/// A project that another user can read, with the launcher in it.
fn readable_by_others() -> Project {
    let project = project();
    let launcher = project.path("secret-run");
    fs::copy(binary("secret-run"), launcher).expect("the launcher can be copied");
    project
        .set_mode("", 0o755)
        .set_mode("secrets.toml", 0o644)
        .set_mode(".env", 0o644)
        .set_mode("secret-run", 0o755);
    project
}

#[test]
fn the_command_can_be_dumped_and_traced_by_its_user_as_without_the_launcher() {
    // The kernel gives /proc/PID to root where a process is not dumpable.
    let project = readable_by_others();
    let user = unprivileged().join(" ");
    let script = "[ $(stat -c %u /proc/self/environ) = $(id -u) ] && cat /proc/self/environ";
    let launched = project.shell(&format!("{user} ./secret-run -- sh -c '{script}'"));
    launched.exits_with(0).stdout_has("TOKEN=dummy-token");
}

#[test]
fn a_user_without_rights_gets_the_same_refusals() {
    let project = readable_by_others();
    let user = unprivileged().join(" ");
    let run = |rest: &str| project.shell(&format!("{user} ./secret-run {rest}"));
    run("-- sh -c 'exit 42'").exits_with(42);
    run("-- /etc/shadow").exits_with(126);
    run("-- no-such-command").exits_with(127);
    run("--env production -- true")
        .exits_with(125)
        .stderr_has("production-env-backend");
}

#[test]
fn the_launcher_is_hardened_before_the_first_value_is_read() {
    let project = project();
    let trace = Trace::of_calls(&project, "prctl,prlimit64", |launcher| {
        launcher.command(["true"])
    });
    trace.outcome.exits_with(0);
    let read = trace.first(".env\"").expect("the values are read");
    let off = trace.first("PR_SET_DUMPABLE, SUID_DUMP_DISABLE");
    assert!(off.is_some_and(|off| off < read), "{trace:#?}");
}

#[test]
fn another_process_of_the_same_user_cannot_look_into_the_launcher() {
    // What a tracer without rights sees of the launcher is where a name stands, not the name.
    let project = readable_by_others();
    let user = unprivileged().join(" ");
    let script = format!("{user} strace -f -qq -e trace=openat,prctl ./secret-run -- true 2>&1");
    let trace = project.shell(&script).exits_with(0).stdout();
    let (before, after) = trace
        .split_once("PR_SET_DUMPABLE, SUID_DUMP_DISABLE")
        .expect("the launcher turns it off");
    assert!(before.contains('"'), "strace sees no names at all: {trace}");
    let after = after
        .split("openat(")
        .nth(1)
        .expect("the manifest is opened");
    assert!(after.starts_with("AT_FDCWD, 0x"), "{trace}");
}
