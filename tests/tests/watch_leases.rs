//! `--watch` and what is good for a time: it is replaced before its end, and not at each reading.

use nix::sys::signal::Signal;
use secret_run_tests::{End, Leasing, Running, VaultProject};
use serde_json::json;

const WATCHED: &str = "[watch]\ninterval = \"500ms\"\nmin-interval = \"0s\"\n\
                       [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
                       [secrets.DB_USER]\nkey = \"database/creds/app#username\"\n";

#[test]
fn another_user_comes_before_the_lease_ends_and_not_at_each_reading() {
    // The lease is no longer than the token: two thirds of nine seconds.
    let leasing = Leasing::start(json!({ "token_ttl": "9s" }));
    let project = VaultProject::new("", WATCHED);
    let script = "trap 'exit 0' TERM; echo \"$DB_USER $TOKEN\"; while :; do sleep 0.02; done";
    let launcher = leasing.launcher(&project).args(["--watch"]);
    let mut running = Running::begin(launcher.command(["sh", "-c", script]));
    let first = running.line();
    let second = running.line();
    assert_ne!(first, second);
    for line in [first, second] {
        assert!(line.ends_with(&format!(" {}", Leasing::TOKEN)), "{line}");
    }
    // Of more than ten readings, each with a user of its own, one was a change.
    let changed = json!({ "value": "q7zk-5d02" });
    leasing.bao.put("app/TOKEN", &changed);
    assert!(
        running.line().ends_with(" q7zk-5d02"),
        "a change is seen at once"
    );
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}
