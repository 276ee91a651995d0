//! The log in a file, without a launcher: what is written, what of a change is found, and what
//! a crash leaves.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

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
        verify(&files_of(&self.path("log")).unwrap(), true).unwrap()
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
fn a_log_that_nobody_touched_verifies() {
    let folder = Folder::with_launches(4);
    let report = folder.verify();
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(report.remarks, []);
    assert_eq!((report.lines, report.last), (5, Some(4)));
    let first: serde_json::Value = serde_json::from_str(&folder.lines()[0]).unwrap();
    assert_eq!(first["event"], "file");
    assert_eq!(first["prev"], "0".repeat(64));
    let line: serde_json::Value = serde_json::from_str(&folder.lines()[1]).unwrap();
    for (key, value) in [
        ("event", "launch"),
        ("program", "/bin/true"),
        ("project", "shop"),
        ("environment", "development"),
        ("task", "run"),
    ] {
        assert_eq!(line[key], value);
    }
    assert_eq!(line["uid"], nix::unistd::geteuid().as_raw());
}

/// Each change of a log of a heading and six lines, and what is found.
#[test]
fn each_kind_of_tampering_is_found() {
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change, &[&str]); 14] = [
        (
            "a byte",
            |lines| lines[3] = lines[3].replacen("true", "tree", 1),
            &["line-changed:4"],
        ),
        (
            "a byte of the last line",
            |lines| lines[6] = lines[6].replacen("true", "tree", 1),
            &["end-changed:7"],
        ),
        (
            "a byte of the heading",
            |lines| lines[0] = lines[0].replacen("\"uid\":", "\"uid\": ", 1),
            &["line-changed:1"],
        ),
        (
            "a hash",
            |lines| {
                let at = lines[3].find("\"prev\":\"").unwrap() + 8;
                let digit = if &lines[3][at..=at] == "0" { "1" } else { "0" };
                lines[3].replace_range(at..=at, digit);
            },
            &["line-changed:3", "line-changed:4"],
        ),
        (
            "a line to no line",
            |lines| lines[3] = "{}".into(),
            &["not-a-line:4"],
        ),
        (
            "the first line removed",
            |lines| drop(lines.remove(0)),
            &["no-heading:1"],
        ),
        (
            "a line removed",
            |lines| drop(lines.remove(3)),
            &["lines-removed:4"],
        ),
        (
            "the last line removed",
            |lines| drop(lines.pop()),
            &["end-missing"],
        ),
        (
            "lines removed at the end",
            |lines| lines.truncate(2),
            &["end-missing"],
        ),
        ("all lines removed", |lines| lines.clear(), &["end-missing"]),
        (
            "two lines swapped",
            |lines| lines.swap(2, 3),
            &["lines-removed:3", "line-order:4"],
        ),
        (
            "a line repeated",
            |lines| lines.insert(4, lines[2].clone()),
            &["line-order:5"],
        ),
        (
            "a line inserted that is none",
            |lines| lines.insert(4, "# note".into()),
            &["not-a-line:5"],
        ),
        (
            "a line of another log",
            |lines| lines[4] = Folder::with_launches(6).lines()[4].clone(),
            &["line-changed:4", "line-changed:5"],
        ),
    ];
    for (what, change, expected) in changes {
        let folder = Folder::with_launches(6);
        let mut lines = folder.lines();
        change(&mut lines);
        folder.write(&lines);
        assert_eq!(folder.found(), expected, "{what}");
    }
}

#[test]
fn a_heading_that_is_gone_is_found_though_the_next_line_is_well() {
    let folder = Folder::with_launches(3);
    let mut lines = folder.lines();
    lines.remove(0);
    folder.write(&lines);
    // What the file is cannot be told any more; that it is not whole can.
    assert!(folder.found().contains(&"no-heading:1".to_owned()));
}

