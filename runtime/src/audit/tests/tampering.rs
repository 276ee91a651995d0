//! What is done to a log is found.

use super::*;
use crate::audit::digest::Digest;

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
    let verify = |files: &[PathBuf]| verify(&LogFiles::These(files.to_vec())).unwrap();
    let report = verify(&swapped);
    assert_eq!(found(&report), ["file-order", "file-order"]);
    let other = Folder::with_launches(2);
    let report = verify(&[files[0].clone(), other.path("log")]);
    assert_eq!(found(&report), ["other-log"]);
    // Some of them alone are well, as far as can be told.
    let report = verify(&files[1..3]);
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(remarks(&report), [("later-file", None), ("no-head", None)]);

    fs::remove_file(&files[1]).unwrap();
    assert_eq!(folder.found(), ["file-order"]);
    fs::remove_file(&files[0]).unwrap();
    assert_eq!(folder.found(), ["file-missing", "file-missing"]);
}

#[test]
fn lines_behind_the_end_that_is_known_are_held_against_it() {
    let folder = Folder::with_launches(2);
    let head = fs::read(folder.path("log.head")).unwrap();
    folder.log().append(&run(), &launches(2)).unwrap();
    // The machine stopped before the end reached the disk, or somebody wrote lines that fit: nothing
    // is wrong, and it is said, now and in the log.
    fs::write(folder.path("log.head"), head).unwrap();
    let report = folder.verify();
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(remarks(&report), [("behind-head", None)]);
    assert_eq!(report.remarks[0].fault, Fault::BehindHead { count: 2 });
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert_eq!(notices, [Notice::BehindHead]);
    folder.log().append(&run(), &launches(1)).unwrap();
    let report = folder.verify();
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(remarks(&report), [("behind-head", Some(6))]);
    // Somebody added what is no line of ours.
    let mut lines = folder.lines();
    lines.push("{\"event\":\"launch\"}".into());
    folder.write(&lines);
    let notices = folder.log().append(&run(), &launches(1)).unwrap();
    assert_eq!(notices, [Notice::ForeignLines]);
    assert_eq!(folder.found(), ["not-a-line:9"]);
}

#[test]
fn a_log_that_was_made_anew_with_a_line_more_is_found() {
    let folder = Folder::with_launches(6);
    let mut lines = folder.lines();
    lines[3] = lines[3].replacen("true", "tree", 1);
    lines.push(lines[6].replacen("\"seq\":6", "\"seq\":7", 1));
    for number in 4..lines.len() {
        let before = Digest::of(lines[number - 1].as_bytes()).to_string();
        let at = lines[number].find("\"prev\":\"").unwrap() + 8;
        lines[number].replace_range(at..at + before.len(), &before);
    }
    folder.write(&lines);
    assert_eq!(folder.found(), ["end-changed:7"]);
}

fn remarks(report: &Report) -> Vec<(&'static str, Option<u64>)> {
    let remarks = report.remarks.iter();
    let kinds = remarks.map(|remark| (remark.fault.kind(), remark.line));
    kinds.collect()
}

/// Whether a process waits for a lock on this file.
fn is_awaited(file: &fs::File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", file.metadata().unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let mut locks = locks.lines();
    locks.any(|lock| lock.contains("->") && lock.contains(&inode))
}

#[test]
fn a_file_that_is_moved_while_the_log_is_verified_is_not_missed() {
    let folder = Folder::new();
    let log = Log::new(folder.path("log"), Some(1000), None);
    log.append(&run(), &launches(1)).unwrap();
    let read = |name: &str| fs::read(folder.path(name)).unwrap();
    let (first, first_head) = (read("log"), read("log.head"));
    log.append(&run(), &launches(1)).unwrap();
    let (second, second_head) = (read("log"), read("log.head"));
    fs::remove_file(folder.path("log.1")).unwrap();
    fs::write(folder.path("log"), first).unwrap();
    fs::write(folder.path("log.head"), first_head).unwrap();

    // A run has the lock, and moves the file when somebody else waits to verify.
    let lock = fs::File::open(folder.path("log.head")).unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let found = scope.spawn(|| folder.found());
        while !is_awaited(&lock) {
            assert!(!found.is_finished(), "it did not wait for the lock");
            std::thread::sleep(Duration::from_millis(1));
        }
        fs::rename(folder.path("log"), folder.path("log.1")).unwrap();
        fs::write(folder.path("log"), second).unwrap();
        fs::write(folder.path("log.head"), second_head).unwrap();
        lock.unlock().unwrap();
        assert_eq!(found.join().unwrap(), [""; 0]);
    });
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
