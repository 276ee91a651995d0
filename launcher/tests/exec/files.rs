//! Values that the command gets as files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use nix::unistd::Uid;
use tempfile::TempDir;

use crate::probe::{Probe, file_content};

/// A folder in memory.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn checksum(content: &[u8]) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new("cksum");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(content).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn the_command_and_its_children_read_it_each_from_the_start() {
    let script =
        "cksum <\"$TLS_KEY_FILE\"; sh -c 'cksum <\"$TLS_KEY_FILE\"; cksum <\"$TLS_KEY_FILE\"'";
    let run = Probe::shell(script).with_memory_file().run();
    assert_eq!(
        run.stdout(),
        checksum(&file_content()).repeat(3),
        "{}",
        run.stderr()
    );
}

#[test]
fn a_script_that_uses_low_descriptors_does_not_replace_it() {
    let script = "exec 3</dev/null 4</dev/null 9</dev/null; cksum <\"$TLS_KEY_FILE\"";
    let run = Probe::shell(script).with_memory_file().run();
    assert_eq!(run.stdout(), checksum(&file_content()));
}

#[test]
fn nobody_changes_it_not_even_root() {
    let script = "stat -L -c %a \"$TLS_KEY_FILE\"
        (echo x >\"$TLS_KEY_FILE\") 2>/dev/null && echo written
        (echo x >>\"$TLS_KEY_FILE\") 2>/dev/null && echo appended
        (printf x 1<>\"$TLS_KEY_FILE\") 2>/dev/null && echo overwritten
        cksum <\"$TLS_KEY_FILE\"";
    let run = Probe::shell(script).with_memory_file().run();
    assert_eq!(run.stdout(), format!("400\n{}", checksum(&file_content())));
}

#[test]
fn it_is_the_only_descriptor_more() {
    let list = || Probe::of(["ls", "/proc/self/fd"]);
    let count = |probe: Probe| probe.run().stdout().lines().count();
    assert_eq!(count(list().with_memory_file()), count(list()) + 1);
}

#[test]
fn a_placed_file_has_its_mode_whatever_the_umask() {
    let folder = in_memory();
    let path = folder.path().join("cert.pem");
    let script = "stat -c %a \"$TLS_CERT_FILE\"; cksum <\"$TLS_CERT_FILE\"";
    let run = Probe::shell(script)
        .before("umask 077")
        .with_placed_file(&path)
        .run();
    assert_eq!(run.stdout(), format!("440\n{}", checksum(&file_content())));
    assert_eq!(names(folder.path()), ["cert.pem"]);
}

#[test]
fn a_user_who_is_not_root_gets_a_placed_file_although_proc_is_roots_until_then() {
    let open = || fs::Permissions::from_mode(0o755);
    let programs = tempfile::Builder::new()
        .permissions(open())
        .tempdir()
        .unwrap();
    let program = programs.path().join("probe");
    let content = fs::read(std::env::current_exe().unwrap()).unwrap();
    crate::probe::executable(&program, &content);
    let folder = in_memory();
    let user = match Uid::current() {
        root if root.is_root() => 65_534,
        user => user.as_raw(),
    };
    chown(folder.path(), Some(user), None).unwrap();
    let path = folder.path().join("cert.pem");
    let script = "stat -c '%u %a %h' \"$TLS_CERT_FILE\"; cksum <\"$TLS_CERT_FILE\"";
    let run = Probe::shell(script)
        .with_placed_file(&path)
        .run_by(user, &program)
        .run();
    let expected = format!("{user} 440 1\n{}", checksum(&file_content()));
    assert_eq!(run.stdout(), expected, "{}", run.stderr());
    assert_eq!(names(folder.path()), ["cert.pem"]);
}

#[test]
fn a_placed_file_replaces_a_symlink_and_not_what_it_leads_to() {
    let folder = in_memory();
    let other = folder.path().join("other");
    fs::write(&other, "untouched").unwrap();
    let path = folder.path().join("cert.pem");
    symlink(&other, &path).unwrap();
    let run = Probe::of(["true"]).with_placed_file(&path).run();
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    assert_eq!(fs::read_to_string(&other).unwrap(), "untouched");
    assert!(path.symlink_metadata().unwrap().is_file());
}

#[test]
fn a_relative_path_is_given_as_an_absolute_one() {
    let folder = in_memory();
    let before = format!("cd {}", folder.path().display());
    let script = "cd /; cksum <\"$TLS_CERT_FILE\"";
    let run = Probe::shell(script)
        .before(&before)
        .with_placed_file(Path::new("cert.pem"))
        .run();
    assert_eq!(run.stdout(), checksum(&file_content()), "{}", run.stderr());
}

#[test]
fn a_disk_is_refused_and_nothing_is_written_to_it() {
    // Where the tests were built; `/proc`, because a file system need not be a disk.
    let on_disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for folder in [on_disk.path(), Path::new("/proc")] {
        let run = Probe::of(["true"])
            .with_placed_file(&folder.join("cert.pem"))
            .run();
        assert_eq!(run.code(), Some(125));
        assert!(
            run.stderr().starts_with("file-on-disk: "),
            "{}",
            run.stderr()
        );
    }
    assert_eq!(names(on_disk.path()), [""; 0]);
}

#[test]
fn a_directory_that_others_can_write_is_refused_unless_sticky() {
    let folder = in_memory();
    let path = folder.path().join("cert.pem");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let run = Probe::of(["true"]).with_placed_file(&path).run();
    assert!(
        run.stderr().starts_with("file-directory-open: "),
        "{}",
        run.stderr()
    );

    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    assert_eq!(
        Probe::of(["true"]).with_placed_file(&path).run().code(),
        Some(0)
    );
}

#[test]
fn a_directory_that_is_missing_or_in_the_way_is_said() {
    let folder = in_memory();
    let run = Probe::of(["true"])
        .with_placed_file(&folder.path().join("no/cert.pem"))
        .run();
    assert!(
        run.stderr().starts_with("file-no-directory: "),
        "{}",
        run.stderr()
    );

    let path = folder.path().join("cert.pem");
    fs::create_dir(&path).unwrap();
    let run = Probe::of(["true"]).with_placed_file(&path).run();
    assert!(
        run.stderr().starts_with("file-not-a-file: "),
        "{}",
        run.stderr()
    );
    assert_eq!(names(folder.path()), ["cert.pem"]);
}

#[test]
fn nothing_is_left_when_the_command_does_not_start() {
    let folder = in_memory();
    let path = folder.path().join("cert.pem");
    let script = folder.path().join("script");
    crate::probe::executable(&script, b"#!/no/such/interpreter\n");
    let script = script.to_str().unwrap();
    let run = Probe::of([script])
        .with_memory_file()
        .with_placed_file(&path)
        .run();
    assert_eq!(run.code(), Some(127), "{}", run.stderr());
    assert_eq!(names(folder.path()), ["script"]);
}
