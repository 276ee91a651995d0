//! One running backend.
//!
//! Each call is watched twice: the guest's own computing by epochs, and what it waits for by
//! a timeout over the whole call. After a failure the instance is in no known state: drop
//! it. Dropping unmaps its memory, and the values in it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "compile")]
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTableError};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};

#[cfg(feature = "compile")]
use super::bindings::backend::Profile;
use super::bindings::backend::{Document, Error, Guest, GuestIndices, Reference};
#[cfg(feature = "compile")]
use super::bindings::backend_writer;
use super::host::{self, Host, Lent};
#[cfg(feature = "compile")]
use super::writing::Writing;
use super::{wasi, wasi_http};
use crate::plugin::component::Capability;
use crate::plugin::limits::{Excess, Limits, Meter};
use crate::plugin::rejection::Failure;
use crate::plugin::watchdog::{Watch, Watchdog};

/// Bytes that a guest may hand to the host at once: all documents of a batch, or all that it
/// passes to one call of an import. What the host keeps of that is bounded where it is kept.
const TRANSFER: usize = 64 * 1024 * 1024;

/// A backend with memory of its own.
pub(super) struct Instance {
    store: Store<Host>,
    guest: Guest,
    #[cfg(feature = "compile")]
    writer: Option<backend_writer::Guest>,
    limits: Limits,
}

/// What a call of a guest can come to besides its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// It broke down or was stopped.
    Failure(Failure),
    /// It flooded the log.
    Flood,
}

/// A component with what it may import.
#[derive(Clone)]
pub(super) struct Linked {
    ready: InstancePre<Host>,
    guest: Arc<GuestIndices>,
    #[cfg(feature = "compile")]
    writer: Option<Arc<backend_writer::GuestIndices>>,
    waits: bool,
}

impl Linked {
    /// Links what `capabilities` name, and nothing else: a component that imports more does
    /// not link.
    pub(super) fn new(
        component: &Component,
        capabilities: impl IntoIterator<Item = Capability>,
    ) -> wasmtime::Result<Self> {
        let (linker, waits) = lend(component.engine(), capabilities)?;
        Self::ready(&linker, component, waits)
    }

    /// The same for a call that may use nothing of what this host lends by interfaces of its
    /// own: those trap.
    #[cfg(feature = "compile")]
    pub(super) fn without_imports(
        component: &Component,
        capabilities: impl IntoIterator<Item = Capability>,
    ) -> wasmtime::Result<Self> {
        let ours = |capability: &Capability| {
            matches!(
                capability,
                Capability::Settings | Capability::Log | Capability::Http
            )
        };
        let engine = component.engine();
        let others = capabilities
            .into_iter()
            .filter(|capability| !ours(capability));
        let (mut linker, waits) = lend(engine, others)?;
        // Not whatever the linker does not have by this name: of WASI it has another version
        // than the component may ask for, which serves as well.
        for (name, import) in component.component_type().imports(engine) {
            let ComponentItem::ComponentInstance(interface) = import.ty else {
                continue;
            };
            if !ours(&Capability::of_import(name)) {
                continue;
            }
            let mut traps = linker.instance(name)?;
            for (function, export) in interface.exports(engine) {
                if matches!(export.ty, ComponentItem::ComponentFunc(_)) {
                    traps.func_new(function, |_, _, _, _| {
                        Err(wasmtime::Error::msg("this call may use no import"))
                    })?;
                }
            }
        }
        Self::ready(&linker, component, waits)
    }

    fn ready(linker: &Linker<Host>, component: &Component, waits: bool) -> wasmtime::Result<Self> {
        let ready = linker.instantiate_pre(component)?;
        let guest = GuestIndices::new(&ready)?;
        #[cfg(feature = "compile")]
        let writer = backend_writer::GuestIndices::new(&ready).ok();
        Ok(Self {
            ready,
            guest: Arc::new(guest),
            #[cfg(feature = "compile")]
            writer: writer.map(Arc::new),
            waits,
        })
    }

    pub(super) fn engine(&self) -> &Engine {
        self.ready.engine()
    }

    /// Whether its calls may wait for something.
    pub(super) const fn waits(&self) -> bool {
        self.waits
    }
}

impl Instance {
    /// Starts a component.
    pub(super) async fn start(
        linked: &Linked,
        lent: &Lent,
        limits: Limits,
        watchdog: &mut Watchdog,
    ) -> Result<Self, Stop> {
        let host = Host::new(Meter::new(limits), lent.clone());
        let mut store = Store::new(linked.ready.engine(), host);
        store.limiter(|host| &mut host.meter);
        store.set_hostcall_fuel(TRANSFER);
        store.epoch_deadline_callback(|store| {
            if store.data().meter.is_late() {
                Err(Trap::Interrupt.into())
            } else {
                Ok(UpdateDeadline::Continue(1))
            }
        });
        let watch = arm(&mut store, watchdog)?;
        let started = linked.ready.instantiate_async(&mut store);
        let started = within(limits.time, linked.waits, started).await;
        drop(watch);
        let instance = settle(started, &store, limits).map_err(|stop| match stop {
            Stop::Failure(Failure::Answer) => Stop::Failure(Failure::Start),
            stop => stop,
        })?;
        let failed = |_| Stop::Failure(Failure::Start);
        let guest = linked.guest.load(&mut store, &instance).map_err(failed)?;
        #[cfg(feature = "compile")]
        let writer = match &linked.writer {
            Some(writer) => Some(writer.load(&mut store, &instance).map_err(failed)?),
            None => None,
        };
        Ok(Self {
            store,
            guest,
            #[cfg(feature = "compile")]
            writer,
            limits,
        })
    }

