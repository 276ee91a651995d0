//! Components that came from a registry, kept so that they can be compiled again without it.

use std::fs::DirBuilder;
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::file::{self, digest_of};
use super::write::{unwritable, write};
use super::{Found, Record, Store};

/// The folder of components within the store.
const FOLDER: &str = "components";

impl Store {
    /// What is known of the compiled component of this digest; `None` if no folder has one
    /// for this version and machine.
    ///
    /// # Errors
    /// When a folder has one that must not be loaded.
    pub fn record(&self, digest: &str) -> Result<Option<Record>, StoreError> {
        let found = self.find(digest)?;
        Ok(found.map(|Found { record, .. }| record))
    }

    /// Keeps a component. `digest` is what it was verified to have.
    ///
    /// # Errors
    /// When the folder can't be written, or others can write to it.
    pub fn keep_component(&self, digest: &str, wasm: &[u8]) -> Result<PathBuf, StoreError> {
        let folder = self.folder().join(FOLDER);
        create(&folder)?;
        file::judge_folder(&folder)?;
        let path = folder.join(digest).with_extension("wasm");
        write(&path, wasm)?;
        Ok(path)
    }

    /// The component of this digest, at most `limit` bytes; `None` if none is kept. Its digest
    /// is computed again.
    ///
    /// # Errors
    /// When it can't be read, others could have written it, or it has another digest.
    pub fn kept_component(
        &self,
        digest: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        for folder in &self.folders {
            let folder = folder.join(FOLDER);
            if !file::judge_folder(&folder)? {
                continue;
            }
            let path = folder.join(digest).with_extension("wasm");
            let Some((file, _)) = file::open(&path)? else {
                continue;
            };
            let mut wasm = Vec::new();
            let read = file.take(limit as u64 + 1).read_to_end(&mut wasm);
            read.map_err(|error| file::unreadable(&path, &error))?;
            let found = digest_of(&wasm[..]).map_err(|error| file::unreadable(&path, &error))?;
            return if found == digest {
                Ok(Some(wasm))
            } else {
                Err(StoreError::Changed { path })
            };
        }
        Ok(None)
    }
}

/// Makes a folder that only its owner can enter, and those above it.
pub(super) fn create(folder: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    let made = builder.create(folder);
    made.map_err(|error| unwritable(folder, &error))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::error::Explain;

    #[test]
    fn what_is_kept_is_given_back_only_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("plugins"));
        let digest = digest_of(&b"dummy"[..]).unwrap();
        assert_eq!(store.kept_component(&digest, 5), Ok(None));
        let path = store.keep_component(&digest, b"dummy").unwrap();
        assert_eq!(store.kept_component(&digest, 5), Ok(Some(b"dummy".into())));

        let kind = || store.kept_component(&digest, 5).unwrap_err().kind();
        fs::set_permissions(&path, Permissions::from_mode(0o622)).unwrap();
        assert_eq!(kind(), "plugin-store-exposed");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "dummy and more").unwrap();
        assert_eq!(kind(), "plugin-artifact-changed");
    }

    #[cfg(feature = "compile")]
    #[test]
    fn a_component_is_removed_with_what_was_compiled_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("plugins"));
        let digest = digest_of(&b"dummy"[..]).unwrap();
        store.keep_component(&digest, b"dummy").unwrap();
        assert_eq!(store.remove(&digest), Ok(true));
        assert_eq!(store.kept_component(&digest, 5), Ok(None));
    }
}
