//! Where things are in this repository, and how a task runs a command in it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The root of the repository.
pub fn root() -> PathBuf {
    // What cargo says when it runs the task counts, not where the task was compiled: work trees
    // that share a target folder share the program, too.
    let xtask =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut root = PathBuf::from(xtask);
    root.pop();
    root
}

/// Where cargo puts what it builds for the host.
pub fn target_dir() -> PathBuf {
    let folder = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(folder)
}

/// The cargo that runs this task, working in `folder` of the repository.
pub fn cargo(folder: &str) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cargo = Command::new(program);
    cargo
        .current_dir(root().join(folder))
        .env("CARGO_TARGET_DIR", target_dir());
    cargo
}

/// Runs `command` to its end, with its output on the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let name = describe(command);
    eprintln!("\n$ {name}");
    let status = command
        .status()
        .with_context(|| format!("failed to start {name}"))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}

/// The file that `program` is in, searched as a shell does.
pub fn find_program(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The file of a program; `advice` says what to do when it is missing.
pub fn program(name: &str, advice: &str) -> Result<PathBuf> {
    find_program(name).with_context(|| format!("`{name}` is not in PATH: {advice}"))
}

/// What a command prints.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("failed to start {command:?}"))?;
    ensure!(output.status.success(), "failed to run {command:?}");
    Ok(String::from_utf8(output.stdout)?)
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
