//! The audit log of real launches: who read what is in it, before the command runs; and a production
//! that cannot be accounted for does not start.

use std::fs;
use std::os::unix::net::UnixDatagram;

use secret_run_tests::{OpenBao, Trace, VaultProject};
use serde_json::Value;

use secret_run_tests::audited::{MANIFEST, TOKEN, audit, events, found, lines, project, with};

const ARGUMENT: &str = "dummy-argument-77e0";

#[test]
fn a_launch_and_what_it_read_are_written_before_the_command_runs() {
    let project = project();
    // The command is who reads the log.
    let launcher = project.launcher().command(["cat", "audit.jsonl"]);
    let outcome = launcher.run();
    let text = outcome.exits_with(0).stdout();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(lines[0]["event"], "file");
    let accesses = events(&lines, "access");
    let of = |name: &str| accesses.iter().find(|line| line["secret"] == name);
    let token = of("TOKEN").expect("TOKEN was read");
    assert_eq!(token["outcome"], "ok");
    assert_eq!(token["backend"], "env");
    assert_eq!(token["class"], "secret");
    assert!(token["ms"].as_f64().is_some_and(|ms| ms >= 0.0));
    assert_eq!(
        of("SPARE").expect("SPARE was looked for")["outcome"],
        "absent"
    );
    assert_eq!(
        of("LEVEL").expect("LEVEL was looked for")["class"],
        "config"
    );
    let launch = lines.last().expect("there are lines");
    assert_eq!(launch["event"], "launch");
    assert_eq!(launch["secrets"], 1);
    let program = launch["program"].as_str().expect("a program");
    assert!(program.ends_with("/cat"), "{program}");
    for line in &lines {
        assert_eq!(line["run"], launch["run"]);
        assert_eq!(line["environment"], "development");
        assert_eq!(line["project"], "shop");
        assert_eq!(line["uid"], nix::unistd::geteuid().as_raw());
        assert!(line["host"].is_string());
    }
    assert_eq!(found(&project), [""; 0]);
}

#[test]
fn it_is_on_the_disk_before_the_command_is_executed() {
    let project = project();
    let trace = Trace::of_calls(
        &project,
        "execve,fdatasync,write,openat,flock",
        |launcher| launcher.command(["true"]),
    );
    trace.outcome.exits_with(0);
    let synced = trace
        .first("fdatasync(")
        .expect("it is brought to the disk");
    let written = trace.first("launch").expect("it is written");
    let executed = trace.first("execve(\"/usr/bin/true\"");
    let executed = executed.or_else(|| trace.first("execve(\"/bin/true\""));
    assert!(written < synced, "{trace:#?}");
    assert!(
        synced < executed.expect("the command is executed"),
        "{trace:#?}"
    );
    // All lines of a run are one write.
    assert_eq!(trace.count("\\\"event\\\":\\\""), 1, "{trace:#?}");
}

#[test]
fn without_a_word_in_the_manifest_nothing_is_written_or_asked_of_the_machine() {
    let project = with(&MANIFEST.replace("[audit]\ndestination = \"audit.jsonl\"\n", ""));
    let trace = Trace::of_calls(
        &project,
        "openat,fdatasync,flock,getrandom,execve",
        |launcher| launcher.command(["true"]),
    );
    trace.outcome.exits_with(0);
    assert_eq!(trace.count("fdatasync"), 0);
    for untouched in ["audit.jsonl", "passwd", "hostname", "cgroup"] {
        trace.leaves_alone(untouched);
    }
    assert!(!project.path("audit.jsonl").exists());
}

#[test]
fn what_cannot_be_written_to_a_closed_standard_error_is_not_lost_in_silence() {
    let to_stderr = MANIFEST.replace("\"audit.jsonl\"\n", "\"stderr\"\nrequired = true\n");
    let project = with(&to_stderr);
    for options in ["", "--watch"] {
        let marker = project.marker().join(" ");
        let run = |redirected| project.shell(&format!("\"$L\" {options} -- {marker} {redirected}"));
        run("2>&-").exits_with(125);
        assert!(!project.started(), "{options}");
        // Who sends it away means that.
        run("2>/dev/null").exits_with(0);
        assert!(project.started(), "{options}");
        fs::remove_file(project.path(project.marker()[1])).expect("it was made");
    }
    project.write("secrets.toml", to_stderr.replace("= true", "= false"));
    let outcome = project.shell("\"$L\" -- sh -c 'echo started' 2>&-");
    assert_eq!(outcome.exits_with(0).stdout(), "started\n");
}

