//! The `file` backend.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use secret_run_tests::contract::Source;
use secret_runtime::backend::Backend;
use secret_runtime::backend::file::{FileBackend, Strictness};
use tempfile::TempDir;

/// A larger file is refused.
const LIMIT: usize = 1 << 20;

/// A directory with a file for each document, read as in production.
pub(crate) struct Directory {
    folder: TempDir,
    backend: FileBackend,
}

impl Directory {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let secrets = folder.path().join("secrets");
        make(&secrets);
        // What a path from above would lead to.
        write(&folder.path().join("outside"), b"dummy-value-outside");
        Self {
            backend: FileBackend::new(secrets, Strictness::Refuse),
            folder,
        }
    }

    fn secrets(&self) -> PathBuf {
        self.folder.path().join("secrets")
    }

    fn away(&self) -> PathBuf {
        self.folder.path().join("away")
    }
}

impl Source for Directory {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn path(&self, name: &str) -> String {
        format!("app/{name}")
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let file = self.secrets().join(path);
        make(file.parent().expect("a document lies in a folder"));
        write(&file, bytes);
        None
    }

    fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }

    fn unreadable(&mut self, name: &str) -> String {
        let path = self.path(name);
        let link = self.secrets().join(&path);
        make(link.parent().expect("a document lies in a folder"));
        symlink("../../outside", link).expect("a link can be made");
        path
    }

    fn fail(&mut self) {
        fs::rename(self.secrets(), self.away()).expect("a folder can be renamed");
    }

    fn recover(&mut self) {
        fs::rename(self.away(), self.secrets()).expect("a folder can be renamed");
    }
}

fn make(folder: &Path) {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.expect("a folder can be made");
}

fn write(path: &Path, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.expect("a file can be written");
}
