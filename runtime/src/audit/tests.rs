//! The log in a file, without a launcher: what is written, what of a change is found, and what
//! a crash leaves.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod daemons;
mod tampering;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::files::files_of;
use super::log::Log;
use super::run::{Happened, Run};
use super::socket::{Manner, Socket};
use super::*;
use crate::error::Explain;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::plugin;
use crate::selection::Wanted;

fn run() -> Run {
    let text = "version = 1\n[project]\nname = \"shop\"\n[secrets.TOKEN]\n";
    let manifest = Manifest::parse(Path::new("secrets.toml"), text, plugin::standard_catalog());
    let plan = Plan::new(Arc::new(manifest.unwrap()), &Wanted::default()).unwrap();
    Run::of_plan(&plan, Task::Run)
}

fn launches(count: usize) -> Vec<Happened> {
    let launch = |_| Happened::now(Event::launch(Path::new("/bin/true"), 1, &[]));
    (0..count).map(launch).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn log(&self) -> Log {
        Log::new(self.path("log"), None, None)
    }

    /// A log with this many launches, each a run of its own, and its heading.
    fn with_launches(count: usize) -> Self {
        let folder = Self::new();
        for _ in 0..count {
            assert_eq!(folder.log().append(&run(), &launches(1)).unwrap(), []);
        }
        folder
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.path("log"), text).unwrap();
    }

    fn verify(&self) -> Report {
        verify(&LogFiles::Of(self.path("log"))).unwrap()
    }

    /// Findings as `kind:line`.
    fn found(&self) -> Vec<String> {
        found(&self.verify())
    }
}

fn found(report: &Report) -> Vec<String> {
    let findings = report.findings.iter();
    let found = findings.map(|finding| {
        let line = finding
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line}", finding.fault.kind())
    });
    found.collect()
}

#[test]
fn full_files_are_numbered_and_the_oldest_are_not_kept() {
    let folder = Folder::new();
    let log = Log::new(folder.path("log"), Some(2500), Some(2));
    for _ in 0..20 {
        log.append(&run(), &launches(1)).unwrap();
    }
    let files = files_of(&folder.path("log")).unwrap();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(!folder.path("log.1").exists());
    for file in &files {
        assert!(fs::metadata(file).unwrap().len() <= 2500, "{file:?}");
    }
    let report = folder.verify();
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(report.remarks, []);
    // A batch that is larger than a file may be is written all the same.
    log.append(&run(), &launches(20)).unwrap();
    assert_eq!(folder.found(), [""; 0]);
}

#[test]
fn a_full_file_replaces_nothing() {
    let folder = Folder::new();
    let log = Log::new(folder.path("log"), Some(1000), None);
    log.append(&run(), &launches(1)).unwrap();
    fs::write(folder.path("log.1"), "somebody's").unwrap();
    let error = log.append(&run(), &launches(1)).unwrap_err();
    assert_eq!(error.kind(), "audit-occupied");
    assert_eq!(fs::read(folder.path("log.1")).unwrap(), b"somebody's");
}

