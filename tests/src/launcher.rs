//! A run of the launcher in an environment that the test controls.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Outcome, Project, binary};

/// A launcher that hangs fails its test instead of stopping all.
const LIMIT: Duration = Duration::from_secs(60);

/// A command line of `secret-run`, not yet started. Its project can't vanish before that.
///
/// Nothing of the test's own environment reaches it: it has `PATH=/usr/bin:/bin` and no
/// standard input until the test says otherwise.
#[derive(Debug)]
pub struct Launcher<'project> {
    command: Command,
    project: PhantomData<&'project Project>,
}

impl<'project> Launcher<'project> {
    /// The launcher in the project's folder.
    #[must_use]
    pub fn new(project: &'project Project) -> Self {
        Self::of(project, &binary("secret-run"))
    }

    /// Another program in the project's folder: another launcher, or a command without one.
    #[must_use]
    pub fn of(project: &'project Project, program: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(project.folder())
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .stdin(Stdio::null());
        Self {
            command,
            project: PhantomData,
        }
    }

    /// The launcher in the project's folder, started by another program: the first of these words with
    /// the rest as its arguments, and the launcher behind them.
    ///
    /// # Panics
    /// When there is no such program.
    #[must_use]
    pub fn under(project: &'project Project, wrapper: &[impl AsRef<OsStr>]) -> Self {
        let first = wrapper.first().expect("a wrapper is at least a word");
        let first = first.as_ref().to_string_lossy();
        let file = program(&first).unwrap_or_else(|| panic!("this test needs `{first}`"));
        Self::of(project, &file)
            .args(&wrapper[1..])
            .args([binary("secret-run")])
    }

    /// Starts in a folder of the project instead.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds options or a subcommand.
    #[must_use]
    pub fn args(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(words);
        self
    }

    /// Adds the command to become, after `--`.
    #[must_use]
    pub fn command(self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args(["--"]).args(words)
    }

    /// Takes the command as it stands, for what a test wants to do itself.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the launcher can't be started or takes longer than a minute.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        // Files, not pipes: a grandchild that keeps a pipe open would keep the test waiting.
        let (stdout, stderr) = (output_file(), output_file());
        self.command.stdout(clone(&stdout)).stderr(clone(&stderr));
        let mut child = self.command.spawn().expect("the launcher can be started");
        let end = wait(&mut child, LIMIT).unwrap_or_else(|| {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
            panic!("not ended after {LIMIT:?}: {:?}", self.command);
        });
        Outcome {
            end: end.into(),
            stdout: content(stdout),
            stderr: content(stderr),
        }
    }
}

/// The search path of everything that is started here.
const SEARCH_PATH: &str = "/usr/bin:/bin";

/// The file of a program of the system: by its path, by the search path of the tests, or
/// where administrators' programs are.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|file| file.is_file());
    }
    let folders = format!("{SEARCH_PATH}:/usr/sbin:/sbin:/usr/local/bin");
    let places = env::split_paths(&folders).map(|folder| folder.join(name));
    places.into_iter().find(|file| file.is_file())
}

/// How the child ended, or `None` when it still runs after `limit`.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        let status = child.try_wait().expect("a child can be waited for");
        if status.is_some() || start.elapsed() > limit {
            return status;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A file without a name, for the output of a child.
pub(crate) fn output_file() -> File {
    tempfile::tempfile().expect("a temporary file can be made")
}

/// The same open file, for a child to write to.
pub(crate) fn clone(file: &File) -> File {
    file.try_clone().expect("an open file can be shared")
}

/// All that was written to the file.
pub(crate) fn content(mut file: File) -> Vec<u8> {
    let mut content = Vec::new();
    file.rewind().expect("a file can be read again");
    file.read_to_end(&mut content).expect("a file can be read");
    content
}
