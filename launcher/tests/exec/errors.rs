//! What is said, and with which code, when the command cannot be started.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::probe::{Probe, executable};

fn program(content: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    executable(&path, content);
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[track_caller]
fn fails(command: &str, code: i32, kind: &str, says: &str) {
    let run = Probe::of([command, "argument"]).run();
    let stderr = run.stderr();
    assert_eq!(run.code(), Some(code), "{stderr}");
    assert!(stderr.starts_with(&format!("{kind}: ")), "{stderr}");
    assert!(stderr.contains(says), "{stderr}");
}

#[test]
fn a_command_that_is_nowhere() {
    fails(
        "no-such-command",
        127,
        "command-not-found",
        "no-such-command",
    );
    fails(
        "/no/such/command",
        127,
        "command-not-found",
        "/no/such/command",
    );
}

#[test]
fn a_file_that_is_not_executable() {
    let (_folder, path) = program(b"");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&path, mode).unwrap();
    fails(
        &path,
        126,
        "command-not-executable",
        "permission is not set",
    );
    fails("/usr", 126, "command-not-executable", "directory");
}

#[test]
fn a_script_whose_interpreter_is_missing() {
    let (_folder, path) = program(b"#!/no/such/interpreter -x\n");
    fails(
        &path,
        127,
        "command-no-interpreter",
        "\"/no/such/interpreter\"",
    );
    let (_folder, path) = program(b"#!/bin/sh\r\necho\r\n");
    fails(&path, 127, "command-no-interpreter", "\"/bin/sh\\r\"");
}

#[test]
fn a_program_whose_loader_is_missing() {
    let mut content = fs::read("/bin/true").unwrap();
    let at = content
        .windows(4)
        .position(|window| window == b"/lib")
        .unwrap();
    content[at..at + 4].copy_from_slice(b"/no!");
    let (_folder, path) = program(&content);
    fails(&path, 127, "command-no-loader", "the loader /no!");
}

#[test]
fn a_program_for_another_processor() {
    let mut content = fs::read("/bin/true").unwrap();
    // PowerPC, on which these tests do not run.
    content[18..20].copy_from_slice(&20_u16.to_ne_bytes());
    let (_folder, path) = program(&content);
    fails(&path, 126, "command-wrong-machine", "PowerPC");
}

#[test]
fn data_that_is_no_program() {
    let (_folder, path) = program(b"\x89PNG\0\0\n");
    fails(
        &path,
        126,
        "command-not-a-program",
        "neither a program nor a script",
    );
}

#[test]
fn a_file_that_is_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    let copied = Command::new("cp")
        .arg("/bin/true")
        .arg(&path)
        .status()
        .unwrap();
    assert!(copied.success());
    let _writer = File::options().append(true).open(&path).unwrap();
    fails(
        path.to_str().unwrap(),
        126,
        "command-busy",
        "open for writing",
    );
}

#[test]
fn a_script_without_a_first_line_is_for_the_shell() {
    let (folder, path) = program(b"echo \"$0 $*\"; exit 3\n");
    let run = Probe::of([&path, "a b", "c"]).run();
    assert_eq!(run.stdout(), format!("{path} a b c\n"));
    assert_eq!(run.code(), Some(3));

    // Found in the working directory by a name that looks like an option.
    let dashed = folder.path().join("-program");
    fs::rename(Path::new(&path), &dashed).unwrap();
    let before = format!("PATH=:$PATH; cd {}", folder.path().display());
    let run = Probe::of(["-program", "d"]).before(&before).run();
    assert_eq!(run.stdout(), "./-program d\n", "{}", run.stderr());
}

#[test]
fn an_empty_file_succeeds_as_in_a_shell() {
    let (_folder, path) = program(b"");
    assert_eq!(Probe::of([&path]).run().code(), Some(0));
}
