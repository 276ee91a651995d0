//! The files of the audit log: whole, once and in order whatever happens at once; and what is done to
//! them afterwards is found.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

use secret_run_tests::program;

use secret_run_tests::audited::{
    MANIFEST, TOKEN, audit, events, found, lines, project, verify, with,
};

#[test]
fn fifty_launches_at_once_are_all_there_and_in_one_chain() {
    let project = project();
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let _ = project.launcher().command(["true"]).run().exits_with(0);
            });
        }
    });
    let lines = lines(&project, "audit.jsonl");
    assert_eq!(lines.len(), 1 + 50 * 4);
    let runs: BTreeSet<&str> = events(&lines, "launch")
        .iter()
        .map(|line| line["run"].as_str().expect("a run"))
        .collect();
    assert_eq!(runs.len(), 50);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], index);
    }
    let report = verify(&project);
    assert_eq!(report["findings"], serde_json::json!([]));
    assert_eq!(report["remarks"], serde_json::json!([]));
}

#[test]
fn files_that_fill_up_under_many_launches_lose_nothing() {
    let project = with(&MANIFEST.replace(".jsonl\"\n", ".jsonl\"\nmax-size = \"16KiB\"\n"));
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let _ = project.launcher().command(["true"]).run().exits_with(0);
            });
        }
    });
    let report = verify(&project);
    assert_eq!(report["findings"], serde_json::json!([]));
    let files = report["files"].as_u64().expect("a number");
    assert!(files > 3, "{report}");
    let mut launches = 0;
    for number in 1..files {
        launches += events(&lines(&project, &format!("audit.jsonl.{number}")), "launch").len();
    }
    launches += events(&lines(&project, "audit.jsonl"), "launch").len();
    assert_eq!(launches, 50);
    // In another order they are not what they were.
    let files = ["audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"];
    let outcome = audit(&project, &[&["verify"][..], &files].concat());
    outcome.exits_with(1).stdout_has("where file 3 belongs");
}

#[test]
fn each_kind_of_tampering_is_found_with_its_line() {
    type Change = fn(&mut Vec<String>);
    let changes: [(Change, &str); 9] = [
        (
            |lines| lines[2] = lines[2].replace("TOKEN", "OTHER"),
            "line-changed:3",
        ),
        (
            |lines| lines[2] = lines[2].replace("SPARE", "OTHER"),
            "line-changed:3",
        ),
        (|lines| drop(lines.remove(0)), "no-heading:1"),
        (|lines| drop(lines.remove(3)), "lines-removed:4"),
        (|lines| drop(lines.pop()), "end-missing"),
        (|lines| lines.swap(1, 2), "lines-removed:2"),
        (|lines| lines.insert(2, "{}".into()), "not-a-line:3"),
        (|lines| lines.truncate(1), "end-missing"),
        (
            |lines| lines[4] = lines[4].replace("launch", "Launch"),
            "line-changed:5",
        ),
    ];
    let project = project();
    for _ in 0..2 {
        project.launcher().command(["true"]).run().exits_with(0);
    }
    let text = fs::read_to_string(project.path("audit.jsonl")).expect("it is there");
    let mut tried = 0;
    for (change, finding) in changes {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        let changed: String = lines.iter().map(|line| format!("{line}\n")).collect();
        if changed == text {
            continue;
        }
        tried += 1;
        project.write("audit.jsonl", changed);
        assert!(found(&project).contains(&finding.to_owned()), "{finding}");
    }
    assert!(tried >= 8, "{tried}");
    // The last line cut in two, as who empties a disk would.
    project.write("audit.jsonl", &text[..text.len() - 20]);
    assert_eq!(found(&project), ["end-missing"]);
    project.write("audit.jsonl", &text);
    assert_eq!(found(&project), [""; 0]);
    let outcome = audit(&project, &["verify"]);
    outcome.exits_with(0).stdout_has("nothing was changed");
}

