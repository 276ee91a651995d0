//! What is left of a launcher that is killed: no file, and no token or lease that does not end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_run_tests::{
    Checkpoint, Launcher, Leasing, OpenBao, Response, SecretServer, VaultProject,
};
use serde_json::json;

/// How long the tokens of the role are good, in seconds.
const TTL: u64 = 4;
const SECRET: &str = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\ndeliver = \"file\"\n";
const USER: &str = "[secrets.DB_USER]\nkey = \"database/creds/app#username\"\n\
                    [secrets.DB_PASSWORD]\nkey = \"database/creds/app#password\"\n";
/// Where programs put files for a time.
const FOLDERS: [&str; 5] = [
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
];

/// A project, with a server whose tokens end soon.
struct Scene {
    leasing: Leasing,
    project: VaultProject,
    /// The tokens that no launcher made.
    before: BTreeSet<String>,
    files: BTreeSet<PathBuf>,
}

impl Scene {
    fn new(entries: &str) -> Self {
        let leasing = Leasing::start(json!({ "token_ttl": TTL }));
        let project = VaultProject::new("", entries);
        for folder in FOLDERS {
            project.write(&format!("{folder}/.keep"), "");
        }
        Self {
            before: leasing.bao.tokens().into_iter().collect(),
            files: files(project.folder()),
            leasing,
            project,
        }
    }

    /// A launcher of a command that does nothing.
    fn launcher(&self, address: &str) -> Launcher<'_> {
        let launcher = self.leasing.launcher_to(&self.project, address);
        let folders = FOLDERS.into_iter();
        let launcher = folders.fold(launcher, |launcher, name| {
            launcher.env(name, self.project.path(name))
        });
        launcher.command(["true"])
    }

    /// How many tokens of launchers there are. Each of them ends by itself, and soon.
    fn tokens(&self) -> usize {
        let bao = &self.leasing.bao;
        let tokens = bao.tokens().into_iter();
        let ours = tokens.filter(|accessor| !self.before.contains(accessor));
        ours.filter(|accessor| {
            let body = json!({ "accessor": accessor });
            let found = bao.ask("POST", "auth/token/lookup-accessor", OpenBao::ROOT, &body);
            // It may have ended since it was listed.
            if found.status != 200 {
                return false;
            }
            let found: serde_json::Value =
                serde_json::from_str(found.text()).expect("OpenBao answers in JSON");
            let ttl = found["data"]["ttl"].as_u64().expect("a token has a TTL");
            let ends = found["data"]["expire_time"].is_string();
            assert!(ends && ttl <= TTL, "a token that stays: {found}");
            true
        })
        .count()
    }

    /// Nothing is left, now or when the time of tokens is over.
    fn is_left_clean(&self) {
        assert_eq!(files(self.project.folder()), self.files);
        let start = Instant::now();
        while self.tokens() > 0 || self.leasing.bao.leases() > 0 {
            let waited = start.elapsed();
            assert!(waited < Duration::from_secs(60), "a token or a lease stays");
            sleep(Duration::from_millis(50));
        }
    }
}

/// All files and folders in a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder can be listed");
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.insert(path);
    }
    found
}

fn start(launcher: Launcher<'_>) -> Child {
    let mut command = launcher.into_command();
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the launcher can be started")
}

/// Kills a launcher as soon as `checkpoint` holds something of it. Answers whether it was killed;
/// else it went its whole way.
fn kill_when_held(mut child: Child, checkpoint: &Checkpoint) -> bool {
    while !checkpoint.holds() {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            assert!(status.success(), "{status}");
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    child.kill().expect("a child can be killed");
    child.wait().expect("a child can be waited for");
    true
}

#[test]
fn a_launcher_that_is_killed_at_any_request_leaves_no_file_and_nothing_that_stays() {
    for entries in [SECRET.to_owned(), format!("{SECRET}{USER}")] {
        let scene = Scene::new(&entries);
        let mut left = Vec::new();
        for point in 0.. {
            let checkpoint = Checkpoint::before(scene.leasing.bao.address()).closed_at(point);
            let child = start(scene.launcher(&checkpoint.url()));
            let was_killed = kill_when_held(child, &checkpoint);
            left.push(scene.tokens());
            if !was_killed {
                break;
            }
        }
        // A login, the mounts, and either a secret and the revocation or two secrets: four
        // requests, each held before it and after it.
        assert_eq!(left.len(), 9, "{left:?}");
        assert_eq!(left[0], 0, "there is a token before the login");
        assert!(left.iter().any(|tokens| *tokens > 0), "{left:?}");
        scene.is_left_clean();
    }
}

#[test]
fn a_launcher_that_is_killed_at_any_time_leaves_no_file_and_nothing_that_stays() {
    let scene = Scene::new(&format!("{SECRET}{USER}"));
    // From before it has done anything until after it has become the command.
    for milliseconds in (0..120).step_by(4) {
        let mut child = start(scene.launcher(&scene.leasing.bao.url()));
        sleep(Duration::from_millis(milliseconds));
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
        scene.tokens();
    }
    scene.is_left_clean();
}

/// OpenBao gives each token of a login an end, whatever its role says. Others may not.
#[test]
fn a_login_that_gives_a_token_without_an_end_is_warned_of() {
    let server = SecretServer::start();
    let answer = |path: &str, body: serde_json::Value| {
        server.answer(path, Response::new(200).body(body.to_string()));
    };
    let token = |seconds: u64| {
        json!({ "auth": {
            "client_token": "dummy-token-5e01", "lease_duration": seconds,
            "renewable": true, "token_type": "service",
        } })
    };
    answer(
        "/v1/secret/app/TOKEN",
        json!({ "data": { "value": Leasing::TOKEN } }),
    );
    answer("/v1/auth/token/revoke-self", json!({}));
    let entry = "[secrets.TOKEN]\nkey = \"app/TOKEN\"\n";
    let project = VaultProject::new("mount = \"secret\"\nkv-version = 1", entry);
    let run = |seconds: u64| {
        answer("/v1/auth/approle/login", token(seconds));
        let launcher = project.launcher_to(&server.origin());
        let launcher = launcher.env("VAULT_ROLE_ID", "dummy-role");
        launcher.command(["env"]).run()
    };
    let outcome = run(0);
    let value = VaultProject::variables(&outcome, &["TOKEN"]);
    assert_eq!(value, [Leasing::TOKEN]);
    let problem = outcome.problem("vault-token-without-end");
    assert_eq!(problem["severity"], "warning");
    outcome.shows_no("dummy-token-5e01");
    assert_eq!(run(3600).exits_with(0).stderr(), "");
}
