//! `--watch` keeps a parent beside the command, and nobody who starts, signals or waits for it
//! sees a difference: the same table is held by a plain shell, by `tini`, by a launcher that
//! becomes the command, and by one that stays; and once more as process 1.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret_run_tests::{End, Launcher, Project, Running, program};

const VALUE: &str = "dummy-token";

fn project() -> Project {
    Project::with("version = 1\n[secrets.TOKEN]\n", "TOKEN=dummy-token\n")
}

/// What starts a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Starter {
    Shell,
    Tini,
    Become,
    Watch,
}

const STARTERS: [Starter; 4] = [
    Starter::Shell,
    Starter::Tini,
    Starter::Become,
    Starter::Watch,
];

impl Starter {
    /// A script, started in that way.
    fn script<'p>(self, project: &'p Project, under: &[&str], script: &str) -> Launcher<'p> {
        let tini = program("tini").expect("this test needs `tini`: cargo xtask test installs it");
        let tini = tini.to_string_lossy().into_owned();
        let shell = program("sh").expect("there is a shell");
        let env = program("env").expect("there is `env`");
        let begin = match under {
            [] => Launcher::of(project, &env),
            [first, rest @ ..] => {
                let wrapper = program(first).unwrap_or_else(|| panic!("this test needs `{first}`"));
                Launcher::of(project, &wrapper).args(rest)
            }
        };
        let secret_run = secret_run_tests::binary("secret-run");
        let begin = match self {
            Self::Shell => begin
                .args([shell.as_os_str(), "-c".as_ref(), "exec \"$@\"".as_ref()])
                .args(["sh"]),
            Self::Tini => begin.args([tini.as_str(), "-s", "--"]),
            Self::Become => begin.args([secret_run.as_os_str(), "--".as_ref()]),
            Self::Watch => begin.args([secret_run.as_os_str(), "--watch".as_ref(), "--".as_ref()]),
        };
        begin.args(["sh", "-c", script])
    }
}

/// What a shell says of an end.
fn as_code(end: End) -> i32 {
    match end {
        End::Code(code) => code,
        End::Signal(signal) => 128 + signal,
    }
}

// Its end.

#[test]
fn every_exit_code_is_the_same_however_the_command_is_started() {
    let project = project();
    for code in [0, 1, 2, 42, 125, 126, 127, 128, 255] {
        for starter in STARTERS {
            let outcome = starter.script(&project, &[], &format!("exit {code}")).run();
            outcome.exits_with(code);
            assert_eq!(outcome.stderr(), "", "{starter:?} {code}");
        }
    }
}

#[test]
fn every_death_by_signal_is_the_same_however_the_command_is_started() {
    let project = project();
    for signal in [1, 2, 3, 6, 9, 11, 13, 14, 15, 10, 12, 35] {
        let script = format!("ulimit -c 0; kill -{signal} $$; sleep 5");
        let alone = Starter::Shell.script(&project, &[], &script).run().end;
        assert_eq!(alone, End::Signal(signal));
        for starter in [Starter::Become, Starter::Watch] {
            let outcome = starter.script(&project, &[], &script).run();
            assert_eq!(outcome.end, alone, "{starter:?}");
            assert_eq!(outcome.stderr(), "", "{starter:?} {signal}");
        }
        // It has no way to die of it, and says what a shell says.
        let tini = Starter::Tini.script(&project, &[], &script).run().end;
        assert_eq!(as_code(tini), as_code(alone));
    }
}

#[test]
fn what_cannot_be_started_is_said_with_the_same_code() {
    let project = project();
    project.write("no-x-bit", "#!/bin/sh\n");
    for (name, code) in [("no-such-command-here", 127), ("./no-x-bit", 126)] {
        for options in [&[][..], &["--watch"]] {
            let launcher = project.launcher().args(options);
            let outcome = launcher.command([name]).run();
            outcome.exits_with(code).stderr_has("error[command-not-");
            outcome.shows_no(VALUE);
        }
    }
    project.write(".env", "");
    let outcome = project
        .launcher()
        .args(["--watch"])
        .command(project.marker())
        .run();
    outcome.exits_with(125).stderr_has("error[missing-value]");
    assert!(!project.started());
}

#[test]
fn a_subcommand_is_not_watched() {
    let project = project();
    let outcome = project.launcher().args(["--watch", "check"]).run();
    outcome
        .exits_with(125)
        .stderr_has("secret-run --watch -- COMMAND");
}

// Signals.

