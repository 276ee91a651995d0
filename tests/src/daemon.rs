//! A server that a test starts on a folder of its own: one that was built for the tests, or one of
//! the system.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binary::built_server;
use crate::launcher::{clone, content, output_file, program};

/// How long a server may take until it answers.
const LIMIT: Duration = Duration::from_secs(60);

/// How often another port is tried when somebody else was quicker to take the free one.
const ATTEMPTS: usize = 5;

/// A running server and its folder. It is killed, and the folder removed, when it is dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    output: File,
    folder: TempDir,
}

impl Daemon {
    /// Starts `name` as `command` writes its files and arguments, until `answers` says that it is
    /// there. `command` is called with the file of the program and the folder, once an attempt,
    /// and gives what belongs to that attempt back: its ports.
    pub(crate) fn start<Ports>(
        name: &'static str,
        command: impl Fn(&Path, &Path) -> (Command, Ports),
        answers: impl Fn(&Ports) -> bool,
    ) -> (Self, Ports) {
        let Some(file) = built_server(name).or_else(|| program(name)) else {
            panic!("{name} is missing: `cargo xtask test --setup-only` sets it up");
        };
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let folder = TempDir::new().expect("a temporary folder can be made");
            let (mut command, ports) = command(&file, folder.path());
            let output = output_file();
            command.stdout(clone(&output)).stderr(clone(&output));
            command.current_dir(folder.path());
            let child = command.spawn();
            let mut daemon = Self {
                name,
                child: child.unwrap_or_else(|error| panic!("{name} can't be started: {error}")),
                output,
                folder,
            };
            if daemon.wait(|| answers(&ports)) {
                return (daemon, ports);
            }
            last = daemon.log();
        }
        panic!("{name} ended before it answered\n--- its output\n{last}");
    }

    /// The folder that it works in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it answers; `false` when it has ended.
    fn wait(&mut self, answers: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait().expect("a child can be waited for");
            if ended.is_some() {
                return false;
            }
            if answers() {
                return true;
            }
            assert!(
                start.elapsed() < LIMIT,
                "{} does not answer\n--- its output\n{}",
                self.name,
                self.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&content(clone(&self.output))).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself: then both say so, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
