//! `deliver = "file"`: the command gets a path, and the value is never on a disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use secret_run_tests::{Outcome, Project, Running};
use tempfile::TempDir;

const KEY: &str = "-----BEGIN DUMMY KEY-----\nZHVtbXktZGVsaXZlcmVk\n-----END DUMMY KEY-----\n";

fn project(deliver: &str) -> Project {
    let manifest = format!("version = 1\n[secrets.TLS_KEY]\ndeliver = {deliver}\n");
    Project::with(&manifest, &format!("TLS_KEY=\"{KEY}\"\n"))
}

#[track_caller]
fn refused(project: &Project, kind: &str) -> Outcome {
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem(kind);
    outcome.shows_no("DUMMY KEY").shows_no("ZHVtbX");
    assert!(!project.started());
    outcome
}

// In memory.

const SAYS_ITS_PATH: &str = "echo ready; echo $TLS_KEY_FILE; read wait; :";

/// The file in memory of a running command, by what the command was told.
fn descriptor(running: &mut Running) -> i32 {
    let path = running.line();
    let number = path.strip_prefix("/proc/self/fd/");
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no path of a descriptor: {path:?}"))
}

#[test]
fn the_command_reads_the_value_from_a_file_in_memory_as_often_as_it_likes() {
    let project = project("\"file\"");
    let script = "cat $TLS_KEY_FILE $TLS_KEY_FILE; sh -c 'cat $TLS_KEY_FILE'";
    let outcome = project.launcher().command(["sh", "-c", script]).run();
    assert_eq!(outcome.exits_with(0).stdout(), KEY.repeat(3));
    assert_eq!(outcome.stderr(), "");
}

#[test]
fn the_value_itself_is_no_variable_even_if_the_parent_has_one() {
    let project = project("\"file\"");
    let launcher = project
        .launcher()
        .env("TLS_KEY", KEY)
        .env("TLS_KEY_FILE", "/dummy");
    let mut running = Running::start(launcher.command(["sh", "-c", SAYS_ITS_PATH]));
    let _ = descriptor(&mut running);
    let environ = fs::read(running.proc("environ")).expect("the command runs");
    let environ = String::from_utf8_lossy(&environ);
    assert!(!environ.contains("TLS_KEY="), "{environ}");
    assert!(!environ.contains("DUMMY KEY"), "{environ}");
    assert_eq!(environ.matches("TLS_KEY_FILE=").count(), 1, "{environ}");
}

#[test]
fn the_file_in_memory_is_sealed_and_nobody_can_change_it() {
    let project = project("\"file\"");
    let mut running = Running::start(project.launcher().command(["sh", "-c", SAYS_ITS_PATH]));
    let number = descriptor(&mut running);
    let path = running.proc(&format!("fd/{number}"));
    let file = fs::File::open(&path).expect("the command runs");
    let seals = fcntl(&file, FcntlArg::F_GET_SEALS).expect("a file in memory has seals");
    let all = SealFlag::F_SEAL_SEAL
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE;
    assert!(
        SealFlag::from_bits_truncate(seals).contains(all),
        "{seals:#x}"
    );
    let mode = file.metadata().expect("it is open").mode();
    assert_eq!(mode & 0o777, 0o400, "{mode:o}");

    fs::write(&path, "changed").expect_err("it is sealed");
    assert_eq!(fs::read_to_string(&path).expect("it is still there"), KEY);
}

#[test]
fn several_files_are_several_descriptors_above_those_that_scripts_use() {
    let manifest: String = (0..12)
        .map(|n| format!("[secrets.A{n}]\ndeliver = \"file\"\n"))
        .collect();
    let dotenv: String = (0..12).map(|n| format!("A{n}=dummy-{n}\n")).collect();
    let project = Project::with(&format!("version = 1\n{manifest}"), &dotenv);
    let script = "exec 3</dev/null 9</dev/null; for n in 0 1 2 3 4 5 6 7 8 9 10 11; do
        eval cat \\$A${n}_FILE; echo; done";
    let outcome = project.launcher().command(["sh", "-c", script]).run();
    let expected: String = (0..12).map(|n| format!("dummy-{n}\n")).collect();
    assert_eq!(outcome.exits_with(0).stdout(), expected);
}

#[test]
fn what_is_delivered_as_a_file_can_be_composed_and_validated_too() {
    let manifest = "version = 1\n[secrets.A]\nvalidate = \"hex\"\ndeliver = \"file\"\n\
        [secrets.B]\ncompose = \"<{A}>\"\ndeliver = \"file\"\n";
    let project = Project::with(manifest, "A=aa11\n");
    let script = "cat $A_FILE $B_FILE";
    let outcome = project.launcher().command(["sh", "-c", script]).run();
    outcome.exits_with(0).stdout_has("aa11<aa11>");
    project.write(".env", "A=dummy-no-hex\n");
    refused(&project, "invalid-value").shows_no("dummy-no-hex");
}