    /// Asks for a batch.
    pub(super) async fn fetch(
        &mut self,
        waits: bool,
        watchdog: &mut Watchdog,
        references: &[Reference],
    ) -> Result<Vec<Result<Document, Error>>, Stop> {
        let watch = arm(&mut self.store, watchdog)?;
        let called = self.guest.call_fetch(&mut self.store, references);
        let called = within(self.limits.time, waits, called).await;
        drop(watch);
        settle(called, &self.store, self.limits)
    }

    /// Asks what it is and needs.
    #[cfg(feature = "compile")]
    pub(super) async fn about(
        &mut self,
        waits: bool,
        watchdog: &mut Watchdog,
    ) -> Result<Profile, Stop> {
        let watch = arm(&mut self.store, watchdog)?;
        let called = self.guest.call_about(&mut self.store);
        let called = within(self.limits.time, waits, called).await;
        drop(watch);
        settle(called, &self.store, self.limits)
    }

    /// What only somebody who writes asks; `None` if it cannot.
    #[cfg(feature = "compile")]
    pub(super) const fn writer(&mut self) -> Option<Writing<'_>> {
        match &self.writer {
            Some(writer) => Some(Writing::new(&mut self.store, writer, self.limits)),
            None => None,
        }
    }
}

/// A linker with what `capabilities` name, and whether calls may then wait for something.
fn lend(
    engine: &Engine,
    capabilities: impl IntoIterator<Item = Capability>,
) -> wasmtime::Result<(Linker<Host>, bool)> {
    let mut linker = Linker::new(engine);
    let (mut inert, mut waits) = (false, false);
    for capability in capabilities {
        match capability {
            Capability::Settings => host::link_settings(&mut linker)?,
            Capability::Log => host::link_log(&mut linker)?,
            Capability::Http => {
                waits = true;
                host::link_http(&mut linker)?;
            }
            Capability::WasiHttp => {
                (inert, waits) = (true, true);
                wasi_http::link(&mut linker)?;
            }
            Capability::Clock | Capability::Inert => inert = true,
            Capability::Filesystem => {
                inert = true;
                wasi::link_filesystem(&mut linker)?;
            }
            Capability::Sockets => {
                inert = true;
                wasi::link_sockets(&mut linker)?;
            }
            Capability::Unknown => {}
        }
    }
    if inert {
        // A guest can wait for a clock of WASI.
        waits = true;
        wasi::link_inert(&mut linker)?;
    }
    Ok((linker, waits))
}

/// Lets the next call compute until the end of the watch.
pub(super) fn arm<'a>(
    store: &mut Store<Host>,
    watchdog: &'a mut Watchdog,
) -> Result<Watch<'a>, Stop> {
    let watch = watchdog.watch();
    let watch = watch.map_err(|_| Stop::Failure(Failure::Start))?;
    store.data_mut().meter.set_deadline(watch.deadline());
    store.set_epoch_deadline(1);
    Ok(watch)
}

/// What a call came to, or that it was not over in time.
pub(super) fn settle<Answer>(
    called: Option<wasmtime::Result<Answer>>,
    store: &Store<Host>,
    limits: Limits,
) -> Result<Answer, Stop> {
    match called {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => Err(classify(&error, store.data(), limits)),
        None => Err(Stop::Failure(Failure::Deadline(limits.time))),
    }
}

/// Without anything to wait for there is no event loop, and none is needed.
pub(super) async fn within<F: Future>(time: Duration, waits: bool, call: F) -> Option<F::Output> {
    if waits {
        tokio::time::timeout(time, call).await.ok()
    } else {
        Some(call.await)
    }
}

/// Whether it holds as much of WASI as it may.
fn is_full(error: &wasmtime::Error) -> bool {
    let table = error.downcast_ref::<ResourceTableError>();
    matches!(table, Some(ResourceTableError::Full))
}

/// Which stop an error of wasmtime is. The error itself goes no further: its text may be
/// the guest's.
fn classify(error: &wasmtime::Error, host: &Host, limits: Limits) -> Stop {
    if host.flooded() {
        return Stop::Flood;
    }
    Stop::Failure(match (host.meter.excess(), error.downcast_ref::<Trap>()) {
        (Some(Excess::Memory), _) => Failure::Memory(limits.memory),
        (Some(Excess::Tables), _) => Failure::Tables(limits.table_entries),
        (None, Some(Trap::Interrupt)) => Failure::Deadline(limits.time),
        (None, Some(Trap::StackOverflow)) => Failure::Stack,
        (None, Some(_)) => Failure::Trapped,
        // A guest that ends itself by `wasi:cli/exit` has given up, too.
        (None, None) if error.is::<wasmtime_wasi::I32Exit>() => Failure::Trapped,
        (None, None) if is_full(error) => Failure::Tables(wasi::RESOURCES),
        (None, None) => Failure::Answer,
    })
}
