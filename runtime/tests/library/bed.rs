//! A project whose secrets are files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use secret_runtime::Secrets;
use secret_runtime::secrets::{Event, SecretsBuilder, Watcher};
use tempfile::TempDir;

/// What no test may take longer than.
const LIMIT: Duration = Duration::from_secs(30);

/// A folder with a manifest, and one with files.
pub(crate) struct Bed {
    folder: TempDir,
}

impl Bed {
    /// The entries are in the folder `run`, one file each.
    pub(crate) fn new(entries: &str) -> Self {
        Self::with(&format!(
            "version = 1\n[environments.development]\nbackend = \"mounts\"\n\
             [environments.production]\nbackend = \"mounts\"\n\
             [backends.mounts]\nkind = \"file\"\ndirectory = \"run\"\n{entries}"
        ))
    }

    pub(crate) fn with(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secrets.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// In one step, so that no reading sees half of it.
    pub(crate) fn put(&self, name: &str, value: impl AsRef<[u8]>) -> &Self {
        let new = self.path("new");
        fs::write(&new, value).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
        fs::rename(new, self.path("run").join(name)).unwrap();
        self
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path("run").join(name)).unwrap();
    }

    pub(crate) fn builder(&self) -> SecretsBuilder {
        let manifest = self.path("secrets.toml");
        Secrets::builder().manifest(manifest).variables(|_| None)
    }

    pub(crate) fn load(&self) -> Secrets {
        self.builder().load_blocking().unwrap()
    }

    /// Loaded, and read again all the time.
    pub(crate) fn watch(&self) -> (Secrets, Watcher) {
        let builder = self.builder().refresh_every(Duration::from_millis(10));
        let secrets = builder.load_blocking().unwrap();
        let watcher = secrets.watch().unwrap();
        (secrets, watcher)
    }
}

/// The next thing that a watcher tells.
pub(crate) fn next(watcher: &mut Watcher) -> Event {
    let mut found = None;
    until(|| {
        found = watcher.try_next();
        found.is_some()
    });
    found.unwrap()
}

/// Waits for something that must come.
pub(crate) fn until(mut happens: impl FnMut() -> bool) {
    let late = Instant::now() + LIMIT;
    while !happens() {
        assert!(Instant::now() < late, "it never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}
