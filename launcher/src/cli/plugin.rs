//! `secret-run plugin`: what plugins there are, what they may do, and which are agreed to.
//!
//! One file per subcommand. What they share: `context` is the manifest with its lock and
//! the store, `source` gets a component, `examine` finds out what it is, `progress` shows that
//! something happens.

#[cfg(feature = "compile")]
mod add;
#[cfg(feature = "compile")]
mod changes;
#[cfg(feature = "compile")]
mod compile;
mod context;
#[cfg(feature = "compile")]
mod declare;
mod error;
#[cfg(feature = "compile")]
mod examine;
mod inspect;
mod list;
mod new;
#[cfg(not(feature = "compile"))]
mod no_compiler;
#[cfg(feature = "compile")]
mod pin;
#[cfg(feature = "compile")]
mod progress;
mod remove;
#[cfg(feature = "compile")]
mod source;
mod templates;
#[cfg(feature = "compile")]
mod test;

use clap::{Args, Subcommand};
use secret_runtime::error::Problems;

use super::Options;
use crate::exit::ExitCode;

#[cfg(not(feature = "compile"))]
use no_compiler::{NoCompiler as Add, NoCompiler as Compile, NoCompiler as Test};
#[cfg(feature = "compile")]
use {add::Add, compile::Compile, test::Test};

/// Begin, test, add, list and look into plugins.
#[derive(Debug, Args)]
pub(super) struct Plugin {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Begin a plugin: a project that builds, with the contract of this version.
    New(new::New),
    /// Hold a plugin to the contract, check by check. Its documents are read for real.
    Test(Test),
    /// Check a plugin, compile it, and pin it in secrets.lock.
    Add(Add),
    /// Take a plugin out of secrets.lock.
    Remove(remove::Remove),
    /// List the plugins of the manifest, and whether they are pinned and compiled.
    List(list::List),
    /// Say what a component can and cannot do.
    Inspect(inspect::Inspect),
    /// Compile pinned plugins again, for images and new versions of secret-run.
    Compile(Compile),
}

impl Plugin {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        match &self.task {
            Task::New(new) => new.run(),
            Task::Test(test) => test.run(options),
            Task::Add(add) => add.run(options),
            Task::Remove(remove) => remove.run(options),
            Task::List(list) => list.run(options),
            Task::Inspect(inspect) => inspect.run(options),
            Task::Compile(compile) => compile.run(options),
        }
    }
}
