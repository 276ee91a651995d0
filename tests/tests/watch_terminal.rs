//! `--watch` at a terminal: keys, jobs, and a terminal that nobody reads.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret_run_tests::{Launcher, Project, program};

fn project() -> Project {
    Project::with("version = 1\n[secrets.TOKEN]\n", "TOKEN=dummy-token\n")
}

/// A command at a terminal of its own, whose keys are written to it.
fn at_terminal(project: &Project, command: &str) -> Child {
    let file = program("script").expect("this test needs `script`");
    let mut script = Launcher::of(project, &file)
        .env("L", secret_run_tests::binary("secret-run"))
        .env("SHELL", "/bin/sh")
        .args(["--quiet", "--return", "--command", command, "/dev/null"])
        .into_command();
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    script.spawn().expect("it can be started")
}

#[test]
fn what_a_key_sends_reaches_the_command_once() {
    let project = project();
    let inner = "trap \"echo got INT\" INT; trap \"echo got QUIT; exit 7\" QUIT; \
         touch ready; while :; do sleep 0.02; done";
    for options in ["", "--watch"] {
        let _ = fs::remove_file(project.path("ready"));
        let command = format!("exec \"$L\" {options} -- sh -c '{inner}'");
        let mut child = at_terminal(&project, &command);
        let mut keys = child.stdin.take().expect("it is a pipe");
        while !project.path("ready").exists() {
            thread::sleep(Duration::from_millis(5));
        }
        for key in [b"\x03", b"\x1c"] {
            keys.write_all(key).expect("it reads");
            // The shell runs a trap when the command before it has ended.
            thread::sleep(Duration::from_millis(300));
        }
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text.matches("got INT").count(), 1, "{options} {text:?}");
        assert_eq!(text.matches("got QUIT").count(), 1, "{options} {text:?}");
        assert_eq!(output.status.code(), Some(7), "{options} {text:?}");
    }
}

#[test]
fn a_shell_sees_the_command_stopped_and_continues_it() {
    let project = project();
    let inner = "echo first; kill -TSTP $$; echo second; exit 5";
    for options in ["", "--watch"] {
        let job = format!("\"$L\" {options} -- sh -c '{inner}'");
        let command = format!("set -m; {job}; echo stopped=$?; fg >/dev/null; echo ended=$?");
        let mut child = at_terminal(&project, &command);
        drop(child.stdin.take());
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let place = |word| {
            text.find(word)
                .unwrap_or_else(|| panic!("{word}: {text:?}"))
        };
        assert!(place("first") < place("stopped=148"), "{options} {text:?}");
        assert!(place("stopped=148") < place("second"), "{options} {text:?}");
        assert!(place("second") < place("ended=5"), "{options} {text:?}");
    }
}

/// Waits for what comes in a moment.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// What a child writes, as it comes.
fn heard(child: &mut Child) -> Receiver<Vec<u8>> {
    let mut output = child.stdout.take().expect("it is a pipe");
    let (said, heard) = channel();
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = output.read(&mut piece) {
            if said.send(piece[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    heard
}

#[test]
fn a_first_reading_that_is_stopped_is_a_job_that_is_stopped() {
    let store = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = store.local_addr().expect("it has one");
    let manifest = format!(
        "version = 1\n[environments.development]\nbackend = \"vault\"\n[backends.vault]\n\
         kind = \"vault\"\naddress = \"http://{address}\"\n\
         [secrets.TOKEN]\nkey = \"secret/app#token\"\n"
    );
    let project = Project::with(&manifest, "");
    for options in ["", "--watch"] {
        let job = format!("VAULT_TOKEN=dummy \"$L\" {options} -- true");
        let command = format!("set -m; {job}; echo stopped=$?; fg >/dev/null; echo ended=$?");
        let mut child = at_terminal(&project, &command);
        let mut keys = child.stdin.take().expect("it is a pipe");
        let heard = heard(&mut child);
        let mut text = String::new();
        let mut says = |word: &str| {
            wait_until(word, || {
                let pieces: Vec<_> = heard.try_iter().flatten().collect();
                text.push_str(&String::from_utf8_lossy(&pieces));
                text.contains(word)
            });
        };
        let (mut asked, _) = store.accept().expect("it asks");
        keys.write_all(b"\x1a").expect("it reads");
        says("stopped=148");
        // The shell continues it, and it gets its answer.
        let answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        asked.write_all(answer).expect("it reads");
        drop(asked);
        says("ended=125");
        child.wait().expect("it ends");
    }
}

fn number(file: &Path) -> i32 {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

#[test]
fn a_signal_to_the_whole_group_that_no_key_sent_arrives_twice() {
    let project = project();
    let inner = "trap \"echo got >>heard\" USR1; trap \"touch done; exit\" TERM; touch ready
        while :; do sleep 0.02; done";
    let command = format!(
        "set -m; \"$L\" --watch -- sh -c '{inner}' & echo $! >id; \
         while ! [ -e done ]; do sleep 0.02; done"
    );
    let mut child = at_terminal(&project, &command);
    wait_until("it starts", || project.path("ready").exists());
    let parent = Pid::from_raw(number(&project.path("id")));
    let group = Pid::from_raw(-parent.as_raw());
    let heard = || {
        let text = fs::read_to_string(project.path("heard")).unwrap_or_default();
        text.lines().count()
    };
    // Two at once would be one for the command, too: so the parent is held up.
    kill(parent, Signal::SIGSTOP).expect("it runs");
    let stat = format!("/proc/{parent}/stat");
    wait_until("it stops", || {
        fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
    });
    kill(group, Signal::SIGUSR1).expect("it runs");
    wait_until("it is the command's", || heard() == 1);
    kill(parent, Signal::SIGCONT).expect("it runs");
    wait_until("it is sent on", || heard() == 2);
    kill(parent, Signal::SIGTERM).expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(heard(), 2);
}

#[test]
fn a_terminal_that_nobody_reads_holds_up_neither_signals_nor_the_end() {
    let project = project();
    let inner =
        "echo $PPID >id; n=0; while :; do n=$((n+1)); echo $n >count; printf %01000d 0; done";
    let command = format!("exec \"$L\" --watch --redact -- sh -c '{inner}'");
    let mut child = at_terminal(&project, &command);
    // Until nothing more goes anywhere.
    let (mut count, mut since) = (0, Instant::now());
    wait_until("it stands still", || {
        let now = number(&project.path("count"));
        if now != count || now == 0 {
            (count, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_secs(1)
    });
    let parent = Pid::from_raw(number(&project.path("id")));
    kill(parent, Signal::SIGTERM).expect("it runs");
    let children = format!("/proc/{parent}/task/{parent}/children");
    wait_until("its command has ended, and it has seen that", || {
        fs::read_to_string(&children).is_ok_and(|children| children.is_empty())
    });
    kill(parent, Signal::SIGKILL).expect("it waits for its reader");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
