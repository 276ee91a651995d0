//! Development tasks: `cargo xtask plugins | examples | test | bench`.

mod bench;
mod cache;
mod examples;
mod plugins;
mod servers;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks of secret-run")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the WASM components from source into plugins/dist.
    Plugins(plugins::Options),
    /// Build the example plugins in C, Go, JavaScript, Python and Rust.
    Examples(examples::Options),
    /// Set up everything that the tests need, then run all tests.
    Test(test::Options),
    /// Measure start-up side by side with hyperfine and print ratios.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Plugins(options) => plugins::run(options),
        Task::Examples(options) => examples::run(options),
        Task::Test(options) => test::run(options),
        Task::Bench(options) => bench::run(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The causes, and no backtrace of the task: what broke is not the task.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
