//! Writers to the types of the contract and back.

use secret_run_sdk::wire::Launcher;

use crate::Writer;
use crate::bindings::exports::secret_run::plugin::backend_writer;

secret_run_sdk::implement_backend!(crate::bindings::exports::secret_run::plugin::backend);

impl<T: Writer> backend_writer::Guest for T {
    fn put(path: String, value: Vec<u8>) -> Result<Option<String>, wit::Error> {
        T::put(&Launcher, &path, &value).map_err(error)
    }

    fn list(prefix: String) -> Result<Vec<String>, wit::Error> {
        T::list(&Launcher, &prefix).map_err(error)
    }

    fn describe(path: String) -> Result<backend_writer::Description, wit::Error> {
        let description = T::describe(&Launcher, &path).map_err(error)?;
        Ok(backend_writer::Description {
            version: description.version,
            created_at: description.created_at,
        })
    }
}
