//! How components are compiled and run. One function, for both.
//!
//! The build script compiles with this file, the library loads with it. wasmtime compares
//! the settings of both and refuses what was compiled otherwise, so a setting can't be
//! changed on one side alone.
//!
//! A guest here judges a short text, once. So what counts is the cost of starting, not of
//! running: nothing is reserved, registered or mapped that a short run does not pay back.

use wasmtime::{Config, Result};

/// The native stack that a guest may use. Recursion beyond it is a trap. It must fit into
/// the thread's own stack below whatever the caller has used of it: a main thread has 8 MiB
/// by default, a thread of a test 2 MiB.
const STACK: usize = 512 * 1024;

/// Address space for a memory to grow in place; beyond it, it is moved into a larger one.
/// An ordinary guest never gets there, one that fills its 64 MiB is moved a few times, and
/// `ulimit -v` is not used up by what nobody needs.
const ROOM: u64 = 16 * 1024 * 1024;

/// The native stack of a guest that may wait: what it may use, and room for the host's
/// functions above it.
const WAITING_STACK: usize = 2 * 1024 * 1024;

/// What is run with the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guests {
    /// The standard component: small, and asked for a moment.
    Standard,
    /// Plugins of others: of any size, with the runtime of a language inside.
    Plugins,
}

/// Settings for an engine of this machine, or for a compiler for `target`.
///
/// A named target gets code for its baseline CPU; without a name, a compiler would use
/// what this machine's CPU has. An engine that only loads needs no name.
pub(crate) fn config(guests: Guests, target: Option<&str>) -> Result<Config> {
    let mut config = Config::new();
    if let Some(target) = target {
        config.target(target)?;
    }
    limit_time(&mut config);
    map_little(&mut config);
    record_little(&mut config);
    refuse_proposals(&mut config);
    if guests == Guests::Plugins {
        allow_runtimes(&mut config);
    }
    Ok(config)
}

/// What a guest of megabytes gains from, and a small one does not lose by.
fn allow_runtimes(config: &mut Config) {
    config.async_stack_size(WAITING_STACK);
    // An engine of JavaScript has megabytes of initialised data, of which a run touches
    // little: pages of it are mapped from the artifact when they are touched.
    config.memory_init_cow(true);
    // Toolchains for these languages emit vector instructions.
    config.wasm_simd(true);
}

fn limit_time(config: &mut Config) {
    // A deadline is an epoch that a watchdog starts: a load and a compare at each loop and
    // call. Counting instructions (fuel) costs more, and bounds no time.
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
}

/// Address space and signal handlers.
fn map_little(config: &mut Config) {
    // Bounds are checked by code, not by guard pages and SIGSEGV. So no signal handler is
    // installed, which a command would find as a changed disposition or a library user as
    // a stolen one, and no 4 GiB of address space is reserved, which `ulimit -v` forbids.
    // wasmtime then has no Spectre mitigation for bounds; a validator has no clock to
    // measure with and one code to answer with.
    config.signals_based_traps(false);
    config.memory_guard_size(0);
    config.guard_before_linear_memory(false);
    // Not zero: without any reservation wasmtime takes memories from the heap, where they
    // are filled with zeros by hand (20 times slower to start), and where the values that
    // were judged in them would stay behind. A mapping is gone when it is dropped.
    config.memory_reservation(ROOM);
    config.memory_reservation_for_growth(ROOM);
    // A copy-on-write image would have to be made first (memfd, write, map) for one
    // instance: copying the data segments is cheaper.
    config.memory_init_cow(false);
}

/// Tables in the artifact that only messages about guests would need. We show no such
/// message: a guest's function names are a guest's text.
fn record_little(config: &mut Config) {
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    // Registered with the unwinder at every load. No panic of ours passes through a guest:
    // a validator imports nothing, so no host function stands above one.
    config.native_unwind_info(false);
}

/// What no validator needs is less code of wasmtime that an attacker can reach.
fn refuse_proposals(config: &mut Config) {
    // Vector instructions: the proposal with the most miscompilations by far, and a secret
    // is too short to gain from it.
    config.wasm_relaxed_simd(false);
    config.wasm_simd(false);
    // Compilers emit neither of these for a component yet.
    config.wasm_memory64(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.wasm_tail_call(false);
    // Threads, garbage collection, function references, exceptions, stack switching, and
    // asynchronous components are off because wasmtime's cargo features for them are.
}
