//! The file of a cache, against those who find it, change it, or come at the same time.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::unistd::geteuid;
use secret_run_tests::cached::Cached;
use secret_run_tests::{Launcher, OpenBao, Outcome, Quality, binary, program};
use serde_json::json;

const NEXT: &str = "q7zk-72e1-of-vault";

/// A run that gets its value from the server, and says this kind of problem once.
#[track_caller]
fn warned(cached: &Cached, kind: &str) -> Outcome {
    let outcome = cached.run();
    assert_eq!(outcome.variables(&["TOKEN"]), [Cached::VALUE]);
    let problems = outcome.problems();
    assert_eq!(problems.len(), 1, "{outcome:?}");
    assert_eq!(problems[0]["kind"], kind, "{outcome:?}");
    assert_eq!(problems[0]["severity"], "warning");
    assert_eq!(cached.last_access().0, "ok");
    outcome
}

#[test]
fn nothing_of_it_can_be_read_without_the_key() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    let file = cached.file();
    let bytes = fs::read(&file).expect("the cache can be read");
    for text in [Cached::VALUE, "TOKEN", "vault", OpenBao::ROOT] {
        let mut windows = bytes.windows(text.len());
        assert!(!windows.any(|window| window == text.as_bytes()), "{text}");
    }
    for (path, mode) in [
        (file.as_path(), 0o100_600),
        (&cached.project.path("cache.key"), 0o100_600),
        (&cached.project.path("run/secret-run"), 0o40_700),
    ] {
        let metadata = path.symlink_metadata().expect("it is there");
        assert_eq!(metadata.mode(), mode, "{}", path.display());
    }
    // With another key it is none, which is said once, and it is replaced.
    fs::write(cached.project.path("cache.key"), [7; 32]).expect("the key can be changed");
    warned(&cached, "cache-unreadable");
    cached.gets(Cached::VALUE);
    cached.down();
    cached.gets(Cached::VALUE);
}

#[test]
fn another_identity_and_another_plan_get_nothing() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    let token = cached.bao.token("path \"*\" { capabilities = [\"read\"] }");
    cached.down();
    let refused = |launcher: Launcher<'_>| {
        let outcome = launcher.command(cached.project.marker()).run();
        outcome.exits_with(125).shows_no(Cached::VALUE);
        assert!(!cached.project.started());
    };
    refused(cached.as_whom(&token));
    refused(cached.launcher().env("VAULT_NAMESPACE", "team"));
    // Who may has it all the same.
    cached.gets(Cached::VALUE);
    let manifest = fs::read_to_string(cached.project.path("secrets.toml"));
    let manifest = manifest.expect("there is a manifest") + "[config.LEVEL]\ndefault = \"low\"\n";
    cached.project.write("secrets.toml", manifest);
    refused(cached.launcher());
}

#[test]
fn another_user_gets_nothing() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    let launcher = cached.project.path("secret-run");
    fs::copy(binary("secret-run"), &launcher).expect("the launcher can be copied");
    for (name, mode) in [("", 0o755), ("secrets.toml", 0o644), ("secret-run", 0o755)] {
        cached.project.set_mode(name, mode);
    }
    fs::write(cached.project.path("audit.jsonl"), "").expect("the log can be emptied");
    let wrapper: &[&str] = match geteuid().is_root() {
        true => &[
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ],
        // In a namespace of its own, to which files of ours belong to nobody.
        false => &["unshare", "--user"],
    };
    let file = program(wrapper[0]).expect("this test needs `setpriv` or `unshare`");
    let run = || {
        let launcher = Launcher::of(&cached.project, &file).args(&wrapper[1..]);
        let launcher = launcher.args(["./secret-run"]);
        cached.dress(launcher).args(["check"]).run()
    };
    // A folder of root is no folder to keep anything in, and what is sealed is sealed for its user.
    cached.down();
    let outcome = run();
    outcome.exits_with(125).shows_no(Cached::VALUE);
    let kind = match geteuid().is_root() {
        true => "cache-exposed",
        false => "cache-unreadable",
    };
    outcome.stderr_has(kind);
}

#[test]
fn what_is_changed_or_torn_is_no_cache_which_is_said_once() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    let file = cached.file();
    let whole = fs::read(&file).expect("the cache can be read");
    let mut damaged: Vec<Vec<u8>> = (0..8)
        .map(|part| {
            let mut bytes = whole.clone();
            let at = (whole.len() - 1) * part / 7;
            bytes[at] ^= 1 << part;
            bytes
        })
        .collect();
    damaged.extend([Vec::new(), whole[..whole.len() / 2].to_vec(), vec![0; 64]]);
    damaged.push([&whole[..], b"more"].concat());
    for bytes in damaged {
        fs::write(&file, bytes).expect("the cache can be damaged");
        warned(&cached, "cache-unreadable");
        cached.gets(Cached::VALUE);
        assert_eq!(cached.last_access().0, "cached");
    }
}