#[test]
fn a_disk_that_is_full_stops_production_and_leaves_the_log_whole() {
    let project = project();
    project.launcher().command(["true"]).run().exits_with(0);
    let before = fs::read(project.path("audit.jsonl")).expect("it is there");
    // No file may grow beyond that; the signal is ignored, so that the write fails instead.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$L\" --env production -- touch started";
    let size = usize::try_from(
        fs::metadata(project.path("audit.jsonl"))
            .expect("it is there")
            .len(),
    );
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines == 5 && size.is_ok_and(|size| size > 1024), "{lines}");
    let bash = program("bash").expect("this test needs `bash`");
    let outcome = project.shell(&format!(
        "{} -c '{}'",
        bash.display(),
        script.replace('\'', "'\\''")
    ));
    outcome.exits_with(125).stderr_has("audit-unwritable");
    assert!(!project.path("started").exists());
    assert_eq!(
        fs::read(project.path("audit.jsonl")).expect("it is there"),
        before
    );
    assert_eq!(found(&project), [""; 0]);
}

#[test]
fn the_files_are_for_their_user_alone_and_no_link_is_followed() {
    let project = project();
    let script = "umask 0; exec \"$L\" -- true";
    project.shell(script).exits_with(0);
    for name in ["audit.jsonl", "audit.jsonl.head"] {
        let mode = fs::metadata(project.path(name)).expect("it is there");
        assert_eq!(mode.permissions().mode() & 0o7777, 0o600, "{name}");
    }
    for name in ["audit.jsonl", "audit.jsonl.head"] {
        let project = self::project();
        symlink(project.path("elsewhere"), project.path(name)).expect("a link");
        let launcher = project.launcher().args(["--env", "production"]);
        let outcome = launcher.command(project.marker()).run();
        outcome.exits_with(125).stderr_has("audit-exposed");
        assert!(!project.started() && !project.path("elsewhere").exists());
    }
    project.set_mode("audit.jsonl", 0o666);
    let launcher = project.launcher().args(["--env", "production"]);
    let outcome = launcher.command(project.marker()).run();
    outcome.exits_with(125).stderr_has("audit-exposed");
    assert!(!project.started());
}

#[test]
fn a_machine_that_stopped_in_the_middle_of_a_line_is_no_tampering() {
    let project = project();
    project.launcher().command(["true"]).run().exits_with(0);
    let mut text = fs::read(project.path("audit.jsonl")).expect("it is there");
    text.extend(br#"{"seq":5,"time":"2026-"#);
    project.write("audit.jsonl", text);
    let outcome = project.launcher().command(["true"]).run();
    outcome.exits_with(0).stderr_has("audit-partial-line");
    let report = verify(&project);
    assert_eq!(report["ok"], true);
    assert_eq!(report["remarks"][0]["kind"], "partial-line");
    assert_eq!(report["remarks"][0]["line"], 6);
}

#[test]
fn no_file_is_replaced_for_a_start_that_cannot_be_accounted_for() {
    let memory = tempfile::tempdir_in("/dev/shm").expect("there is memory");
    let token = memory.path().join("token.txt");
    let deliver = format!(
        "[secrets.TOKEN]\ndeliver = {{ file = \"{}\" }}",
        token.display()
    );
    let manifest = MANIFEST.replace("[secrets.TOKEN]", &deliver);
    let project = with(&manifest);
    let launcher = || project.launcher().args(["--env", "production"]);
    launcher().command(["true"]).run().exits_with(0);
    project.write("mounts/TOKEN", "dummy-token-of-later");
    // It can be opened when the run begins, and is no log when the launch is to be written.
    let log = fs::read(project.path("audit.jsonl")).expect("it is there");
    project.write("audit.jsonl", "no log\n");
    fs::remove_file(project.path("audit.jsonl.head")).expect("it is there");
    let outcome = launcher().command(["touch", "started"]).run();
    outcome.exits_with(125).stderr_has("audit-not-a-log");
    assert!(!project.path("started").exists());
    let delivered = || fs::read_to_string(&token).expect("it is there");
    assert_eq!(delivered(), TOKEN);
    fs::write(project.path("audit.jsonl"), log).expect("it can be written");
    launcher().command(["true"]).run().exits_with(0);
    assert_eq!(delivered(), "dummy-token-of-later");
}