#[test]
fn a_line_without_an_end_is_said_and_left_and_verifies() {
    let folder = Folder::with_launches(3);
    let whole = fs::read(folder.path("log")).unwrap();
    // As if the machine had stopped while the fourth was written, before its end was noted.
    let partial = [&whole[..], br#"{"seq":4,"time":"20"#].concat();
    fs::write(folder.path("log"), partial).unwrap();
    let before = folder.verify();
    assert_eq!(found(&before), [""; 0]);
    assert_eq!(before.remarks[0].fault, Fault::Unended);

    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert!(
        matches!(notices[..], [Notice::PartialLine { bytes: 19, .. }]),
        "{notices:?}"
    );
    let report = folder.verify();
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(report.remarks.len(), 1);
    assert_eq!(report.remarks[0].fault, Fault::GivenUp);
    // What was left cannot be changed unseen either.
    let mut lines = folder.lines();
    lines[4] = lines[4].replace("seq", "SEQ");
    folder.write(&lines);
    assert_eq!(folder.found(), ["not-a-line:5"]);
}

#[test]
fn a_line_that_only_lacks_its_end_is_told_from_one_that_is_whole() {
    let folder = Folder::with_launches(2);
    let mut text = fs::read(folder.path("log")).unwrap();
    let head = fs::read(folder.path("log.head")).unwrap();
    folder.log().append(&run(), &launches(1)).unwrap();
    text = [
        text,
        fs::read(folder.path("log"))
            .unwrap()
            .split_off(text_len(&folder, 3)),
    ]
    .concat();
    text.pop();
    fs::write(folder.path("log"), text).unwrap();
    fs::write(folder.path("log.head"), head).unwrap();
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert!(
        matches!(notices[..], [Notice::PartialLine { .. }]),
        "{notices:?}"
    );
    assert_eq!(folder.found(), [""; 0]);
}

/// The length of the first lines, with their ends.
fn text_len(folder: &Folder, lines: usize) -> usize {
    folder.lines()[..lines]
        .iter()
        .map(|line| line.len() + 1)
        .sum()
}

#[test]
fn a_first_line_without_an_end_is_no_obstacle() {
    let folder = Folder::new();
    fs::write(folder.path("log"), br#"{"seq":0,"ti"#).unwrap();
    fs::set_permissions(folder.path("log"), fs::Permissions::from_mode(0o600)).unwrap();
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert!(
        matches!(notices[..], [Notice::PartialLine { .. }]),
        "{notices:?}"
    );
    assert_eq!(folder.found(), [""; 0]);
    folder.log().append(&run(), &launches(1)).unwrap();
    assert_eq!(folder.found(), [""; 0]);
}

#[test]
fn a_machine_that_stops_while_a_file_is_moved_breaks_nothing() {
    let folder = Folder::with_launches(3);
    let head = fs::read(folder.path("log.head")).unwrap();
    fs::rename(folder.path("log"), folder.path("log.1")).unwrap();
    assert_eq!(folder.log().append(&run(), &launches(1)).unwrap(), []);
    assert_eq!(folder.found(), [""; 0]);
    assert_eq!(folder.verify().lines, 6);
    // The same, after the next file was written, and before its end was known.
    fs::write(folder.path("log.head"), head).unwrap();
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert_eq!(notices, [Notice::BehindHead]);
    assert_eq!(folder.found(), [""; 0]);
}

#[test]
fn what_others_could_have_written_is_not_added_to() {
    let kind = |folder: &Folder| {
        let checked = folder.log().check().unwrap_err();
        let appended = folder.log().append(&run(), &launches(1)).unwrap_err();
        assert_eq!(checked.kind(), appended.kind());
        assert!(appended.hint().is_some());
        appended.kind()
    };
    for name in ["log", "log.head"] {
        let folder = Folder::new();
        symlink(folder.path("elsewhere"), folder.path(name)).unwrap();
        assert_eq!(kind(&folder), "audit-exposed", "a link as {name}");
        assert!(!folder.path("elsewhere").exists());
        for mode in [0o620, 0o602, 0o666] {
            let folder = Folder::with_launches(1);
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.path(name), mode).unwrap();
            assert_eq!(kind(&folder), "audit-exposed");
        }
        let folder = Folder::new();
        nix::unistd::mkfifo(&folder.path(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(kind(&folder), "audit-exposed", "a pipe as {name}");
        let folder = Folder::new();
        fs::create_dir(folder.path(name)).unwrap();
        assert_eq!(kind(&folder), "audit-unwritable", "a folder as {name}");
    }
    let folder = Folder::new();
    fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = folder.log().check().unwrap_err();
    assert_eq!(error.kind(), "audit-exposed");
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    for content in [
        "2026-11-24 started\n",
        "{\"seq\":1}\n",
        "no line end",
        "[]\n",
    ] {
        let folder = Folder::new();
        fs::write(folder.path("log"), content).unwrap();
        fs::set_permissions(folder.path("log"), fs::Permissions::from_mode(0o600)).unwrap();
        let error = folder.log().append(&run(), &launches(1)).unwrap_err();
        assert_eq!(error.kind(), "audit-not-a-log", "{content}");
        assert_eq!(fs::read_to_string(folder.path("log")).unwrap(), content);
    }
}

#[test]
fn a_file_of_somebody_elses_beside_the_log_is_left_alone() {
    for content in ["notes\n", "{\"format\":\n".repeat(200).as_str()] {
        let folder = Folder::new();
        fs::write(folder.path("log.head"), content).unwrap();
        fs::set_permissions(folder.path("log.head"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(folder.log().check().unwrap_err().kind(), "audit-not-a-log");
        let error = folder.log().append(&run(), &launches(1)).unwrap_err();
        assert_eq!(error.kind(), "audit-not-a-log");
        assert_eq!(
            fs::read_to_string(folder.path("log.head")).unwrap(),
            content
        );
    }
    // What a machine leaves that stopped is none.
    for content in [&b""[..], &[0; 384], br#"{"format":1,"cha"#] {
        let folder = Folder::with_launches(2);
        fs::write(folder.path("log.head"), content).unwrap();
        let notices = folder.log().append(&run(), &launches(1)).unwrap();
        assert_eq!(notices, [Notice::HeadLost]);
    }
}

#[test]
fn files_are_for_their_user_alone() {
    let folder = Folder::with_launches(1);
    for name in ["log", "log.head"] {
        let mode = fs::metadata(folder.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
}

#[test]
fn huge_files_and_lines_are_verified_and_continued() {
    let folder = Folder::with_launches(1);
    let mut text = fs::read(folder.path("log")).unwrap();
    text.extend(vec![b'x'; 3 << 20]);
    fs::write(folder.path("log"), &text).unwrap();
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert!(matches!(
        notices[..],
        [Notice::PartialLine {
            bytes: 3_145_728,
            ..
        }]
    ));
    assert_eq!(folder.found(), [""; 0]);
}
