//! The `env` backend, with documents in the environment of a process.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use secret_run_tests::contract::Source;
use secret_runtime::backend::Backend;
use secret_runtime::backend::env::EnvBackend;
use secret_runtime::secret::SecretValue;
use tempfile::TempDir;

type Values = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A process of its own making, and a `.env` file that is not there.
pub(crate) struct Variables {
    values: Values,
    folder: TempDir,
    backend: Box<dyn Backend>,
}

impl Variables {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let values = Values::default();
        let process = Arc::clone(&values);
        let backend = EnvBackend::new(vec![folder.path().join(".env")], move |name: &str| {
            let values = process.lock().expect("no test panics with the lock");
            values.get(name).map(|value| SecretValue::copy_of(value))
        });
        Self {
            values,
            folder,
            backend: Box::new(backend),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(".env")
    }
}

impl Source for Variables {
    fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    fn path(&self, name: &str) -> String {
        variable(name)
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let mut values = self.values.lock().expect("no test panics with the lock");
        values.insert(path.to_owned(), bytes.to_vec());
        None
    }

    /// All but the end of a string in C.
    fn bytes(&self) -> Vec<u8> {
        (1..=u8::MAX).collect()
    }

    /// The system's own, which it had before there was a backend.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// What is no name cannot be looked up.
    fn unreadable(&mut self, name: &str) -> String {
        format!("{}=", variable(name))
    }

    /// The file is there and is none, so nobody can tell whether it holds what the process
    /// lacks.
    fn fail(&mut self) {
        fs::create_dir(self.file()).expect("a folder can be made");
    }

    fn recover(&mut self) {
        fs::remove_dir(self.file()).expect("an empty folder can be removed");
    }
}

/// `app-token` as `APP_TOKEN`.
pub(crate) fn variable(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}
