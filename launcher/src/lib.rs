//! The launcher, as a library so that tests can hand it a hostile validator.
//!
//! [`main`] reads from top to bottom: harden, start the log, do what the command line
//! says. `unsafe` stands in `exec` and `alarm`, and nowhere else.

pub mod alarm;
mod audit;
pub mod cli;
pub mod deliver;
pub mod environment;
pub mod exec;
mod exit;
pub mod harden;
mod launch;
mod loan;
mod log;
pub mod lookup;
mod metrics;
mod pipeline;
pub mod program;
mod render;
mod table;
#[cfg(feature = "otlp")]
mod trace;
#[cfg(not(feature = "otlp"))]
#[path = "trace/off.rs"]
mod trace;
mod watch;

use secret_runtime::judge::Judge;

pub use exit::ExitCode;

/// The whole program. Returns only if no command was started, or none was asked for.
pub fn main(judge: Judge) -> ExitCode {
    let hardened = harden::harden();
    log::start();
    cli::run(judge, hardened)
}
