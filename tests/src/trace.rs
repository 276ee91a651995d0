//! What files a run touches, as the kernel saw it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use nix::unistd::geteuid;

use crate::launcher::program;
use crate::{Launcher, Outcome, Project};

/// A run of the launcher under `strace`, which tells every system call with a file name in
/// it: of the launcher, and of the command if it was started.
#[derive(Debug)]
pub struct Trace {
    /// What came of the run.
    pub outcome: Outcome,
    calls: Vec<String>,
}

impl Trace {
    /// Runs the launcher in the project's folder; `prepare` gives it arguments and variables.
    ///
    /// # Panics
    /// When there is no `strace`, or it may not trace.
    #[must_use]
    pub fn of<'a>(
        project: &'a Project,
        prepare: impl FnOnce(Launcher<'a>) -> Launcher<'a>,
    ) -> Self {
        Self::of_calls(project, "%file", prepare)
    }

    /// The same with other system calls besides, in the words of `strace -e trace=`.
    ///
    /// # Panics
    /// When there is no `strace`, or it may not trace.
    #[must_use]
    pub fn of_calls<'a>(
        project: &'a Project,
        calls: &str,
        prepare: impl FnOnce(Launcher<'a>) -> Launcher<'a>,
    ) -> Self {
        let strace = program("strace").unwrap_or_else(|| {
            panic!("this test needs `strace`: apt-get install strace, or run `cargo xtask test`")
        });
        // Outside the project: what strace itself does is not traced, but let it leave no file there.
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let options: [OsString; 10] = [
            strace.into(),
            "-f".into(),
            "-qq".into(),
            // Names in full.
            "-s".into(),
            "4096".into(),
            // Every call that names a file: open, stat, access, readlink, execve and the like.
            "-e".into(),
            format!("trace=%file,{calls}").into(),
            "-o".into(),
            file.path().into(),
            "--".into(),
        ];
        let wrapper: Vec<OsString> = may_trace().chain(options).collect();
        let outcome = prepare(project.launcher_under(&wrapper)).run();
        let text = fs::read(file.path()).expect("strace writes its file");
        let text = String::from_utf8_lossy(&text);
        let calls: Vec<_> = text.lines().map(str::to_owned).collect();
        assert!(
            calls.iter().any(|call| call.contains("execve(")),
            "strace saw nothing; may this user trace?\n{outcome:?}"
        );
        // Else nothing would ever be touched.
        let unreadable = |call: &&String| call.contains("openat(") && !call.contains('"');
        let hidden = calls.iter().find(|call| unreadable(call));
        assert!(hidden.is_none(), "strace sees no names: {hidden:?}");
        Self { outcome, calls }
    }

    /// Whether any call names a file whose path ends in `name`, or lies below it.
    #[must_use]
    pub fn touches(&self, name: &str) -> bool {
        self.touching(name).next().is_some()
    }

    /// Asserts that no call names such a file.
    ///
    /// # Panics
    /// When one does.
    #[track_caller]
    pub fn leaves_alone(&self, name: &str) -> &Self {
        let calls: Vec<_> = self.touching(name).collect();
        assert!(
            calls.is_empty(),
            "{name} was touched: {calls:#?}\n{:?}",
            self.outcome
        );
        self
    }

    /// The position of the first call whose line has this text.
    #[must_use]
    pub fn first(&self, text: &str) -> Option<usize> {
        self.calls.iter().position(|call| call.contains(text))
    }

    /// How many calls have this text in their line.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.calls.iter().filter(|call| call.contains(text)).count()
    }

    /// The programs that were executed, the launcher first.
    #[must_use]
    pub fn programs(&self) -> Vec<&str> {
        let calls = self.calls.iter().filter(|call| call.ends_with(" = 0"));
        calls
            .filter_map(|call| call.split_once("execve(\"")?.1.split('"').next())
            .collect()
    }

    fn touching<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a String> {
        // The launcher's own command line may name anything.
        let calls = self.calls.iter().filter(|call| !call.contains("execve("));
        calls.filter(move |call| {
            // Names stand in quotes: every second part.
            call.split('"').skip(1).step_by(2).any(|path| {
                Path::new(path)
                    .ancestors()
                    .any(|ancestor| ancestor.ends_with(name))
            })
        })
    }
}

/// The words before `strace` that let it read the launcher's memory. The launcher keeps
/// tracers of its own user out, so it takes root, if only of a user namespace.
fn may_trace() -> impl Iterator<Item = OsString> {
    let namespace: &[&str] = &["unshare", "--user", "--map-root-user"];
    let needed = if geteuid().is_root() { &[] } else { namespace };
    needed.iter().map(OsString::from)
}
