//! A folder as a user of the launcher has it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Launcher, Outcome, binary};

/// What the marker command creates.
const MARKER: &str = "the-command-was-started";

/// A temporary folder with the files of a project. It goes when it is dropped.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder that only this user can enter.
    ///
    /// # Panics
    /// When it can't be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        Self { folder }
    }

    /// A project with this manifest and this `.env`.
    #[must_use]
    pub fn with(manifest: &str, dotenv: &str) -> Self {
        let project = Self::new();
        project
            .write("secrets.toml", manifest)
            .write(".env", dotenv);
        project
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the folder, whether there is something or not.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file that only this user can read, and the folders above it.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let file = self.path(name);
        let folder = file.parent().expect("a file in the project has a folder");
        fs::create_dir_all(folder).expect("a folder of the project can be made");
        fs::write(&file, content).expect("a file of the project can be written");
        self.set_mode(name, 0o600)
    }

    /// Sets who may read, write and execute a file.
    ///
    /// # Panics
    /// When the file is missing.
    pub fn set_mode(&self, name: &str, mode: u32) -> &Self {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(name), mode).expect("the project has this file");
        self
    }

    /// The launcher, started in this folder.
    #[must_use]
    pub fn launcher(&self) -> Launcher<'_> {
        Launcher::new(self)
    }

    /// The launcher, started in this folder by another program, whose words come first.
    #[must_use]
    pub fn launcher_under(&self, wrapper: &[impl AsRef<OsStr>]) -> Launcher<'_> {
        Launcher::under(self, wrapper)
    }

    /// Runs a shell script in this folder without the launcher, and with its file in `$L`.
    #[must_use]
    pub fn shell(&self, script: &str) -> Outcome {
        let shell = Launcher::of(self, Path::new("/bin/sh"));
        let shell = shell.env("L", binary("secret-run"));
        shell.args(["-c", script]).run()
    }

    /// A command that leaves a file behind if it is ever started; see [`Project::started`].
    #[must_use]
    pub fn marker(&self) -> [&'static str; 2] {
        ["touch", MARKER]
    }

    /// Whether the command of [`Project::marker`] was started.
    #[must_use]
    pub fn started(&self) -> bool {
        self.path(MARKER).exists()
    }
}

impl Default for Project {
    fn default() -> Self {
        Self::new()
    }
}

/// A path in the repository that the tests come from.
///
/// # Panics
/// When there is nothing at `path`.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    // What cargo says when it runs the test counts, not where the test was compiled: work trees
    // that share a target folder share the program, too.
    let tests = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let path = Path::new(&tests).join("..").join(path);
    assert!(path.exists(), "the repository has no {}", path.display());
    path
}
