//! A thousand rotations: each restarts the command once, and the parent stays as it was.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use secret_run_tests::{End, Project, Running};
use tempfile::TempDir;

const ROTATIONS: usize = 1000;

const MANIFEST: &str = r#"version = 1
[watch]
interval = "10ms"
min-interval = "0s"
[environments.development]
backend = "files"
[backends.files]
kind = "file"
directory = "values"
[secrets.TOKEN]
[secrets.KEY]
deliver = "file"
"#;

/// Works without a pause, and says what it has: the two are of one rotation.
const COMMAND: &str = "trap 'exit 0' TERM; read key < $KEY_FILE; echo $TOKEN $key
    while :; do :; done";

/// Changes a value in one step.
fn change(project: &Project, name: &str, value: &str) {
    let next = format!("next-{name}");
    project.write(&next, value);
    let place = project.path("values").join(name);
    fs::rename(project.path(&next), place).expect("a file can be renamed");
}

/// Kilobytes of memory.
fn memory(running: &Running) -> usize {
    let status = fs::read_to_string(running.proc("status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.and_then(|text| text.parse().ok()).expect("a size")
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path.display().to_string()),
        }
    }
    found.sort();
    found
}

#[test]
fn a_thousand_rotations_are_a_thousand_restarts() {
    let project = Project::new();
    let temporary = TempDir::new().expect("a folder can be made");
    project.write("secrets.toml", MANIFEST);
    fs::create_dir(project.path("values")).expect("a folder can be made");
    project.write("values/KEY", "key\n");
    change(&project, "TOKEN", "value-0");
    let launcher = project
        .launcher()
        .env("TMPDIR", temporary.path())
        .args(["--watch"]);
    let mut command = launcher.command(["sh", "-c", COMMAND]).into_command();
    let log = fs::File::create(temporary.path().join("log")).expect("a file can be made");
    command.stderr(log);
    let mut running = Running::spawn(command);
    assert_eq!(running.line(), "value-0 key");

    let mut early = None;
    for rotation in 1..=ROTATIONS {
        change(&project, "TOKEN", &format!("value-{rotation}"));
        // Neither one that was missed nor one that came twice would be this line.
        assert_eq!(running.line(), format!("value-{rotation} key"));
        if rotation == ROTATIONS / 10 {
            early = Some((running.descriptors().len(), memory(&running)));
        }
    }
    let (descriptors, kilobytes) = early.expect("it was noted");
    // At most a candidate's socket is open now or was then.
    assert!(running.descriptors().len() <= descriptors + 1);
    let grown = memory(&running).saturating_sub(kilobytes);
    assert!(grown < 1024, "the parent has grown by {grown} KiB");

    let before = files_below(project.folder());
    running.signal(Signal::SIGKILL);
    while running.line() != "" {}
    assert_eq!(running.end(), End::Signal(Signal::SIGKILL as i32));
    assert_eq!(files_below(project.folder()), before);
    let log = temporary.path().join("log");
    assert_eq!(files_below(temporary.path()), [log.display().to_string()]);
    let said = fs::read_to_string(log).expect("it was written");
    assert_eq!(said.matches("[watch-changed]").count(), ROTATIONS);
    assert!(!said.contains("value-"), "a value is said");
}
