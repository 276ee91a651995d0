//! The `env` backend, with documents in a `.env` file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use secret_run_tests::contract::Source;
use secret_runtime::backend::Backend;
use secret_runtime::backend::env::EnvBackend;
use tempfile::TempDir;

use crate::variables::variable;

/// The file has so many bytes at most.
const LIMIT: usize = 4 << 20;

/// A `.env` file, in a process without variables.
pub(crate) struct Dotenv {
    documents: BTreeMap<String, String>,
    folder: TempDir,
    backend: Box<dyn Backend>,
}

impl Dotenv {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let backend = EnvBackend::new(vec![folder.path().join(".env")], |_: &str| None);
        Self {
            documents: BTreeMap::new(),
            folder,
            backend: Box::new(backend),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(".env")
    }

    fn write(&self) {
        let mut file = String::new();
        for (name, value) in &self.documents {
            let _ = writeln!(file, "{name}={}", quoted(value));
        }
        fs::write(self.file(), file).expect("a file can be written");
    }
}

impl Source for Dotenv {
    fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    fn path(&self, name: &str) -> String {
        variable(name)
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let text = String::from_utf8(bytes.to_vec()).expect("only text fits into the file");
        self.documents.insert(path.to_owned(), text);
        self.write();
        None
    }

    /// The file is text.
    fn bytes(&self) -> Vec<u8> {
        (1..=0x7f).collect()
    }

    fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }

    /// What is no name cannot be looked up; a line that can't be read is one of the whole file.
    fn unreadable(&mut self, name: &str) -> String {
        format!("{}=", variable(name))
    }

    fn fail(&mut self) {
        let mut broken = fs::read(self.file()).expect("there is a file");
        broken.extend(b"NAME='dummy-value-without-an-end\n");
        fs::write(self.file(), broken).expect("a file can be written");
    }

    fn recover(&mut self) {
        self.write();
    }
}

/// In double quotes, with all that has a meaning there escaped.
fn quoted(value: &str) -> String {
    let mut quoted = String::from('"');
    for sign in value.chars() {
        match sign {
            '\r' => quoted.push_str("\\r"),
            '"' | '\\' | '$' => quoted.extend(['\\', sign]),
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}
