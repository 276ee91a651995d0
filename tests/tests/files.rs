//! Secrets as files, as Docker and Kubernetes mount them; and what is too large for a variable.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;

use secret_run_tests::{Outcome, Project};

/// The manifest of a project whose secrets are the files of `mounts`.
fn manifest(names: &str, entries: &str) -> String {
    format!(
        "version = 1\n[environments.development]\nbackend = \"mounts\"\n[backends.mounts]\n\
         kind = \"file\"\ndirectory = \"mounts\"\n{names}\n{entries}\n"
    )
}

fn project(entries: &str) -> Project {
    let project = Project::new();
    project
        .write("secrets.toml", manifest("", entries))
        .write("mounts/UNUSED", "x");
    project
}

/// The strings of the command's environment.
fn environ(outcome: &Outcome) -> Vec<&[u8]> {
    outcome.exits_with(0);
    outcome.stdout.split(|byte| *byte == 0).collect()
}

fn run(project: &Project) -> Outcome {
    project
        .launcher()
        .command(["cat", "/proc/self/environ"])
        .run()
}

#[track_caller]
fn refused(project: &Project, kind: &str) -> Outcome {
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem(kind);
    outcome.shows_no("dummy-value");
    assert!(!project.started());
    outcome
}

// Layouts.

#[test]
fn docker_secrets_have_names_in_lower_case() {
    let project = Project::new();
    let manifest = manifest(
        "names = \"lower-case\"",
        "[secrets.DATABASE_URL]\n[secrets.Api_Key]",
    );
    project
        .write("secrets.toml", manifest)
        .write("mounts/database_url", "dummy-value-1\n")
        .write("mounts/api_key", "dummy-value-2");
    let outcome = run(&project);
    let strings = environ(&outcome);
    assert!(
        strings.contains(&&b"DATABASE_URL=dummy-value-1"[..]),
        "{outcome:?}"
    );
    assert!(
        strings.contains(&&b"Api_Key=dummy-value-2"[..]),
        "{outcome:?}"
    );
}

#[test]
fn names_are_as_written_unless_the_manifest_says_otherwise() {
    let project = project("[secrets.A]\n[secrets.B]\nkey = \"sub/Mixed.Case-1\"");
    project
        .write("mounts/A", "dummy-value-a")
        .write("mounts/a", "dummy-wrong")
        .write("mounts/sub/Mixed.Case-1", "dummy-value-b");
    let outcome = run(&project);
    let strings = environ(&outcome);
    assert!(strings.contains(&&b"A=dummy-value-a"[..]), "{outcome:?}");
    assert!(strings.contains(&&b"B=dummy-value-b"[..]), "{outcome:?}");
}

#[test]
fn kubernetes_mounts_are_read_through_their_links() {
    let project = project("[secrets.A]\n[secrets.B]");
    project
        .write("mounts/..2026_01_01/A", "dummy-value-a")
        .write("mounts/..2026_01_01/B", "dummy-value-b\n");
    let link = |target: &str, name: &str| {
        symlink(target, project.path(name)).expect("a link can be made");
    };
    link("..2026_01_01", "mounts/..data");
    link("..data/A", "mounts/A");
    link("..data/B", "mounts/B");
    let outcome = run(&project);
    let strings = environ(&outcome);
    assert!(strings.contains(&&b"A=dummy-value-a"[..]), "{outcome:?}");
    assert!(strings.contains(&&b"B=dummy-value-b"[..]), "{outcome:?}");
}

#[test]
fn one_line_end_is_taken_away_and_no_more() {
    for (written, read) in [
        ("dummy", "dummy"),
        ("dummy\n", "dummy"),
        ("dummy\r\n", "dummy"),
        ("dummy\n\n", "dummy\n"),
        (" dummy ", " dummy "),
        ("one\ntwo\n", "one\ntwo"),
    ] {
        let project = project("[secrets.A]");
        project.write("mounts/A", written);
        let outcome = run(&project);
        let expected = format!("A={read}").into_bytes();
        assert!(
            environ(&outcome).contains(&&expected[..]),
            "{written:?}: {outcome:?}"
        );
    }
}

#[test]
fn any_bytes_arrive_as_they_are() {
    let project = project("[secrets.A]");
    let bytes: Vec<u8> = (1..=255).cycle().take(2000).collect();
    project.write("mounts/A", &bytes);
    let expected = [b"A=", &bytes[..]].concat();
    let outcome = run(&project);
    assert!(environ(&outcome).contains(&&expected[..]), "{outcome:?}");
}

// What is not read.

#[test]
fn a_missing_or_empty_file_is_a_missing_secret() {
    for content in [None, Some(""), Some("\n")] {
        let project = project("[secrets.A]");
        if let Some(content) = content {
            project.write("mounts/A", content);
        }
        let _ = refused(&project, "missing-value");
    }
}

#[test]
fn a_missing_folder_is_an_outage_and_not_a_missing_secret() {
    let project = Project::new();
    project.write(
        "secrets.toml",
        manifest("", "[secrets.A]\nrequired = false"),
    );
    let _ = refused(&project, "directory-missing");
}

