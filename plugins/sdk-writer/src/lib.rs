//! Write backends for `secret-run` that write, too.
//!
//! A crate of its own beside `secret-run-sdk`, since a component carries the description of the
//! world that it exports, and this world is another. A backend that only reads needs none of it.

use secret_run_sdk::{Backend, Error, Host};

mod wire;

/// A [`Backend`] that writes, too. Hand the type to [`export_backend_with_writer!`].
pub trait Writer: Backend {
    /// Writes a document, and answers the version that it became where there are versions.
    ///
    /// # Errors
    /// When it was not written, or when nobody can say whether it was.
    fn put(host: &impl Host, path: &str, value: &[u8]) -> Result<Option<String>, Error>;

    /// The paths that begin with `prefix`, in order; at most [`LISTED`].
    ///
    /// # Errors
    /// When the backend does not answer with them. No path is no error.
    fn list(host: &impl Host, prefix: &str) -> Result<Vec<String>, Error>;

    /// What is known of the document at `path`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, another when the backend does not say.
    fn describe(host: &impl Host, path: &str) -> Result<Description, Error>;
}

/// How many paths [`Writer::list`] answers with at most.
pub const LISTED: usize = 1000;

/// What can be told of a document without reading it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The version, where the backend knows versions.
    pub version: Option<String>,
    /// When that version was made, in seconds since 1970-01-01T00:00:00Z.
    pub created_at: Option<u64>,
}

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "backend-with-writer",
        path: "../../wit",
        pub_export_macro: true,
        export_macro_name: "export_backend_and_writer",
        default_bindings_module: "secret_run_sdk_writer::bindings",
    });
}

/// Exports a type that implements [`Writer`], and so [`Backend`], as a component.
///
/// Does nothing on targets other than WebAssembly, where the crate is an ordinary library under
/// test. Use it once in the crate that has `crate-type = ["cdylib"]`.
#[macro_export]
macro_rules! export_backend_with_writer {
    ($backend:path) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $backend as Component;
            $crate::bindings::export_backend_and_writer!(
                Component with_types_in $crate::bindings
            );
        };
    };
}
