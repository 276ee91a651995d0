//! `--watch` and what is good for a time: it is renewed while the command runs, replaced before it
//! ends, and gone when nobody uses it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret_run_tests::{
    Checkpoint, End, Fault, Launcher, Leasing, Link, OpenBao, Quality, Running, VaultProject,
};
use serde_json::{Value, json};

const WATCH: &str = "[watch]\ninterval = \"300ms\"\nmin-interval = \"0s\"\n";
const ENTRIES: &str = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
                       [secrets.DB_USER]\nkey = \"database/creds/app#username\"\n\
                       [secrets.DB_PASSWORD]\nkey = \"database/creds/app#password\"\n\
                       [secrets.DB_URL]\ncompose = \"postgres://{DB_USER}:{DB_PASSWORD}@db/app\"\n";
/// Says what it has, and ends when it is asked to.
const SAYS: &str = "trap 'exit 7' TERM; echo \"$DB_USER $DB_PASSWORD $TOKEN\"
    while :; do sleep 0.02; done";

fn project() -> VaultProject {
    VaultProject::new("", &format!("{WATCH}{ENTRIES}"))
}

/// Starts it with the standard error in a file of the project.
fn begin(project: &VaultProject, launcher: Launcher<'_>) -> Running {
    let launcher = launcher.args(["--watch"]).env("SECRET_RUN_LOG", "info");
    let mut command = launcher.command(["sh", "-c", SAYS]).into_command();
    command.stderr(fs::File::create(project.path("log")).expect("a file can be made"));
    Running::spawn(command)
}

fn log(project: &VaultProject) -> String {
    fs::read_to_string(project.path("log")).unwrap_or_default()
}

/// Waits for something that comes in a moment.
#[track_caller]
fn wait_until(project: &VaultProject, what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        let log = log(project);
        assert!(start.elapsed() < Duration::from_secs(60), "{what}\n{log}");
        sleep(Duration::from_millis(20));
    }
}

fn wait_for(project: &VaultProject, text: &str) {
    wait_until(project, text, || log(project).contains(text));
}

/// The user, the password and the token of a line of the command.
fn parts(line: &str) -> (String, String, String) {
    let mut parts = line.split(' ').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

fn asked(checkpoint: &Checkpoint, end: &str) -> usize {
    let paths = checkpoint.paths();
    paths.iter().filter(|path| path.ends_with(end)).count()
}

/// Ends it, and sees that nothing is left of it.
#[track_caller]
fn ends(project: &VaultProject, leasing: &Leasing, running: Running) {
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(7));
    nothing_is_left(project, leasing);
    assert!(!log(project).contains("not-revoked"), "{}", log(project));
}

#[track_caller]
fn nothing_is_left(project: &VaultProject, leasing: &Leasing) {
    // Vault removes users after it has answered.
    wait_until(project, "no user is left", || {
        leasing.postgres.made_users().is_empty()
    });
    wait_until(project, "no token is left", || {
        leasing.bao.tokens().len() == 1
    });
    assert_eq!(leasing.bao.leases(), 0);
}