// At a path.

/// A folder of this user's alone on the memory file system that every Linux has.
fn in_memory() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").expect("/dev/shm can be written");
    let kind = statfs(folder.path())
        .expect("it was just made")
        .filesystem_type();
    assert!(kind == TMPFS_MAGIC, "/dev/shm is no memory file system");
    folder
}

fn at(path: &Path, mode: &str) -> Project {
    project(&format!("{{ file = {path:?}{mode} }}"))
}

#[test]
fn a_file_on_a_memory_file_system_has_its_path_and_mode() {
    for (written, mode) in [
        ("", 0o400),
        (", mode = \"0440\"", 0o440),
        (", mode = \"0600\"", 0o600),
    ] {
        let folder = in_memory();
        let path = folder.path().join("key.pem");
        let project = at(&path, written);
        let script = "umask; cat $TLS_KEY_FILE; echo $TLS_KEY_FILE";
        // Whatever the mask of the parent says.
        let script = format!("umask 077; exec $L -- sh -c '{script}'");
        let outcome = project.shell(&script);
        outcome.exits_with(0).stdout_has(KEY);
        outcome.stdout_has(&format!("{}\n", path.display()));
        let metadata = fs::metadata(&path).expect("it stays while the command may run");
        assert_eq!(metadata.mode() & 0o7777, mode, "{written}");
        let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").collect();
        assert_eq!(names.len(), 1, "something else was left: {names:?}");
    }
}

#[test]
fn a_link_at_the_path_is_replaced_and_not_followed() {
    let folder = in_memory();
    let (path, other) = (folder.path().join("key.pem"), folder.path().join("other"));
    fs::write(&other, "untouched").expect("the folder can be written");
    symlink(&other, &path).expect("a link can be made");
    let project = at(&path, "");
    project.launcher().command(["true"]).run().exits_with(0);
    assert_eq!(
        fs::read_to_string(&other).expect("it is there"),
        "untouched"
    );
    let metadata = fs::symlink_metadata(&path).expect("it was made");
    assert!(metadata.is_file());
}

#[test]
fn a_file_is_taken_away_when_the_command_does_not_start() {
    for (command, code) in [("no-such-command", 127), ("/", 126)] {
        let folder = in_memory();
        let project = at(&folder.path().join("key.pem"), "");
        project.launcher().command([command]).run().exits_with(code);
        let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").collect();
        assert!(names.is_empty(), "{names:?}");
    }
}

#[test]
fn a_path_on_a_disk_is_refused_and_nothing_is_written() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("cargo gives tests a folder");
    let kind = statfs(folder.path())
        .expect("it was just made")
        .filesystem_type();
    assert!(
        kind != TMPFS_MAGIC,
        "this test needs cargo's target folder to be on a disk"
    );
    let project = at(&folder.path().join("key.pem"), "");
    let _ = refused(&project, "file-on-disk");
    let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_folder_that_is_missing_or_open_to_others_is_refused() {
    let folder = in_memory();
    let missing = folder.path().join("missing/key.pem");
    let _ = refused(&at(&missing, ""), "file-no-directory");
    let open = folder.path().join("open");
    fs::create_dir(&open).expect("a folder can be made");
    let everybody = fs::Permissions::from_mode(0o777);
    fs::set_permissions(&open, everybody).expect("it was just made");
    let _ = refused(&at(&open.join("key.pem"), ""), "file-directory-open");
    assert!(!open.join("key.pem").exists());
    // Who has a sticky folder can take away what others put there; and so can a group.
    for (owner, group, mode) in [(7001, None, 0o1777), (0, Some(7001), 0o775)] {
        fs::set_permissions(&open, fs::Permissions::from_mode(mode)).expect("it is ours");
        chown(&open, Some(owner), group).expect("this test needs to be root");
        let _ = refused(&at(&open.join("key.pem"), ""), "file-directory-open");
        assert!(!open.join("key.pem").exists());
        chown(&open, Some(0), Some(0)).expect("this test needs to be root");
    }
}

#[test]
fn a_mode_that_gives_others_anything_is_refused() {
    for mode in ["0444", "0644", "0777", "0000", "u+r"] {
        let project = project(&format!("{{ file = \"/dev/shm/x\", mode = \"{mode}\" }}"));
        let _ = refused(&project, "malformed-text");
    }
}

#[test]
fn a_name_that_both_a_file_and_a_variable_would_set_is_refused() {
    let manifest =
        "version = 1\n[secrets.A]\ndeliver = \"file\"\n[config.A_FILE]\ndefault = \"x\"\n";
    let _ = refused(&Project::with(manifest, "A=dummy\n"), "duplicate-name");
}
