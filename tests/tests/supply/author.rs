//! Who signs components, with minisign itself.

use std::fs;
use std::process::{Command, Stdio};

/// A key pair of minisign, and what it signs.
pub(crate) struct Author {
    folder: tempfile::TempDir,
}

impl Author {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let author = Self { folder };
        author.minisign(&["-G", "-W", "-p", "key.pub", "-s", "key.sec"]);
        author
    }

    fn minisign(&self, words: &[&str]) {
        let status = Command::new("minisign")
            .args(words)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .expect("minisign is installed");
        assert!(status.success(), "minisign {words:?}");
    }

    /// The line that a manifest has.
    pub(crate) fn key(&self) -> String {
        let file = fs::read_to_string(self.folder.path().join("key.pub")).expect("a key");
        let line = file.lines().nth(1).expect("the key is the second line");
        line.to_owned()
    }

    pub(crate) fn sign(&self, component: &[u8]) -> String {
        let file = self.folder.path().join("component.wasm");
        fs::write(&file, component).expect("the folder can be written to");
        self.minisign(&["-S", "-s", "key.sec", "-m", "component.wasm"]);
        let signature = self.folder.path().join("component.wasm.minisig");
        fs::read_to_string(signature).expect("minisign has written it")
    }
}
