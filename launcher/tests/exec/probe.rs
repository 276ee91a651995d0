//! A process that becomes a command the way the launcher does.
//!
//! A test cannot call `exec` itself: it would be replaced. So the test binary starts
//! itself again, and in that process the test below does it. Its orders are in the
//! environment, since the arguments are the test harness's.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigSet, Signal};
use secret_run::deliver::{DeliveredFiles, FileRequest, Placement};
use secret_run::environment::{Limits, Recipe, argument_size};
use secret_run::exec::{limits, replace};
use secret_run::harden::harden;
use secret_run::lookup::{find, search_path};
use secret_runtime::error::Explain;
use secret_runtime::manifest::{FileMode, Inherit};
use secret_runtime::secret::SecretValue;

/// What the command prints begins after this line; before it, the harness talks.
const MARK: &str = "--- the command ---\n";

/// Orders, as environment variables; none of them reaches the command.
const COMMAND: &str = "PROBE_COMMAND";
const BLOCK_SIGNAL: &str = "PROBE_BLOCK_SIGNAL";
const MEMORY_FILE: &str = "PROBE_MEMORY_FILE";
const PLACED_FILE: &str = "PROBE_PLACED_FILE";
const FILL_STRING: &str = "PROBE_FILL_STRING";
const FILL_TOTAL: &str = "PROBE_FILL_TOTAL";
const PANIC: &str = "PROBE_PANIC";
const ORDERS: [&str; 7] = [
    COMMAND,
    BLOCK_SIGNAL,
    MEMORY_FILE,
    PLACED_FILE,
    FILL_STRING,
    FILL_TOTAL,
    PANIC,
];
const SEPARATOR: char = '\u{1f}';

/// What a delivered file holds: no text, and more than an environment variable can.
pub(crate) fn file_content() -> Vec<u8> {
    (0..200_000_u32).map(|index| (index % 251) as u8).collect()
}

#[test]
fn probe() {
    let Ok(command) = env::var(COMMAND) else {
        return;
    };
    let hardened = harden();
    assert!(!prctl::get_dumpable().unwrap());
    assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap().0, 0);
    if let Ok(text) = env::var(PANIC) {
        panic!("{text}");
    }
    // A second thread, as a runtime for network requests would have.
    thread::spawn(|| thread::sleep(Duration::from_secs(60)));
    if env::var_os(BLOCK_SIGNAL).is_some() {
        SigSet::from(Signal::SIGUSR2).thread_block().unwrap();
    }

    let arguments: Vec<OsString> = command.split(SEPARATOR).map(OsString::from).collect();
    let value = SecretValue::new(file_content());
    let placements = placements();
    let requests: Vec<FileRequest<'_>> = placements
        .iter()
        .map(|(name, placement)| FileRequest {
            name,
            value: &value,
            placement,
        })
        .collect();
    let (mut additions, mut files) = match DeliveredFiles::prepare(&requests) {
        Ok(made) => made,
        Err(problems) => fail(&problems[0], 125),
    };
    additions.extend(fillers(&arguments));

    let parent: Vec<(OsString, OsString)> = env::vars_os().collect();
    let recipe = Recipe {
        parent: &parent,
        inherit: &match env::var_os(FILL_TOTAL) {
            Some(_) => Inherit::Only(Vec::new()),
            None => Inherit::All,
        },
        scrub: &ORDERS.map(str::to_owned),
        additions: &additions,
    };
    // The kernel is asked even where the launcher would have refused.
    let unlimited = Limits {
        string: usize::MAX,
        total: usize::MAX,
    };
    let environment = recipe.build(0, &unlimited).unwrap();
    if let Err(problems) = recipe.build(argument_size(&arguments), &limits()) {
        eprintln_kind(&problems[0]);
    }

    let path = search_path(&environment, None).to_owned();
    let program = match find(&arguments[0], &path) {
        Ok(program) => program,
        Err(error) => fail(&error, error.exit_code()),
    };
    write(&mut std::io::stdout(), MARK);
    if let Err(problem) = files.put_in_place() {
        fail(&problem, 125);
    }
    let error = replace(&program, arguments, &environment, files, hardened);
    fail(&error, error.exit_code())
}

fn placements() -> Vec<(&'static str, Placement)> {
    let memory = env::var_os(MEMORY_FILE).map(|_| ("TLS_KEY", Placement::Memory));
    let placed = env::var_os(PLACED_FILE).map(|path| {
        let placement = Placement::Path {
            path: path.into(),
            mode: FileMode::parse("0440").unwrap(),
        };
        ("TLS_CERT", placement)
    });
    memory.into_iter().chain(placed).collect()
}

