//! A command that was started and still runs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{End, Launcher};

/// A process with pipes to it, for commands that answer line by line. It is killed when it
/// is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Starts the launcher, or what stands in its place, and waits until the command says
    /// `ready` as its first line. By then it is the command that runs.
    ///
    /// # Panics
    /// When it says anything else.
    #[must_use]
    pub fn start(launcher: Launcher<'_>) -> Self {
        let mut running = Self::begin(launcher);
        assert_eq!(running.line(), "ready", "the command did not start");
        running
    }

    /// Starts it without waiting for anything.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn begin(launcher: Launcher<'_>) -> Self {
        Self::spawn(launcher.into_command())
    }

    /// The same, for a command with more that a test wants of it.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the launcher can be started");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("standard output is a pipe");
        Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        }
    }

    /// The process id of what was started.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A file of the process in `/proc`.
    #[must_use]
    pub fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.id()))
    }

    /// The open descriptors, and what is behind each.
    ///
    /// # Panics
    /// When the process is gone, or another user's.
    #[must_use]
    pub fn descriptors(&self) -> Vec<(i32, PathBuf)> {
        let entries = fs::read_dir(self.proc("fd")).expect("the process runs");
        let mut descriptors: Vec<_> = entries
            .map(|entry| {
                let entry = entry.expect("the process still runs");
                let number = entry.file_name().to_string_lossy().parse();
                let target = fs::read_link(entry.path()).expect("a descriptor leads somewhere");
                (number.expect("descriptors are numbers"), target)
            })
            .collect();
        descriptors.sort();
        descriptors
    }

    /// The next line of standard output.
    ///
    /// # Panics
    /// When it is no text.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line);
        read.expect("the command writes text");
        line.trim_end_matches('\n').to_owned()
    }

    /// Sends a signal to what was started.
    ///
    /// # Panics
    /// When it has ended.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).expect("process ids are small");
        kill(Pid::from_raw(id), signal).expect("a child can be signalled");
    }

    /// Closes its standard input and waits for its end.
    ///
    /// # Panics
    /// When it can't be waited for.
    #[must_use]
    pub fn end(mut self) -> End {
        drop(self.stdin.take());
        let status = self.child.wait();
        status.expect("a child can be waited for").into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself: then both say so, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
