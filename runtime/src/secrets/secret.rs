//! One value, as a program holds it.

use std::any::type_name;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::error::{AccessError, Declared};
use crate::lease::Lease;
use crate::manifest::Manifest;
use crate::resolver::ResolvedEntry;
use crate::secret::SecretValue;

/// One value of a [`Snapshot`](super::Snapshot). Cheap to clone; the value is wiped when nobody
/// holds it any more. Its `Debug` shows the name alone.
#[derive(Clone)]
pub struct Secret {
    entry: Arc<ResolvedEntry>,
    manifest: Arc<Manifest>,
}

impl Secret {
    pub(super) fn new(entry: &Arc<ResolvedEntry>, manifest: &Arc<Manifest>) -> Self {
        Self {
            entry: Arc::clone(entry),
            manifest: Arc::clone(manifest),
        }
    }

    /// The entry's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// The value, in the type that shows nothing of it.
    #[must_use]
    pub fn value(&self) -> &SecretValue {
        &self.entry.value
    }

    /// The bytes, in the open. Keep the borrow short and copy nothing out of it that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.entry.value.expose()
    }

    /// For how long it is good from when it was read, if that is for a time.
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        self.entry.lease
    }

    /// The value as a text, in the open.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, AccessError> {
        std::str::from_utf8(self.expose()).map_err(|_| AccessError::NotText {
            name: self.name().to_owned(),
            declared: self.declared(),
        })
    }

    /// The value as another type: a port, a URL, a time.
    ///
    /// # Errors
    /// When it is none. What the type itself says is not passed on, since it may quote the value.
    pub fn parse<T: FromStr>(&self) -> Result<T, AccessError> {
        self.text()?.parse().map_err(|_| AccessError::NotParsed {
            name: self.name().to_owned(),
            declared: self.declared(),
            wanted: type_name::<T>(),
        })
    }

    /// The value as a document of JSON.
    ///
    /// # Errors
    /// When it is none, or not what the type wants.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, AccessError> {
        serde_json::from_slice(self.expose()).map_err(|error| AccessError::NotJson {
            name: self.name().to_owned(),
            declared: self.declared(),
            wanted: type_name::<T>(),
            line: error.line(),
            column: error.column(),
        })
    }

    fn declared(&self) -> Declared {
        let declared = Declared::of(&self.manifest, self.name());
        declared.expect("what has a value is declared")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, ..)", self.name())
    }
}