#[test]
fn a_folder_or_file_that_others_can_get_at_is_refused() {
    let cached = Cached::new("");
    cached.gets(Cached::VALUE);
    let folder = cached.project.path("run/secret-run");
    let set = |path: &Path, mode| {
        let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
        set.expect("modes can be set");
    };
    for (path, bad, good) in [
        (&folder, 0o750, 0o700),
        (&cached.file(), 0o644, 0o600),
        (&cached.project.path("cache.key"), 0o640, 0o600),
        (&cached.project.path("run"), 0o777, 0o755),
    ] {
        set(path, bad);
        warned(&cached, "cache-exposed");
        set(path, good);
        cached.gets(Cached::VALUE);
    }
    // A link, even to what would be right.
    let elsewhere = cached.project.path("elsewhere");
    fs::rename(&folder, &elsewhere).expect("the folder can be moved");
    symlink(&elsewhere, &folder).expect("a link can be made");
    warned(&cached, "cache-exposed");
    fs::remove_file(&folder).expect("the link can be removed");
    fs::rename(&elsewhere, &folder).expect("the folder can be moved");
    let file = cached.file();
    let moved = cached.project.path("moved");
    fs::rename(&file, &moved).expect("the cache can be moved");
    symlink(&moved, &file).expect("a link can be made");
    warned(&cached, "cache-exposed");
}

#[test]
fn fifty_starts_at_once_leave_one_good_cache() {
    let cached = Cached::new("");
    let children: Vec<Child> = (0..50).map(|_| spawn(&cached)).collect();
    for child in children {
        let output = child.wait_with_output().expect("a child can be waited for");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            Cached::VALUE
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    // One file, and nothing that was left behind.
    let _ = cached.file();
    cached.down();
    cached.gets(Cached::VALUE);
}

#[test]
fn a_start_that_takes_long_brings_nothing_back_that_another_has_replaced() {
    // The second is soon asked for again.
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
         [secrets.OTHER]\nkey = \"secret/app/OTHER\"\ncache = \"2s\"\n",
    );
    let other = json!({ "value": "q7zk-75e1-of-vault" });
    cached.bao.put("app/OTHER", &other);
    cached.gets(Cached::VALUE);
    sleep(Duration::from_millis(2100));
    // It has the first from the cache, and waits for the second.
    cached.link.change(Quality {
        round_trip: Duration::from_secs(2),
        fault: None,
    });
    let before = cached.link.connections();
    let mut slow = spawn(&cached);
    while cached.link.connections() == before {
        sleep(Duration::from_millis(5));
    }
    cached.up();
    cached.put(NEXT);
    cached.launcher().args(["check"]).run().exits_with(0);
    let ended = slow.try_wait().expect("a child can be waited for");
    assert!(ended.is_none(), "it was not slow");
    let output = slow.wait_with_output().expect("a child can be waited for");
    assert!(output.status.success(), "{output:?}");
    cached.gets(NEXT);
}

#[test]
fn a_launcher_that_is_killed_leaves_the_old_cache_or_the_new_one() {
    let cached = Cached::new("ttl = \"1s\"");
    cached.gets(Cached::VALUE);
    for delay in 0..40 {
        // Some read anew and write, and some do not come so far.
        if delay % 10 == 0 {
            sleep(Duration::from_millis(1100));
        }
        let mut child = spawn(&cached);
        sleep(Duration::from_millis(delay * 2));
        // It may have ended.
        let _ = child.kill();
        child.wait().expect("a child can be waited for");
        let status = cached.status();
        assert_eq!(status["entries"][0]["name"], "TOKEN", "{status}");
    }
    cached.down();
    let outcome = cached.run();
    assert_eq!(outcome.variables(&["TOKEN"]), [Cached::VALUE]);
}

#[test]
fn the_key_is_in_the_keyring_of_the_kernel_or_nothing_is_kept_which_is_said() {
    let cached = Cached::with(
        "[cache]\nacross-starts = \"keyring\"\n[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    let outcome = cached.run();
    assert_eq!(outcome.variables(&["TOKEN"]), [Cached::VALUE]);
    if outcome.stderr().is_empty() {
        let _ = cached.file();
        cached.down();
        cached.gets(Cached::VALUE);
        return;
    }
    // Many containers forbid it.
    let problem = outcome.problem("cache-unavailable");
    assert_eq!(problem["severity"], "warning");
    assert_eq!(cached.files().len(), 0);
}

#[test]
fn without_a_folder_nothing_is_kept_which_is_said() {
    let cached = Cached::new("");
    let missing = cached.project.path("secrets.toml");
    let launcher = cached.launcher().env("XDG_RUNTIME_DIR", &missing);
    let outcome = launcher.command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [Cached::VALUE]);
    let problem = outcome.problem("cache-unusable");
    assert_eq!(problem["severity"], "warning");
}

fn spawn(cached: &Cached) -> Child {
    let mut command = cached
        .launcher()
        .command(["printenv", "TOKEN"])
        .into_command();
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().expect("the launcher can be started")
}
