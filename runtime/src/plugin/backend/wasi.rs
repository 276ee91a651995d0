//! The part of WASI that the runtimes of languages import, lent so that they start.
//!
//! There are no variables, no arguments and no files; input is at its end and output goes
//! nowhere; every socket is refused. The clock stands still unless the manifest grants
//! time. Random numbers are real: they tell a guest nothing.

use std::time::Duration;

use wasmtime::component::Linker;

use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random, sockets};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, ResourceTable, WasiCtx, WasiCtxBuilder, WasiCtxView,
    WasiView,
};

use wasmtime_wasi_http::WasiHttpCtx;

use super::host::Host;
use super::wasi_http::Hooks;

/// The most random bytes that one call gives: enough for a seed or a key.
const RANDOM: u64 = 64 * 1024;
/// The most things of WASI that a guest holds at once: headers, requests, answers, streams. Each
/// takes memory of the host. The requests of one call, with all that hangs on each, come to less.
pub(super) const RESOURCES: usize = 2048;
/// Bytes of the headers of one request: what the gate takes.
const FIELDS: usize = 64 * 1024;

/// What the WASI of one instance needs.
pub(super) struct Wasi {
    pub(super) context: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) http: WasiHttpCtx,
    pub(super) hooks: Hooks,
}

impl Wasi {
    pub(super) fn new(clock: bool, hooks: Hooks) -> Self {
        let mut builder = WasiCtxBuilder::new();
        builder
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(RANDOM);
        if !clock {
            builder
                .wall_clock(StoppedClock)
                .monotonic_clock(StoppedClock);
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELDS);
        Self {
            context: builder.build(),
            table,
            http,
            hooks,
        }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut wasi.table,
        }
    }
}

/// Shows the beginning of time to whom no time is granted.
struct StoppedClock;

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for StoppedClock {
    fn resolution(&self) -> u64 {
        1
    }

    // Not 0, which Go's runtime takes for a clock that is broken, and gives up.
    fn now(&self) -> u64 {
        1
    }
}

/// Streams, standard streams, clocks and random numbers.
pub(super) fn link_inert(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure::add_to_linker::<Host, WasiRandom>(linker, |host| {
        host.wasi().context.random()
    })?;
    random::insecure_seed::add_to_linker::<Host, WasiRandom>(linker, |host| {
        host.wasi().context.random()
    })?;
    cli::exit::add_to_linker::<Host, WasiCli>(linker, Host::cli)?;
    cli::environment::add_to_linker::<Host, WasiCli>(linker, Host::cli)?;
    cli::terminal_input::add_to_linker::<Host, WasiCli>(linker, Host::cli)?;
    cli::terminal_output::add_to_linker::<Host, WasiCli>(linker, Host::cli)?;
    cli::terminal_stdin::add_to_linker::<Host, WasiCli>(linker, Host::cli)?;
    cli::terminal_stdout::add_to_linker::<Host, WasiCli>(linker, Host::cli)?;
    cli::terminal_stderr::add_to_linker::<Host, WasiCli>(linker, Host::cli)
}

/// A file system without a folder.
pub(super) fn link_filesystem(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    filesystem::types::add_to_linker::<Host, WasiFilesystem>(linker, Host::filesystem)?;
    filesystem::preopens::add_to_linker::<Host, WasiFilesystem>(linker, Host::filesystem)
}

/// A network that refuses everything.
pub(super) fn link_sockets(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let options = sockets::network::LinkOptions::default();
    sockets::tcp::add_to_linker::<Host, WasiSockets>(linker, Host::sockets)?;
    sockets::udp::add_to_linker::<Host, WasiSockets>(linker, Host::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<Host, WasiSockets>(linker, Host::sockets)?;
    sockets::udp_create_socket::add_to_linker::<Host, WasiSockets>(linker, Host::sockets)?;
    sockets::instance_network::add_to_linker::<Host, WasiSockets>(linker, Host::sockets)?;
    sockets::network::add_to_linker::<Host, WasiSockets>(linker, &options, Host::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<Host, WasiSockets>(linker, Host::sockets)
}