#[test]
fn no_value_and_no_argument_is_in_it() {
    let project = project();
    let launcher = project.launcher();
    launcher.command(["true", ARGUMENT]).run().exits_with(0);
    project.write(".env", "TOKEN=dummy-changed-91c4\n");
    project.launcher().args(["check"]).run().exits_with(0);
    for file in ["audit.jsonl", "audit.jsonl.head"] {
        let text = fs::read_to_string(project.path(file)).expect("it is there");
        for value in [TOKEN, ARGUMENT, "dummy-changed-91c4", "low"] {
            assert!(
                !text.contains(&format!("\"{value}")),
                "{file} has {value}: {text}"
            );
        }
        for value in [TOKEN, ARGUMENT, "dummy-changed-91c4"] {
            for part in value.as_bytes().windows(10) {
                let part = String::from_utf8_lossy(part);
                assert!(!text.contains(part.as_ref()), "{file} has {part}: {text}");
            }
        }
    }
    audit(&project, &["show"])
        .exits_with(0)
        .shows_no_part_of(TOKEN, 10);
    let lines = audit(&project, &["show", "--json"]);
    lines.exits_with(0).shows_no_part_of(TOKEN, 10);
    // As other reports have it.
    let same = audit(&project, &["show", "--format", "json"]);
    assert_eq!(same.exits_with(0).stdout(), lines.stdout());
}

#[test]
fn a_production_that_cannot_be_accounted_for_does_not_start() {
    let unwritable = MANIFEST.replace("audit.jsonl", "no-such-folder/audit.jsonl");
    let project = with(&unwritable);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let trace = Trace::of(&project, |launcher| {
        launcher
            .args(["--env", "production", "--error-format", "json"])
            .command(project.marker())
    });
    trace.outcome.exits_with(125);
    assert_eq!(
        trace.outcome.problem("audit-unwritable")["severity"],
        "error"
    );
    assert!(!project.started());
    // Nothing was read that could not have been written down.
    trace.leaves_alone("mounts");
    // A development starts, and says it once.
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(0).problem("audit-unwritable");
    assert_eq!(problem["severity"], "warning");
    assert!(project.started());
}

#[test]
fn the_manifest_decides_whether_a_launch_needs_its_audit() {
    for (required, environment, code) in [("true", "development", 125), ("false", "production", 0)]
    {
        let audit = format!("no-such-folder/audit.jsonl\"\nrequired = {required}");
        let project = with(&MANIFEST.replace("audit.jsonl\"", &audit));
        let launcher = project.launcher().args(["--env", environment]);
        let outcome = launcher.command(project.marker()).run();
        outcome.exits_with(code).stderr_has("audit-unwritable");
        assert_eq!(project.started(), code == 0);
    }
}

#[test]
fn what_refuses_a_run_is_written_down() {
    let project = project();
    let production = ["--env", "production", "--backend", "env"];
    let launcher = project.launcher().args(production);
    launcher.command(["true"]).run().exits_with(125);
    project.write(".env", "");
    project.launcher().command(["true"]).run().exits_with(125);
    project.write(".env", format!("TOKEN={TOKEN}\n"));
    project
        .launcher()
        .command(["no-such-command"])
        .run()
        .exits_with(127);
    let lines = lines(&project, "audit.jsonl");
    let refused: Vec<_> = events(&lines, "refused")
        .iter()
        .map(|line| (line["stage"].clone(), line["error"].clone()))
        .collect();
    let expected = [
        ("policy", "production-env-backend"),
        ("values", "missing-value"),
        ("start", "command-not-found"),
    ];
    assert_eq!(
        refused,
        expected.map(|(stage, error)| (stage.into(), error.into()))
    );
    assert_eq!(events(&lines, "refused")[1]["secret"], "TOKEN");
    assert!(events(&lines, "launch").is_empty());
    // What was refused by the policy read nothing.
    let first = &lines[1]["run"];
    assert!(
        events(&lines, "access")
            .iter()
            .all(|line| line["run"] != *first)
    );
    assert_eq!(found(&project), [""; 0]);
}