#[test]
fn a_user_lives_past_its_first_term_with_one_start_and_is_gone_at_the_end() {
    let leasing = Leasing::start(json!({ "token_ttl": "6s" }));
    leasing.bao.terms_of_users("4s", "1h");
    let checkpoint = Checkpoint::before(leasing.bao.address());
    let project = project();
    let mut running = begin(&project, leasing.launcher_to(&project, &checkpoint.url()));
    let (user, password, _) = parts(&running.line());
    wait_until(&project, "it is renewed", || {
        asked(&checkpoint, "leases/renew") >= 5
    });
    wait_until(&project, "readings", || {
        asked(&checkpoint, "app/TOKEN") > 20
    });
    assert_eq!(leasing.postgres.login(&user, &password), Some(user.clone()));
    assert_eq!(leasing.postgres.made_users(), [user.as_str()]);
    // Its token has lived longer than it was given, too.
    assert!(asked(&checkpoint, "token/renew-self") >= 5);
    assert_eq!(asked(&checkpoint, "creds/app"), 1, "for all readings");
    assert!(!log(&project).contains("[watch-"), "{}", log(&project));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.line(), "", "it was started once");
    assert_eq!(running.end(), End::Code(7));
    nothing_is_left(&project, &leasing);
    assert_eq!(leasing.postgres.login(&user, &password), None);
    let log = log(&project);
    for secret in [&*password, "database/creds/app/", OpenBao::ROOT] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn where_a_term_can_be_no_longer_another_user_comes_before_its_end() {
    let leasing = Leasing::start(json!({ "token_ttl": "1h" }));
    leasing.bao.terms_of_users("6s", "14s");
    let checkpoint = Checkpoint::before(leasing.bao.address());
    let project = project();
    let mut running = begin(&project, leasing.launcher_to(&project, &checkpoint.url()));
    let (first, _, _) = parts(&running.line());
    let (second, password, token) = parts(&running.line());
    assert_ne!(first, second);
    assert_eq!(token, Leasing::TOKEN);
    assert!(asked(&checkpoint, "leases/renew") >= 3);
    assert_eq!(asked(&checkpoint, "creds/app"), 2);
    let said = log(&project);
    assert!(
        said.contains("`DB_USER`, `DB_PASSWORD`, `DB_URL` changed"),
        "{said}"
    );
    assert!(
        !said.contains("not-renewed") && !said.contains("error"),
        "{said}"
    );
    wait_until(&project, "the first is gone", || {
        leasing.postgres.made_users() == [second.as_str()]
    });
    assert!(leasing.postgres.login(&second, &password).is_some());
    ends(&project, &leasing, running);
}

#[test]
fn another_change_brings_another_user_and_takes_the_old_one_when_its_command_has_ended() {
    let leasing = Leasing::start(json!({ "token_ttl": "1h" }));
    let checkpoint = Checkpoint::before(leasing.bao.address());
    let project = project();
    let mut running = begin(&project, leasing.launcher_to(&project, &checkpoint.url()));
    let (first, _, _) = parts(&running.line());
    leasing
        .bao
        .put("app/TOKEN", &json!({ "value": "q7zk-5d02" }));
    let (second, _, token) = parts(&running.line());
    assert_eq!(token, "q7zk-5d02");
    assert_ne!(first, second);
    wait_until(&project, "the first is gone", || {
        leasing.postgres.made_users() == [second.as_str()]
    });
    wait_until(&project, "its token is gone", || {
        leasing.bao.tokens().len() <= 2
    });
    assert_eq!(asked(&checkpoint, "creds/app"), 2);
    let said = log(&project);
    assert!(
        said.contains("`TOKEN` changed"),
        "the user alone is no change: {said}"
    );
    ends(&project, &leasing, running);
}

#[test]
fn a_command_that_is_ready_and_dies_is_followed_by_one_with_all_values() {
    let leasing = Leasing::start(json!({ "token_ttl": "1h" }));
    let project = project();
    // It ends when it is told to and may.
    let script = "trap 'echo TERM; t=1' TERM; echo \"$DB_USER $DB_PASSWORD $TOKEN $$\"
        while ! [ -e go ] || [ -z $t ]; do sleep 0.02; done; rm go; exit 7";
    let launcher = leasing.launcher(&project).args(["--watch"]);
    let mut command = launcher.command(["sh", "-c", script]).into_command();
    command.stderr(fs::File::create(project.path("log")).expect("a file can be made"));
    let mut running = Running::spawn(command);
    let line = running.line();
    let (first, _, _) = parts(&line);
    let process = line.rsplit(' ').next().unwrap_or_default().to_owned();
    leasing
        .bao
        .put("app/TOKEN", &json!({ "value": "q7zk-5d02" }));
    assert_eq!(running.line(), "TERM");
    let children = running.proc(&format!("task/{}/children", running.id()));
    let others = || -> Vec<String> {
        let children = fs::read_to_string(&children).unwrap_or_default();
        let children = children.split_whitespace().map(str::to_owned);
        children.filter(|child| *child != process).collect()
    };
    wait_until(&project, "one process is ready", || others().len() == 1);
    let ready: i32 = others()[0].parse().expect("a number");
    kill(Pid::from_raw(ready), Signal::SIGKILL).expect("it waits");
    wait_for(&project, "watch-not-read");
    project.write("go", "");
    let (second, password, token) = parts(&running.line());
    assert_eq!(token, "q7zk-5d02");
    assert_ne!(first, second);
    assert!(leasing.postgres.login(&second, &password).is_some());
    project.write("go", "");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.line(), "TERM");
    assert_eq!(running.end(), End::Code(7));
    nothing_is_left(&project, &leasing);
}