/// Says its signals, and ends at the last of them.
const TRAPS: &str =
    "for s in HUP INT QUIT USR1 USR2 ALRM WINCH CONT 35; do trap \"echo $s\" $s; done
    trap 'echo TERM; exit 7' TERM; echo ready; while :; do sleep 0.02; done";

/// The signals of [`TRAPS`], as they are called there, with the last at the end.
const TABLE: [(&str, i32); 10] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("USR1", 10),
    ("USR2", 12),
    ("ALRM", 14),
    ("WINCH", 28),
    ("CONT", 18),
    ("35", 35),
    ("TERM", 15),
];

/// Sends a signal by its number: some have no name.
fn send(process: u32, number: i32) {
    let words = [format!("-{number}"), process.to_string()];
    let sent = std::process::Command::new("kill").args(words).status();
    assert!(sent.is_ok_and(|status| status.success()), "it runs");
}

#[test]
fn every_signal_arrives_once_however_the_command_is_started() {
    let project = project();
    for starter in STARTERS {
        let mut running = Running::start(starter.script(&project, &[], TRAPS));
        for (name, number) in TABLE {
            send(running.id(), number);
            assert_eq!(running.line(), name, "{starter:?}");
        }
        assert_eq!(running.line(), "", "{starter:?} says no signal twice");
        assert_eq!(running.end(), End::Code(7), "{starter:?}");
    }
}

#[test]
fn a_command_that_does_not_listen_dies_of_the_signal() {
    let project = project();
    for starter in [Starter::Shell, Starter::Become, Starter::Watch] {
        for signal in [
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGHUP,
            Signal::SIGUSR1,
        ] {
            let running = Running::start(starter.script(
                &project,
                &[],
                "echo ready; while :; do sleep 0.02; done",
            ));
            running.signal(signal);
            assert_eq!(running.end(), End::Signal(signal as i32), "{starter:?}");
        }
    }
}

#[test]
fn what_systemd_means_for_one_process_it_means_for_the_command() {
    let project = project();
    for options in ["", "--watch"] {
        let script = format!(
            "export LISTEN_PID=$$ WATCHDOG_PID=$$ LISTEN_FDS=1 NOTIFY_SOCKET=/run/notify; \
             exec \"$L\" {options} -- sh -c 'echo $(($$ - LISTEN_PID)) $(($$ - WATCHDOG_PID)) \
             $LISTEN_FDS $NOTIFY_SOCKET'"
        );
        let outcome = project.shell(&script);
        assert_eq!(outcome.exits_with(0).stdout(), "0 0 1 /run/notify\n");
        // What is meant for another process is not meant for this one.
        let script = format!(
            "LISTEN_PID=1 WATCHDOG_PID=2 exec \"$L\" {options} -- \
             sh -c 'echo $LISTEN_PID $WATCHDOG_PID'"
        );
        let outcome = project.shell(&script);
        assert_eq!(outcome.exits_with(0).stdout(), "1 2\n");
    }
}

#[test]
fn what_was_ignored_before_stays_ignored() {
    let project = project();
    let states = ["Become", "Watch"].map(|which| {
        let options = if which == "Watch" { "--watch" } else { "" };
        let script = format!(
            "trap '' HUP USR2 CHLD; exec \"$L\" {options} -- \
             sed -n 's/^Sig\\(Ign\\|Blk\\|Cgt\\)/&/p' /proc/self/status"
        );
        let outcome = project.shell(&script);
        outcome.exits_with(0).stdout()
    });
    assert!(states[0].contains("SigIgn:\t"), "{states:?}");
    assert_eq!(states[0], states[1]);
}

#[test]
fn the_command_finds_the_same_descriptors_and_limits() {
    let project = project();
    let [alone, watched] = ["", "--watch"].map(|options| {
        let script = format!(
            "ulimit -c 1000; \"$L\" {options} -- sh -c 'ulimit -c; umask; ls /proc/self/fd | wc -l'"
        );
        project.shell(&script).exits_with(0).stdout()
    });
    assert_eq!(alone, watched);
    assert!(alone.starts_with("1000\n"), "{alone}");
}

// Processes.

/// The numbers of the children of a process.
fn children(of: u32) -> Vec<u32> {
    let file = format!("/proc/{of}/task/{of}/children");
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace()
        .map(|number| number.parse().expect("children are numbers"))
        .collect()
}