#[test]
fn a_check_that_reads_is_written_down_and_one_that_does_not_is_not() {
    let project = project();
    project
        .launcher()
        .args(["check", "--offline"])
        .run()
        .exits_with(0);
    project.launcher().args(["plan"]).run().exits_with(0);
    assert!(!project.path("audit.jsonl").exists());
    project.launcher().args(["check"]).run().exits_with(0);
    let lines = lines(&project, "audit.jsonl");
    let accesses = events(&lines, "access");
    assert_eq!(accesses.len(), 3);
    assert!(accesses.iter().all(|line| line["task"] == "check"));
    assert!(events(&lines, "launch").is_empty());
}

#[test]
fn a_backend_that_fails_is_told_from_one_that_has_nothing() {
    let project = with(&MANIFEST.replace("directory = \"mounts\"", "directory = \"gone\""));
    let launcher = project.launcher().args(["--env", "production"]);
    launcher.command(["true"]).run().exits_with(125);
    let lines = lines(&project, "audit.jsonl");
    let accesses = events(&lines, "access");
    let token = accesses.iter().find(|line| line["secret"] == "TOKEN");
    let token = token.expect("TOKEN was asked for");
    assert_eq!(token["outcome"], "failed");
    assert_eq!(token["error"], "directory-missing");
    assert_eq!(token["backend"], "mounts");
}

#[test]
fn standard_error_gets_lines_of_json() {
    let project = with(&MANIFEST.replace("audit.jsonl", "stderr"));
    let outcome = project.launcher().command(["true"]).run();
    let lines = outcome.exits_with(0).problems();
    assert_eq!(events(&lines, "access").len(), 3);
    assert_eq!(events(&lines, "launch").len(), 1);
    outcome.shows_no_part_of(TOKEN, 10);
    assert!(!project.path("stderr").exists());
    let outcome = audit(&project, &["verify"]);
    outcome.exits_with(125).stderr_has("audit-no-file");
}