/// Variables that fill what the kernel takes, and so many bytes beyond as ordered.
fn fillers(arguments: &[OsString]) -> Vec<(String, SecretValue)> {
    let filler = |name: String, length| (name, SecretValue::new(vec![b'v'; length]));
    if let Ok(beyond) = env::var(FILL_STRING) {
        let beyond: usize = beyond.parse().unwrap();
        return vec![filler(
            "F".to_owned(),
            limits().string - "F=\0".len() + beyond,
        )];
    }
    let Ok(beyond) = env::var(FILL_TOTAL) else {
        return Vec::new();
    };
    let mut left = limits().total - argument_size(arguments) + beyond.parse::<usize>().unwrap();
    let mut all = Vec::new();
    let around = "F000=\0".len() + size_of::<usize>();
    while left > 0 {
        // The last one is never too small to be made.
        let size = if left > 128 * 1024 {
            64 * 1024
        } else {
            left.min(96 * 1024)
        };
        all.push(filler(format!("F{:03}", all.len()), size - around));
        left -= size;
    }
    all
}

fn fail(error: &impl Explain, code: u8) -> ! {
    eprintln_kind(error);
    process::exit(code.into())
}

fn eprintln_kind(error: &impl Explain) {
    write(
        &mut std::io::stderr(),
        &format!("{}: {error}\n", error.kind()),
    );
}

fn write(to: &mut impl Write, text: &str) {
    // Nowhere to complain when it is closed, which some tests are about.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

/// How a test starts the probe.
pub(crate) struct Probe {
    /// Run by a shell before the probe takes its place: `ulimit`, `exec 0<&-`, `trap`.
    before: String,
    program: PathBuf,
    orders: Vec<(&'static str, OsString)>,
    user: Option<u32>,
}

impl Probe {
    /// A probe that becomes this command.
    pub(crate) fn of<const N: usize>(command: [&str; N]) -> Self {
        Self {
            before: ":".to_owned(),
            program: env::current_exe().unwrap(),
            orders: vec![(COMMAND, command.join(&SEPARATOR.to_string()).into())],
            user: None,
        }
    }

    /// A probe that becomes a shell with this script.
    pub(crate) fn shell(script: &str) -> Self {
        Self::of(["sh", "-c", script])
    }

    pub(crate) fn before(mut self, script: &str) -> Self {
        script.clone_into(&mut self.before);
        self
    }

    pub(crate) fn blocking_a_signal(self) -> Self {
        self.order(BLOCK_SIGNAL, "")
    }

    pub(crate) fn with_memory_file(self) -> Self {
        self.order(MEMORY_FILE, "")
    }

    pub(crate) fn with_placed_file(self, path: &Path) -> Self {
        self.order(PLACED_FILE, path)
    }

    pub(crate) fn filling_a_string_and(self, beyond: usize) -> Self {
        self.order(FILL_STRING, beyond.to_string())
    }

    pub(crate) fn filling_all_and(self, beyond: usize) -> Self {
        self.order(FILL_TOTAL, beyond.to_string())
    }

    pub(crate) fn panicking(self, text: &str) -> Self {
        self.order(PANIC, text)
    }

    /// As another user, with a program that this user can read.
    pub(crate) fn run_by(mut self, user: u32, program: &Path) -> Self {
        self.user = Some(user);
        program.clone_into(&mut self.program);
        self
    }

    fn order(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.orders.push((name, value.into()));
        self
    }

    /// The shell that becomes the probe that becomes the command: one process.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("{}; exec \"$@\"", self.before), "sh"])
            .arg(&self.program)
            .args(["probe::probe", "--exact", "--nocapture", "--test-threads=1"])
            .envs(self.orders.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            std::os::unix::process::CommandExt::uid(&mut command, user);
        }
        command
    }

    pub(crate) fn run(&self) -> Run {
        Run(self.command().output().unwrap())
    }
}

/// What became of a probe.
pub(crate) struct Run(pub(crate) Output);

impl Run {
    /// What the command printed.
    pub(crate) fn stdout(&self) -> String {
        let all = String::from_utf8_lossy(&self.0.stdout);
        let (_, after) = all
            .split_once(MARK)
            .unwrap_or_else(|| panic!("{:?}", self.0));
        after.to_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.0.status.code()
    }
}

/// Makes an executable file. A child writes it: a descriptor that is open for writing
/// here could be inherited by the child of another test, and the file then be busy.
pub(crate) fn executable(path: &Path, content: &[u8]) {
    let mut writer = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(content).unwrap();
    assert!(writer.wait().unwrap().success());
}
