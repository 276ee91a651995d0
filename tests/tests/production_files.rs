//! In production a file of secrets is nobody else's, and holds no placeholder.

use secret_run_tests::Project;

const MOUNTED: &str = "version = 1\n[environments.development]\nbackend = \"mounts\"\n\
    [environments.production]\nbackend = \"mounts\"\n\
    [backends.mounts]\nkind = \"file\"\ndirectory = \"mounts\"\n[secrets.TOKEN]\n";

fn mounted(value: &str, mode: u32) -> Project {
    let project = Project::new();
    project
        .write("secrets.toml", MOUNTED)
        .write("mounts/TOKEN", value)
        .set_mode("mounts", 0o755)
        .set_mode("mounts/TOKEN", mode);
    project
}

#[test]
fn a_file_that_only_its_owner_reads_is_fine_in_production() {
    let project = mounted("dummy-8dc2-of-the-mount", 0o400);
    let launcher = project.launcher().env("NODE_ENV", "production");
    let outcome = launcher.command(["printenv", "TOKEN"]).run();
    outcome
        .exits_with(0)
        .stdout_has("dummy-8dc2-of-the-mount\n");
    assert_eq!(outcome.stderr(), "");
}

#[test]
fn a_file_that_others_read_is_a_warning_in_development() {
    let project = mounted("dummy-8dc2-of-the-mount", 0o444);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(["printenv", "TOKEN"]).run();
    outcome
        .exits_with(0)
        .stdout_has("dummy-8dc2-of-the-mount\n");
    let problem = outcome.problem("file-readable-by-others");
    assert_eq!(problem["severity"], "warning");
    assert_eq!(problem["secret"], "TOKEN");
    outcome.stderr_has_no("dummy-8dc2");
}

#[test]
fn a_file_that_others_read_is_refused_in_production() {
    let project = mounted("dummy-8dc2-of-the-mount", 0o444);
    let launcher = project.launcher().env("NODE_ENV", "production");
    let launcher = launcher.args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("file-readable-by-others");
    assert_eq!(problem["severity"], "error");
    outcome.shows_no("dummy-8dc2");
    assert!(!project.started());
}

#[test]
fn a_file_or_folder_that_others_write_is_refused_in_production() {
    for (name, mode) in [("mounts/TOKEN", 0o602), ("mounts", 0o777)] {
        let project = mounted("dummy-8dc2-of-the-mount", 0o400);
        project.set_mode(name, mode);
        let launcher = project.launcher().env("NODE_ENV", "production");
        let launcher = launcher.args(["--error-format", "json"]);
        let outcome = launcher.command(project.marker()).run();
        let _ = outcome.exits_with(125).problem("file-writable-by-others");
        assert!(!project.started(), "{name}");
    }
}

#[test]
fn a_folder_on_the_way_to_a_file_that_others_write_is_refused_in_production() {
    for linked in [false, true] {
        let project = mounted("dummy-8dc2-of-the-mount", 0o400);
        let manifest = match linked {
            true => MOUNTED.to_owned(),
            false => format!("{MOUNTED}key = \"sub/TOKEN\"\n"),
        };
        project
            .write("secrets.toml", manifest)
            .write("mounts/sub/TOKEN", "dummy-8dc2-of-the-mount")
            .set_mode("mounts/sub/TOKEN", 0o400);
        if linked {
            let link = project.path("mounts/TOKEN");
            std::fs::remove_file(&link).expect("it was written");
            std::os::unix::fs::symlink("sub/TOKEN", link).expect("its name is free");
        }
        for (mode, refused) in [(0o755, false), (0o777, true), (0o1777, true)] {
            project.set_mode("mounts/sub", mode);
            let launcher = project.launcher().env("NODE_ENV", "production");
            let launcher = launcher.args(["--error-format", "json"]);
            let outcome = launcher.command(["printenv", "TOKEN"]).run();
            if !refused {
                outcome.exits_with(0).stdout_has("dummy-8dc2-of-the-mount");
                continue;
            }
            let problem = outcome.exits_with(125).problem("file-writable-by-others");
            let message = problem["message"].as_str().unwrap_or_default();
            assert!(message.contains("mounts/sub` can be changed"), "{message}");
            outcome.shows_no("dummy-8dc2");
        }
    }
}

#[test]
fn a_placeholder_is_refused_in_production_and_only_there() {
    for value in [
        "changeme",
        "your_secure_password",
        "REPLACE_WITH_A_REAL_ONE",
    ] {
        let project = mounted(value, 0o400);
        let development = project.launcher().command(["printenv", "TOKEN"]).run();
        development.exits_with(0).stdout_has(value);

        let launcher = project.launcher().env("NODE_ENV", "production");
        let launcher = launcher.args(["--error-format", "json"]);
        let outcome = launcher.command(project.marker()).run();
        let problem = outcome.exits_with(125).problem("invalid-value");
        let code = problem["code"].as_str().unwrap_or_default();
        assert!(code.starts_with("not-placeholder/"), "{code}");
        assert_eq!(problem["secret"], "TOKEN");
        outcome.shows_no(value);
        assert!(!project.started(), "{value}");
    }
}