/// The words before the launcher with which a folder of the project takes the place of one of
/// the machine, for the launcher alone.
fn in_place_of(folder: &str) -> Vec<String> {
    let as_user: &[&str] = &["--user", "--map-root-user"];
    let needed = if nix::unistd::geteuid().is_root() {
        &[]
    } else {
        as_user
    };
    let bind = format!("mount --bind \"$PWD{folder}\" {folder} && exec \"$@\"");
    let words = [&["unshare"], needed, &["--mount", "sh", "-c", &bind, "sh"]].concat();
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_daemon_hears_who_read_what_before_the_command_runs() {
    for (destination, folder, socket) in [
        ("syslog", "/dev", "dev/log"),
        ("journald", "/run", "run/systemd/journal/socket"),
    ] {
        let project = with(&MANIFEST.replace("audit.jsonl", destination));
        let path = project.path(socket);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
        let daemon = UnixDatagram::bind(&path).expect("a socket can be made");
        daemon.set_nonblocking(true).expect("it need not wait");
        let launcher = project.launcher_under(&in_place_of(folder));
        let launcher = launcher.args(["--env", "production"]);
        let outcome = launcher.command(project.marker()).run();
        outcome.exits_with(0);
        assert_eq!(outcome.stderr(), "");
        let mut heard = Vec::new();
        let mut datagram = vec![0; 64 << 10];
        while let Ok(length) = daemon.recv(&mut datagram) {
            heard.push(String::from_utf8_lossy(&datagram[..length]).into_owned());
        }
        // TOKEN and SPARE were asked for, and the command was launched.
        assert_eq!(heard.len(), 3, "{heard:?}");
        assert!(heard[0].contains("\"secret\":\"TOKEN\""), "{heard:?}");
        assert!(heard[2].contains("\"event\":\"launch\""), "{heard:?}");
        assert!(heard.iter().all(|text| !text.contains(TOKEN)));
        let start = if destination == "syslog" {
            "<86>secret-run["
        } else {
            "PRIORITY=6\n"
        };
        assert!(
            heard.iter().all(|text| text.starts_with(start)),
            "{heard:?}"
        );
    }
}

#[test]
fn a_vault_that_denies_is_told_from_one_that_gives_and_versions_are_there() {
    const BACKEND: &str = "mount = \"secret\"";
    const ENTRIES: &str = "[audit]\ndestination = \"audit.jsonl\"\n\
        [secrets.TOKEN]\nkey = \"app#token\"\n[secrets.SPARE]\nkey = \"none\"\nrequired = false\n";
    let bao = OpenBao::start();
    for value in ["dummy-before", TOKEN] {
        bao.put("app", &serde_json::json!({ "token": value }));
    }
    let project = VaultProject::new(BACKEND, ENTRIES);
    let launcher = project.launcher(&bao);
    launcher.command(["true"]).run().exits_with(0);
    let other = bao.token("path \"secret/data/other\" { capabilities = [\"read\"] }");
    let launcher = project.stranger(&bao).env("VAULT_TOKEN", &other);
    launcher.command(["true"]).run().exits_with(125);
    let lines = lines(&project, "audit.jsonl");
    let of_token: Vec<&Value> = events(&lines, "access")
        .into_iter()
        .filter(|line| line["secret"] == "TOKEN")
        .collect();
    assert_eq!(of_token.len(), 2);
    assert_eq!(of_token[0]["outcome"], "ok");
    assert_eq!(of_token[0]["version"], "2");
    assert_eq!(of_token[0]["backend-kind"], "vault");
    assert_eq!(of_token[1]["outcome"], "denied");
    assert_eq!(of_token[1]["error"], "vault-permission-denied");
    let text = fs::read_to_string(project.path("audit.jsonl")).expect("it is there");
    for hidden in [TOKEN, "dummy-before", other.as_str(), OpenBao::ROOT] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}

#[test]
fn a_daemon_that_is_missing_stops_production_alone() {
    for daemon in ["syslog", "journald"] {
        let project = with(&MANIFEST.replace("audit.jsonl", daemon));
        // A mount namespace of its own hides the daemon that this machine may have.
        let as_user: &[&str] = &["--user", "--map-root-user"];
        let needed = if nix::unistd::geteuid().is_root() {
            &[]
        } else {
            as_user
        };
        let hide = "mount -t tmpfs none /run && mount -t tmpfs none /dev && exec \"$@\"";
        let wrapper = [&["unshare"], needed, &["--mount", "sh", "-c", hide, "sh"]].concat();
        for (environment, code) in [("production", 125), ("development", 0)] {
            let launcher = project
                .launcher_under(&wrapper)
                .args(["--env", environment]);
            let outcome = launcher.command(project.marker()).run();
            outcome.exits_with(code).stderr_has("audit-unwritable");
            assert_eq!(project.started(), code == 0);
        }
    }
}

#[test]
fn what_is_shown_is_what_was_asked_for() {
    let project = project();
    project.launcher().command(["true"]).run().exits_with(0);
    let launcher = project.launcher().args(["--env", "production"]);
    launcher.command(["true"]).run().exits_with(0);
    let show = |words: &[&str]| {
        let outcome = audit(&project, &[&["show", "--json"], words].concat());
        let text = outcome.exits_with(0).stdout();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"))
            .collect::<Vec<_>>()
    };
    let all = show(&[]);
    assert!(all.len() > 6, "{all:?}");
    let tokens = show(&["--secret", "TOKEN"]);
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|line| line["secret"] == "TOKEN"));
    let absent = show(&["--outcome", "absent", "--environment", "production"]);
    assert_eq!(absent.len(), 1);
    assert_eq!(absent[0]["secret"], "SPARE");
    let run = tokens[1]["run"].as_str().expect("a run");
    let of_run = show(&["--run", &run[..8]]);
    assert!(of_run.iter().all(|line| line["run"] == run));
    assert_eq!(of_run.last().expect("a launch")["event"], "launch");
    assert_eq!(show(&["--since", "1h"]), all);
    assert_eq!(show(&["--since", "2000-01-01T00:00:00Z"]), all);
    assert!(show(&["--since", "2999-01-01T00:00:00Z"]).is_empty());
    let outcome = audit(&project, &["show", "--since", "yesterday"]);
    outcome.exits_with(125).stderr_has("24h");
    let outcome = audit(&project, &["show", "--outcome", "ok"]);
    outcome
        .exits_with(0)
        .stdout_has("TOKEN")
        .stdout_has("production");
    assert!(!outcome.stdout().contains("SPARE"));
}