#[test]
fn a_link_out_of_the_folder_is_refused() {
    let project = project("[secrets.A]");
    project.write("outside/A", "dummy-value-outside");
    let absolute = project.path("outside/A");
    for target in [OsStr::new("../outside/A"), absolute.as_os_str()] {
        let link = project.path("mounts/A");
        let _ = fs::remove_file(&link);
        symlink(target, &link).expect("a link can be made");
        let _ = refused(&project, "file-outside-directory");
    }
    // Nor a folder on the way.
    let project = self::project("[secrets.A]\nkey = \"sub/A\"");
    project.write("outside/A", "dummy-value-outside");
    symlink("../outside", project.path("mounts/sub")).expect("a link can be made");
    let _ = refused(&project, "file-outside-directory");
}

#[test]
fn a_path_that_leads_out_is_refused() {
    for key in ["../outside/A", "/etc/hostname", "sub/../../outside/A", "."] {
        let project = project(&format!("[secrets.A]\nkey = {key:?}"));
        project.write("outside/A", "dummy-value-outside");
        let outcome = project.launcher().command(project.marker()).run();
        outcome.exits_with(125).shows_no("dummy-value");
        assert!(!project.started(), "{key}");
    }
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let project = project("[secrets.A]");
    project.shell("mkfifo mounts/A").exits_with(0);
    let _ = refused(&project, "file-not-regular");
    project.shell("rm mounts/A; mkdir mounts/A").exits_with(0);
    let _ = refused(&project, "file-not-regular");
    project
        .shell("rmdir mounts/A; ln -s A mounts/A")
        .exits_with(0);
    let _ = refused(&project, "file-link-loop");
    project
        .shell("rm mounts/A; ln -s nothing mounts/A")
        .exits_with(0);
    let _ = refused(&project, "file-dangling-link");
}

#[test]
fn a_huge_file_is_refused() {
    let project = project("[secrets.A]");
    project.write("mounts/A", vec![b'x'; (1 << 20) + 1]);
    let _ = refused(&project, "file-too-large");
}

// What no variable can hold.

#[test]
fn a_value_over_the_kernels_limit_is_refused_with_the_advice_to_deliver_it_as_a_file() {
    let project = project("[secrets.A]");
    project.write("mounts/A", vec![b'x'; 128 * 1024]);
    let outcome = refused(&project, "environment-value-too-long");
    let hint = outcome.problem("environment-value-too-long")["hint"].to_string();
    assert!(hint.contains("deliver = \\\"file\\\""), "{hint}");
    outcome.shows_no("xxxx");
}

#[test]
fn the_largest_value_that_the_kernel_takes_is_accepted() {
    // With the name, `=` and a NUL it is 128 KiB exactly.
    let project = project("[secrets.A]");
    project.write("mounts/A", vec![b'x'; 128 * 1024 - 3]);
    assert!(
        environ(&run(&project))
            .iter()
            .any(|string| string.len() == 128 * 1024 - 1)
    );
    project.write("mounts/A", vec![b'x'; 128 * 1024 - 2]);
    let _ = refused(&project, "environment-value-too-long");
}

#[test]
fn a_value_over_the_kernels_limit_is_delivered_as_a_file() {
    let project = project("[secrets.A]\ndeliver = \"file\"");
    let value: Vec<u8> = (0..=255).cycle().take(300 * 1024).collect();
    project.write("mounts/A", &value);
    let outcome = project
        .launcher()
        .command(["sh", "-c", "cat \"$A_FILE\""])
        .run();
    assert!(
        outcome.exits_with(0).stdout == value,
        "the file is not exact"
    );
}

#[test]
fn a_nul_is_refused_in_a_variable_and_fine_in_a_file() {
    let project = project("[secrets.A]");
    project.write("mounts/A", b"dummy-value\0rest");
    let outcome = refused(&project, "environment-nul");
    let hint = outcome.problem("environment-nul")["hint"].to_string();
    assert!(hint.contains("deliver = \\\"file\\\""), "{hint}");
    project.write(
        "secrets.toml",
        manifest("", "[secrets.A]\ndeliver = \"file\""),
    );
    let outcome = project
        .launcher()
        .command(["sh", "-c", "cat \"$A_FILE\""])
        .run();
    assert_eq!(outcome.exits_with(0).stdout, b"dummy-value\0rest");
}

#[test]
fn an_environment_that_is_too_large_in_all_is_refused_before_the_start() {
    let entries: String = (0..80).map(|n| format!("[secrets.A{n}]\n")).collect();
    let project = project(&entries);
    for n in 0..80 {
        project.write(&format!("mounts/A{n}"), vec![b'x'; 100 * 1024]);
    }
    let outcome = refused(&project, "environment-too-large");
    let problem = outcome.problem("environment-too-large");
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(message.contains("A10 101 KiB"), "{message}");
    assert!(problem["hint"].to_string().contains("deliver"), "{problem}");
}

#[test]
fn what_is_inherited_counts_and_is_told_by_its_name() {
    let project = project("[secrets.A]");
    project.write("mounts/A", vec![b'x'; 100 * 1024]);
    // A quarter of the stack: the launcher starts, but with the secret it is too much.
    let script = "BIG=$(head -c 120000 /dev/zero | tr '\\0' x); export BIG; ulimit -S -s 768; \
        $L --error-format json -- true";
    let outcome = project.shell(script);
    let problem = outcome.exits_with(125).problem("environment-too-large");
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(message.contains("BIG 118 KiB, A 101 KiB"), "{message}");
    outcome.shows_no("xxxx");
}