#[test]
fn the_parent_has_one_thread_one_child_and_no_value() {
    let project = project();
    let launcher = project.launcher().args(["--watch"]);
    let running = Running::start(launcher.command(["sh", "-c", "echo ready; read wait; :"]));
    assert_eq!(children(running.id()).len(), 1);
    let status = fs::read_to_string(running.proc("status")).expect("it runs");
    assert!(status.contains("Threads:\t1\n"), "{status}");
    let root = nix::unistd::geteuid().is_root();
    assert!(
        root,
        "only root can look into a process that is not dumpable"
    );
    assert!(!memory_has(running.id(), VALUE.as_bytes()));
    let command = children(running.id())[0];
    assert!(
        memory_has(command, VALUE.as_bytes()),
        "the search finds what is there"
    );
}

/// Whether the writable memory of a process has these bytes somewhere.
fn memory_has(process: u32, wanted: &[u8]) -> bool {
    use std::os::unix::fs::FileExt;
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("it runs");
    let memory = fs::File::open(format!("/proc/{process}/mem")).expect("root may read it");
    maps.lines()
        .filter(|line| line.contains(" rw"))
        .any(|line| {
            let (start, rest) = line.split_once('-').expect("a mapping has two ends");
            let end = rest.split(' ').next().expect("a mapping has two ends");
            let number = |text| u64::from_str_radix(text, 16).expect("ends are hexadecimal");
            let (start, end) = (number(start), number(end));
            let mut content = vec![0; usize::try_from(end - start).expect("it fits")];
            // A mapping of a device may not be readable.
            let read = memory.read_exact_at(&mut content, start).is_ok();
            read && content.windows(wanted.len()).any(|window| window == wanted)
        })
}

#[test]
fn a_parent_that_is_killed_takes_the_command_along() {
    let project = project();
    let launcher = project.launcher().args(["--watch"]);
    let script = "trap 'echo TERM; exit' TERM; echo ready; while :; do sleep 0.02; done";
    let mut running = Running::start(launcher.command(["sh", "-c", script]));
    running.signal(Signal::SIGKILL);
    assert_eq!(running.line(), "TERM");
    assert_eq!(running.end(), End::Signal(Signal::SIGKILL as i32));
}

// Process 1.

/// What makes its child process 1 of a namespace.
fn namespace() -> Vec<&'static str> {
    let needed: &[&str] = if nix::unistd::geteuid().is_root() {
        &[]
    } else {
        &["--user", "--map-root-user"]
    };
    [
        &["unshare"][..],
        needed,
        &["--pid", "--fork", "--mount-proc"],
    ]
    .concat()
}

#[test]
fn every_signal_arrives_once_at_process_one_too() {
    let project = project();
    for starter in STARTERS {
        let mut running = Running::start(starter.script(&project, &namespace(), TRAPS));
        let first = children(running.id())[0];
        for (name, number) in TABLE {
            send(first, number);
            assert_eq!(running.line(), name, "{starter:?}");
        }
        assert_eq!(running.end(), End::Code(7), "{starter:?}");
    }
}

#[test]
fn every_end_is_the_same_as_process_one() {
    let project = project();
    for (script, code) in [("exit 42", 42), ("kill -9 $$", 137), ("kill -15 $$", 143)] {
        for starter in [Starter::Tini, Starter::Watch] {
            let launcher = starter.script(&project, &namespace(), script);
            launcher.run().exits_with(code);
        }
    }
}

#[test]
fn a_command_that_does_not_listen_ends_at_the_first_signal_as_process_one() {
    let project = project();
    for starter in [Starter::Tini, Starter::Watch] {
        let script = "echo ready; while :; do sleep 0.02; done";
        let running = Running::start(starter.script(&project, &namespace(), script));
        kill(
            Pid::from_raw(i32::try_from(children(running.id())[0]).expect("it is small")),
            Signal::SIGTERM,
        )
        .expect("it runs");
        assert_eq!(as_code(running.end()), 143, "{starter:?}");
    }
}

#[test]
fn process_one_waits_for_what_has_no_parent_any_more() {
    let project = project();
    for starter in [Starter::Tini, Starter::Watch] {
        // A process whose parent ends becomes a child of process 1, and then ends.
        let script = "sh -c 'sh -c \"exit 0\" & exit 0' ; sleep 0.3; \
             grep -c '^State:.Z' /proc/[0-9]*/status | grep -v ':0$'; echo end";
        let outcome = starter.script(&project, &namespace(), script).run();
        assert_eq!(outcome.exits_with(0).stdout(), "end\n", "{starter:?}");
    }
}