#[test]
fn a_reading_that_fails_or_cannot_start_leaves_no_user() {
    let leasing = Leasing::start(json!({ "token_ttl": "1h" }));
    let entries = ENTRIES.replace("app/TOKEN\"\n", "app/TOKEN\"\nvalidate = \"base64\"\n");
    let project = VaultProject::new("", &format!("{WATCH}{entries}"));
    // At the start, all is read before it is judged.
    let launcher = leasing.launcher(&project).args(["--watch"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("invalid-value");
    assert!(!project.started());
    nothing_is_left(&project, &leasing);
    // While the command runs, what is invalid is found without another user.
    leasing
        .bao
        .put("app/TOKEN", &json!({ "value": "ZHVtbXk=" }));
    let checkpoint = Checkpoint::before(leasing.bao.address());
    project.write("service", format!("#!/bin/sh\n{SAYS}\n"));
    let executable = fs::Permissions::from_mode(0o700);
    fs::set_permissions(project.path("service"), executable).expect("it is ours");
    let launcher = leasing
        .launcher_to(&project, &checkpoint.url())
        .args(["--watch"]);
    let mut command = launcher.command(["./service"]).into_command();
    command.stderr(fs::File::create(project.path("log")).expect("a file can be made"));
    let mut running = Running::spawn(command);
    let (user, password, _) = parts(&running.line());
    leasing
        .bao
        .put("app/TOKEN", &json!({ "value": "not base64!" }));
    wait_for(&project, "invalid-value");
    assert_eq!(asked(&checkpoint, "creds/app"), 1);
    // One that has all values and can't become the command gives its user back.
    fs::remove_file(project.path("service")).expect("it is there");
    leasing
        .bao
        .put("app/TOKEN", &json!({ "value": "ZHVtbXkx" }));
    wait_for(&project, "command-not-found");
    wait_until(&project, "the other user is gone", || {
        asked(&checkpoint, "creds/app") > 1 && leasing.postgres.made_users() == [user.as_str()]
    });
    assert!(leasing.postgres.login(&user, &password).is_some());
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(7));
    nothing_is_left(&project, &leasing);
}

#[test]
fn a_supervisor_that_is_killed_leaves_users_that_end_by_themselves() {
    let leasing = Leasing::start(json!({ "token_ttl": "3s" }));
    let project = project();
    let mut running = begin(&project, leasing.launcher(&project));
    let (user, _, _) = parts(&running.line());
    assert_eq!(leasing.postgres.made_users(), [user]);
    running.signal(Signal::SIGKILL);
    while running.line() != "" {}
    assert_eq!(running.end(), End::Signal(Signal::SIGKILL as i32));
    nothing_is_left(&project, &leasing);
}

#[test]
fn an_outage_at_renewal_is_waited_for_and_said_and_the_command_keeps_running() {
    let leasing = Leasing::start(json!({ "token_ttl": "12s" }));
    let link = Link::to(leasing.bao.address());
    let project = project();
    let address = format!("http://{}", link.address());
    let mut running = begin(&project, leasing.launcher_to(&project, &address));
    let (user, password, _) = parts(&running.line());
    link.change(Quality {
        fault: Some(Fault::ResetAfter(0)),
        ..Quality::default()
    });
    wait_for(&project, "watch-lease-not-renewed");
    assert!(
        log(&project).contains("vault-unreachable"),
        "{}",
        log(&project)
    );
    link.change(Quality::default());
    // Renewed more often than its first term has room for.
    wait_until(&project, "it is renewed", || {
        log(&project).matches("renewed what is leased").count() >= 3
    });
    assert_eq!(leasing.postgres.login(&user, &password), Some(user.clone()));
    assert_eq!(leasing.postgres.made_users(), [user]);
    assert!(
        !log(&project).contains("[watch-changed]"),
        "{}",
        log(&project)
    );
    ends(&project, &leasing, running);
}

#[test]
fn a_stop_while_a_renewal_hangs_is_obeyed_and_its_end_is_bounded() {
    let leasing = Leasing::start(json!({ "token_ttl": "14s" }));
    let link = Link::to(leasing.bao.address());
    let project = project();
    let address = format!("http://{}", link.address());
    let mut running = begin(&project, leasing.launcher_to(&project, &address));
    running.line();
    link.change(Quality {
        fault: Some(Fault::StallAfter(0)),
        ..Quality::default()
    });
    // A renewal hangs from the half of that time on, and a reading, too.
    sleep(Duration::from_secs(8));
    running.signal(Signal::SIGTERM);
    let start = Instant::now();
    assert_eq!(running.end(), End::Code(7));
    assert!(start.elapsed() < Duration::from_secs(30), "it hangs");
    assert!(
        log(&project).contains("watch-lease-not-revoked"),
        "{}",
        log(&project)
    );
    // What could not be given back ends by itself.
    nothing_is_left(&project, &leasing);
}

#[test]
fn a_token_that_was_there_stays_and_its_leases_are_revoked_if_it_may() {
    let leasing = Leasing::start(json!({}));
    let project = project();
    let read = |path: &str| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n");
    let rules = read("secret/data/app/*") + &read("database/creds/app");
    let revoke = "path \"sys/leases/revoke\" { capabilities = [\"update\"] }\n";
    for (rules, may) in [(rules.clone() + revoke, true), (rules, false)] {
        let token = leasing.bao.token(&rules);
        let launcher = project.stranger(&leasing.bao).env("VAULT_TOKEN", &token);
        let mut running = begin(&project, launcher);
        let (user, _, _) = parts(&running.line());
        running.signal(Signal::SIGTERM);
        assert_eq!(running.end(), End::Code(7));
        let said = log(&project);
        assert_eq!(said.contains("watch-lease-not-revoked"), !may, "{said}");
        assert_eq!(said.contains("vault-lease-not-revoked"), !may, "{said}");
        let lookup = leasing
            .bao
            .ask("GET", "auth/token/lookup-self", &token, &Value::Null);
        assert_eq!(lookup.status, 200, "it was there before");
        if may {
            wait_until(&project, "no user is left", || {
                leasing.postgres.made_users().is_empty()
            });
        } else {
            assert_eq!(leasing.postgres.made_users(), [user]);
        }
    }
}

#[test]
fn files_are_written_again_without_another_user() {
    let folder = tempfile::TempDir::new_in("/dev/shm").expect("a folder in memory");
    let place = folder.path().join("token");
    let watch = WATCH.replace("[watch]", "[watch]\non-change = \"signal:HUP\"");
    let entries = ENTRIES.replacen(
        "app/TOKEN\"\n",
        &format!(
            "app/TOKEN\"\ndeliver = {{ file = \"{}\" }}\n",
            place.display()
        ),
        1,
    );
    let leasing = Leasing::start(json!({ "token_ttl": "6s" }));
    let checkpoint = Checkpoint::before(leasing.bao.address());
    let project = VaultProject::new("", &format!("{watch}{entries}"));
    let launcher = leasing
        .launcher_to(&project, &checkpoint.url())
        .args(["--watch"]);
    let script = "trap 'echo $DB_USER $(cat $TOKEN_FILE)' HUP; trap 'exit 7' TERM
        echo ready; while :; do sleep 0.02; done";
    let mut command = launcher.command(["sh", "-c", script]).into_command();
    command.stderr(fs::File::create(project.path("log")).expect("a file can be made"));
    let mut running = Running::spawn(command);
    assert_eq!(running.line(), "ready");
    let users = leasing.postgres.made_users();
    for value in ["q7zk-5d02", "q7zk-5d03"] {
        leasing.bao.put("app/TOKEN", &json!({ "value": value }));
        assert_eq!(running.line(), format!("{} {value}", users[0]));
    }
    wait_until(&project, "it is renewed", || {
        asked(&checkpoint, "leases/renew") >= 3
    });
    assert_eq!(asked(&checkpoint, "creds/app"), 1);
    assert_eq!(leasing.postgres.made_users(), users);
    ends(&project, &leasing, running);
}
