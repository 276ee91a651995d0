//! `secret-run`: reads what an app declares it needs, and becomes the app.

// What Rust's runtime does before and after `main` costs a start more than the manifest does, so
// it is left out where C's start-up code hands arguments to Rust without it: see `entry`.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

use secret_run::{ExitCode, alarm};
use secret_runtime::judge::Judge;
use secret_runtime::plugin::Validator;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod entry;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() -> ExitCode {
    start()
}

fn start() -> ExitCode {
    secret_run::main(Judge::new(|| {
        Validator::standard().map(|validator| validator.with_alarm(alarm::timer))
    }))
}