#[test]
fn another_logs_file_and_files_in_another_order_are_found() {
    let folder = Folder::new();
    let log = Log::new(folder.path("log"), Some(1200), None);
    for _ in 0..12 {
        log.append(&run(), &launches(1)).unwrap();
    }
    let files = files_of(&folder.path("log")).unwrap();
    assert!(files.len() > 3, "{files:?}");
    assert_eq!(folder.found(), [""; 0]);

    let mut swapped = files.clone();
    swapped.swap(0, 1);
    let report = verify(&swapped, false).unwrap();
    assert_eq!(found(&report), ["file-order", "file-order"]);
    let other = Folder::with_launches(2);
    let report = verify(&[files[0].clone(), other.path("log")], false).unwrap();
    assert_eq!(found(&report), ["other-log"]);
    // Some of them alone are well, as far as can be told.
    let report = verify(&files[1..3], false).unwrap();
    assert_eq!(found(&report), [""; 0]);
    let remarks: Vec<_> = report
        .remarks
        .iter()
        .map(|remark| remark.fault.kind())
        .collect();
    assert_eq!(remarks, ["later-file", "no-head"]);

    fs::remove_file(&files[1]).unwrap();
    assert_eq!(folder.found(), ["file-order"]);
    fs::remove_file(&files[0]).unwrap();
    assert_eq!(folder.found(), ["file-missing", "file-missing"]);
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
fn lines_behind_the_end_that_is_known_are_held_against_it() {
    let folder = Folder::with_launches(2);
    let head = fs::read(folder.path("log.head")).unwrap();
    folder.log().append(&run(), &launches(2)).unwrap();
    // The machine stopped before the end reached the disk: nothing is wrong.
    fs::write(folder.path("log.head"), head).unwrap();
    assert_eq!(folder.log().append(&run(), &launches(1)).unwrap(), []);
    assert_eq!(folder.found(), [""; 0]);
    // Somebody added what is no line of ours.
    let mut lines = folder.lines();
    lines.push("{\"event\":\"launch\"}".into());
    folder.write(&lines);
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert_eq!(notices, [Notice::ForeignLines]);
    assert_eq!(folder.found(), ["not-a-line:7"]);
}

#[test]
fn lines_that_are_gone_stay_gone_whatever_is_written_behind() {
    for keep in [0, 2, 3] {
        let folder = Folder::with_launches(5);
        let mut lines = folder.lines();
        lines.truncate(keep);
        folder.write(&lines);
        let notices = folder.log().append(&run(), &launches(1)).unwrap();
        assert_eq!(notices, [Notice::LinesMissing]);
        let line = keep + 1;
        assert_eq!(folder.found(), [format!("lines-removed:{line}")]);
        folder.log().append(&run(), &launches(1)).unwrap();
        assert_eq!(folder.found(), [format!("lines-removed:{line}")]);
    }
}

#[test]
fn an_end_that_nobody_knows_is_found() {
    let folder = Folder::with_launches(3);
    let mut lines = folder.lines();
    lines.pop();
    folder.write(&lines);
    fs::remove_file(folder.path("log.head")).unwrap();
    assert_eq!(folder.found(), ["no-head"]);
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert_eq!(notices, [Notice::HeadLost]);
    assert_eq!(folder.found(), ["head-lost:4"]);
    // With the file being removed as well, the full one is what is known.
    let folder = Folder::new();
    let log = Log::new(folder.path("log"), Some(700), None);
    for _ in 0..3 {
        log.append(&run(), &launches(1)).unwrap();
    }
    fs::remove_file(folder.path("log.head")).unwrap();
    fs::remove_file(folder.path("log")).unwrap();
    assert_eq!(
        log.append(&run(), &launches(1)).unwrap(),
        [Notice::HeadLost]
    );
    assert_eq!(folder.found(), ["head-lost:2"]);
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
    assert_eq!(folder.log().append(&run(), &launches(1)).unwrap(), []);
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

/// A daemon of the test's own, as far as it listens.
fn daemon(manner: Manner) -> (TempDir, UnixDatagram, Socket) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("socket");
    let daemon = UnixDatagram::bind(&path).unwrap();
    daemon
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let socket = Socket::connect(&path, manner).unwrap();
    (folder, daemon, socket)
}

fn heard(daemon: &UnixDatagram) -> String {
    let mut bytes = vec![0; 64 << 10];
    let length = daemon.recv(&mut bytes).unwrap();
    bytes.truncate(length);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn syslog_hears_each_line_with_its_level() {
    let (_folder, daemon, socket) = daemon(Manner::Syslog);
    let problem =
        crate::error::Problem::error(&AuditError::StandardError(std::io::ErrorKind::Other), None);
    let refused = Happened::now(Event::refused(Stage::Policy, &problem));
    socket.send(&run(), &launches(1)).unwrap();
    socket.send(&run(), &[refused]).unwrap();
    for (priority, event) in [(86, "launch"), (84, "refused")] {
        let heard = heard(&daemon);
        let start = format!("<{priority}>secret-run[{}]: ", std::process::id());
        let line = heard
            .strip_prefix(&start)
            .unwrap_or_else(|| panic!("{heard}"));
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["event"], event);
        // There nothing vouches for the line before.
        assert!(line.get("prev").is_none() && line.get("seq").is_none());
    }
}

#[test]
fn the_journal_hears_fields() {
    let (_folder, daemon, socket) = daemon(Manner::Journal);
    let run = run();
    let problem =
        crate::error::Problem::error(&AuditError::StandardError(std::io::ErrorKind::Other), None);
    let refused = Event::refused(Stage::Values, &problem.of("TOKEN"));
    socket.send(&run, &[Happened::now(refused)]).unwrap();
    let heard = heard(&daemon);
    let fields: Vec<(&str, &str)> = heard
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .collect();
    let field = |name| fields.iter().find(|(found, _)| *found == name).unwrap().1;
    assert_eq!(field("PRIORITY"), "4");
    assert_eq!(field("SYSLOG_IDENTIFIER"), "secret-run");
    assert_eq!(field("SECRET_RUN_ID"), run.id());
    assert_eq!(field("SECRET_RUN_EVENT"), "refused");
    assert_eq!(field("SECRET_RUN_SECRET"), "TOKEN");
    let line: serde_json::Value = serde_json::from_str(field("MESSAGE")).unwrap();
    assert_eq!(line["secret"], "TOKEN");
    assert_eq!(line["stage"], "values");
}

#[test]
fn a_daemon_that_is_not_there_is_said() {
    let folder = TempDir::new().unwrap();
    let error = Socket::connect(&folder.path().join("none"), Manner::Syslog).unwrap_err();
    assert_eq!(error.kind(), "audit-unwritable");
    assert!(error.hint().unwrap().contains("daemon"));
    let (_folder, daemon, socket) = daemon(Manner::Journal);
    drop(daemon);
    let error = socket.send(&run(), &launches(1)).unwrap_err();
    assert_eq!(error.kind(), "audit-unwritable");
}

proptest::proptest! {
    #[test]
    fn any_byte_that_is_changed_is_found(at in proptest::prelude::any::<proptest::sample::Index>(), with in 1..=255_u8) {
        let folder = Folder::with_launches(3);
        let mut text = fs::read(folder.path("log")).unwrap();
        let at = at.index(text.len());
        text[at] ^= with;
        fs::write(folder.path("log"), text).unwrap();
        proptest::prop_assert!(!folder.found().is_empty());
        // And still, when somebody has launched something since.
        folder.log().append(&run(), &launches(1)).unwrap();
        proptest::prop_assert!(!folder.found().is_empty());
    }

    #[test]
    fn any_lines_that_are_removed_or_moved_are_found(order in proptest::collection::vec(0..5_usize, 0..7)) {
        let folder = Folder::with_launches(4);
        let lines = folder.lines();
        let changed: Vec<String> = order.iter().map(|index| lines[*index].clone()).collect();
        folder.write(&changed);
        proptest::prop_assert_eq!(folder.found().is_empty(), order == [0, 1, 2, 3, 4]);
    }

    #[test]
    fn any_bytes_are_verified_and_continued_or_refused(
        log in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        head in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
    ) {
        let folder = Folder::new();
        for (name, content) in [("log", &log), ("log.head", &head)] {
            fs::write(folder.path(name), content).unwrap();
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(folder.path(name), mode).unwrap();
        }
        folder.verify();
        if folder.log().append(&run(), &launches(1)).is_err() {
            proptest::prop_assert_eq!(fs::read(folder.path("log")).unwrap(), log);
            proptest::prop_assert_eq!(fs::read(folder.path("log.head")).unwrap(), head);
        }
        folder.verify();
    }
}
