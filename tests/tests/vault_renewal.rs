//! Tokens that end before all is read with them.

use std::time::Duration;

use secret_run_tests::{Checkpoint, OpenBao, Outcome, VaultProject};
use serde_json::{Value, json};

const VALUE: &str = "q7zk-5f00-of-vault";
const ENTRIES: &str = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n\
                       [secrets.SLOW]\nkey = \"secret/app/SLOW\"\n";
/// Longer than a token is good, and shorter than an attempt may take.
const LONG: Duration = Duration::from_secs(4);

/// A run with a role whose tokens are good for two seconds, with which a path is read that takes
/// longer so many times. Answers the paths that were asked for.
fn run(terms: &Value, slow: usize) -> (Outcome, Vec<String>, VaultProject) {
    let bao = OpenBao::start();
    for name in ["TOKEN", "SLOW"] {
        bao.put(&format!("app/{name}"), &json!({ "value": VALUE }));
    }
    bao.policy(
        "app",
        "path \"secret/data/app/*\" { capabilities = [\"read\"] }",
    );
    let mut terms = terms.clone();
    terms["token_policies"] = "app".into();
    terms["token_ttl"] = "2s".into();
    let (role, secret) = bao.app_role(&terms);
    let checkpoint = Checkpoint::before(bao.address()).slow("/v1/secret/data/app/SLOW", slow, LONG);
    let project = VaultProject::new("", ENTRIES);
    let launcher = project
        .launcher_to(&checkpoint.url())
        .env("VAULT_ROLE_ID", role)
        .env("VAULT_SECRET_ID", secret);
    let outcome = launcher
        .command(["sh", "-c", "env; touch the-command-was-started"])
        .run();
    outcome.shows_no(OpenBao::ROOT);
    (outcome, checkpoint.paths(), project)
}

fn count(paths: &[String], end: &str) -> usize {
    paths.iter().filter(|path| path.ends_with(end)).count()
}

#[test]
fn a_token_that_is_good_for_less_than_a_run_takes_is_renewed() {
    let (outcome, paths, _) = run(&json!({}), 1);
    let values = VaultProject::variables(&outcome, &["TOKEN", "SLOW"]);
    assert_eq!(values, [VALUE, VALUE]);
    assert_eq!(outcome.stderr(), "");
    assert!(count(&paths, "/renew-self") > 1, "{paths:?}");
    assert_eq!(count(&paths, "/login"), 1);
    assert_eq!(count(&paths, "/SLOW"), 1);
    assert_eq!(count(&paths, "/revoke-self"), 1);
}

#[test]
fn where_it_cannot_be_renewed_the_login_is_made_again_and_all_is_read_with_another() {
    let (outcome, paths, _) = run(&json!({ "token_max_ttl": "2s" }), 1);
    let values = VaultProject::variables(&outcome, &["TOKEN", "SLOW"]);
    assert_eq!(values, [VALUE, VALUE]);
    assert_eq!(outcome.stderr(), "");
    assert_eq!(count(&paths, "/login"), 2);
    assert_eq!(count(&paths, "/TOKEN"), 2);
    assert_eq!(count(&paths, "/revoke-self"), 1);
}

#[test]
fn a_token_that_ends_too_soon_each_time_is_named_and_no_policy_is_blamed() {
    let always = json!({ "token_max_ttl": "2s" });
    let once = json!({ "token_max_ttl": "2s", "secret_id_num_uses": 1 });
    for (terms, slow) in [(always, 2), (once, 1)] {
        let (outcome, paths, project) = run(&terms, slow);
        let problem = outcome.exits_with(125).problem("vault-token-outlived");
        assert_eq!(
            problem["message"],
            "the token of this login ends before all is read: it is good for 2 s"
        );
        assert!(!project.started());
        assert_eq!(count(&paths, "/login"), 2);
        assert_eq!(outcome.problems().len(), 1);
    }
}
