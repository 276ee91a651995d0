//! The login as whoever one is for AWS: Vault's own method in an OpenBao, and a moto that looks at
//! every signature.

use secret_run_tests::{Launcher, Moto, OpenBao, VaultProject};
use serde_json::json;

const VALUE: &str = "q7zk-6a00-of-vault";
const READ: &str = "path \"secret/data/app/*\" { capabilities = [\"read\"] }";
const ENTRY: &str = "[secrets.TOKEN]\nkey = \"/secret/app/TOKEN\"\n";
const SERVER: &str = "vault.example.com";

/// Vault, AWS, the user that Vault knows and another, each with its key.
struct Servers {
    bao: OpenBao,
    _moto: Moto,
    user: (String, String),
    stranger: (String, String),
}

impl Servers {
    fn start() -> Self {
        let (bao, moto) = (OpenBao::start(), Moto::start());
        bao.put("app/TOKEN", &json!({ "value": VALUE }));
        bao.policy("app", READ);
        let (user, stranger) = (moto.user("app"), moto.user("stranger"));
        moto.check_signatures();
        bao.enable_aws(&moto, SERVER);
        Self {
            bao,
            _moto: moto,
            user,
            stranger,
        }
    }

    /// The launcher as a user of AWS.
    fn launcher<'a>(&self, project: &'a VaultProject, user: &(String, String)) -> Launcher<'a> {
        let launcher = project.stranger(&self.bao);
        launcher
            .env("AWS_ACCESS_KEY_ID", &user.0)
            .env("AWS_SECRET_ACCESS_KEY", &user.1)
    }
}

fn project(auth: &str) -> VaultProject {
    VaultProject::new(&format!("auth = {{ method = \"aws\"{auth} }}"), ENTRY)
}

#[test]
fn a_user_of_aws_logs_in_and_its_token_is_revoked() {
    let servers = Servers::start();
    let before = servers.bao.tokens().len();
    // Vault looks for a role that is called as the user is.
    for role in [", role = \"app\"", ""] {
        let project = project(&format!("{role}, server-id = \"{SERVER}\""));
        let outcome = servers.launcher(&project, &servers.user);
        // The region of this machine is not that in which Vault asks AWS.
        let outcome = outcome
            .env("AWS_REGION", "eu-west-1")
            .command(["env"])
            .run();
        assert_eq!(VaultProject::variables(&outcome, &["TOKEN"]), [VALUE]);
        assert_eq!(servers.bao.tokens().len(), before);
    }
    // The signature is for the host of its region, which Vault passes on.
    let project = project(&format!(
        ", role = \"app\", region = \"eu-west-1\", profile = \"ci\", server-id = \"{SERVER}\""
    ));
    let (id, key) = &servers.user;
    let profile = format!("[ci]\naws_access_key_id = {id}\naws_secret_access_key = {key}\n");
    project.write(".aws/credentials", profile);
    let outcome = project.stranger(&servers.bao).command(["env"]).run();
    assert_eq!(VaultProject::variables(&outcome, &["TOKEN"]), [VALUE]);
    outcome.shows_no(key);
}

#[test]
fn a_login_that_aws_or_vault_does_not_believe_is_refused_and_nothing_is_shown() {
    let servers = Servers::start();
    let (id, key) = servers.user.clone();
    let other = "dummy-key-0123456789".to_owned();
    let right = format!(", role = \"app\", server-id = \"{SERVER}\"");
    for (auth, user) in [
        // Not signed by whom it says.
        (right.as_str(), (id.clone(), other)),
        // Signed for another Vault, or for none.
        (
            ", role = \"app\", server-id = \"other.example.com\"",
            servers.user.clone(),
        ),
        (", role = \"app\"", servers.user.clone()),
        // No such role.
        (&right.replace("app", "nobody"), servers.user.clone()),
        // A user that the role does not know.
        (&right, servers.stranger.clone()),
    ] {
        let project = project(auth);
        let outcome = servers.launcher(&project, &user);
        let outcome = outcome.command(project.marker()).run();
        let problem = outcome.exits_with(125).problem("vault-login-refused");
        assert_eq!(
            problem["message"],
            "Vault refuses the login with the method `aws` at `auth/aws`"
        );
        let hint = problem["hint"].as_str().expect("a hint is a text");
        assert!(hint.contains("`aws sts get-caller-identity`"), "{hint}");
        outcome
            .shows_no(&key)
            .shows_no(&user.1)
            .shows_no("AWS4-HMAC");
        assert!(!project.started(), "{auth}");
    }
}

#[test]
fn without_credentials_of_aws_nothing_is_asked_and_the_sources_are_named() {
    let bao = OpenBao::start();
    let project = project(", role = \"app\", profile = \"nobody\"");
    project.write(".aws/credentials", "[other]\n");
    let outcome = project.stranger(&bao).command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("aws-no-credentials");
    assert_eq!(
        problem["message"],
        "nothing tells Vault who this is for AWS: no credentials for AWS: the profile `nobody` that \
         the manifest names has none"
    );
    assert!(!project.started());
}
