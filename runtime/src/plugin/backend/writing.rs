//! The writing side of a running backend. No run of a command uses it: a launcher only reads.
//! The conformance tests of `plugin test` hold it to the contract.

use wasmtime::Store;

use super::bindings::backend::Error;
use super::bindings::backend_writer;
use super::host::Host;
use super::instance::{Stop, arm, settle, within};
use crate::plugin::limits::Limits;
use crate::plugin::watchdog::Watchdog;

/// The writing side of a running backend.
pub(super) struct Writing<'a> {
    store: &'a mut Store<Host>,
    writer: &'a backend_writer::Guest,
    limits: Limits,
}

impl<'a> Writing<'a> {
    pub(super) const fn new(
        store: &'a mut Store<Host>,
        writer: &'a backend_writer::Guest,
        limits: Limits,
    ) -> Self {
        Self {
            store,
            writer,
            limits,
        }
    }
    /// Writes a document.
    pub(super) async fn put(
        self,
        waits: bool,
        watchdog: &mut Watchdog,
        path: &str,
        value: &[u8],
    ) -> Result<Result<Option<String>, Error>, Stop> {
        let watch = arm(self.store, watchdog)?;
        let called = self.writer.call_put(&mut *self.store, path, value);
        let called = within(self.limits.time, waits, called).await;
        drop(watch);
        settle(called, self.store, self.limits)
    }

    /// Lists paths.
    pub(super) async fn list(
        self,
        waits: bool,
        watchdog: &mut Watchdog,
        prefix: &str,
    ) -> Result<Result<Vec<String>, Error>, Stop> {
        let watch = arm(self.store, watchdog)?;
        let called = self.writer.call_list(&mut *self.store, prefix);
        let called = within(self.limits.time, waits, called).await;
        drop(watch);
        settle(called, self.store, self.limits)
    }

    /// Describes a document.
    pub(super) async fn describe(
        self,
        waits: bool,
        watchdog: &mut Watchdog,
        path: &str,
    ) -> Result<Result<backend_writer::Description, Error>, Stop> {
        let watch = arm(self.store, watchdog)?;
        let called = self.writer.call_describe(&mut *self.store, path);
        let called = within(self.limits.time, waits, called).await;
        drop(watch);
        settle(called, self.store, self.limits)
    }
}
