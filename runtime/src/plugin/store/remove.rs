//! Removing what is kept of a component.

use std::fs;
use std::io;

use super::Store;
use super::error::StoreError;
use super::file;
use super::write::unwritable;

impl Store {
    /// Removes what was compiled of a component, for every engine, and the component if it is
    /// kept; answers whether there was
    /// something.
    ///
    /// # Errors
    /// When it is there and can't be removed.
    pub fn remove(&self, digest: &str) -> Result<bool, StoreError> {
        let mut removed = false;
        let engines = match fs::read_dir(self.folder()) {
            Ok(engines) => engines,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(file::unreadable(self.folder(), &error)),
        };
        for engine in engines.flatten() {
            for extension in ["json", "cwasm", "wasm"] {
                let path = engine.path().join(digest).with_extension(extension);
                match fs::remove_file(&path) {
                    Ok(()) => removed = true,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(unwritable(&path, &error)),
                }
            }
        }
        Ok(removed)
    }
}
