//! As whom AWS is reached: roles, profiles, and programs that give credentials.

use std::net::SocketAddr;

use secret_run_tests::{AwsProject, Link, Moto, REGION};
use serde_json::{Value, json};

const VALUE: &str = "dummy-90f3-of-aws";
const STORE: &str = "kind = \"aws-secrets-manager\"\nprefix = \"app/\"";

fn hint(problem: &Value) -> &str {
    problem["hint"].as_str().expect("it has a hint")
}

#[test]
fn a_role_is_assumed_with_what_its_trust_policy_asks_for() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let role = "arn:aws:iam::123456789012:role/reader";
    let with =
        |role: &str| AwsProject::new(&format!("{STORE}\nrole = {role}"), "[secrets.TOKEN]\n");
    for written in [
        format!("\"{role}\""),
        format!("{{ arn = \"{role}\", external-id = \"lagomo-1\", session-name = \"api\" }}"),
    ] {
        let project = with(&written);
        let link = Link::to(moto.address());
        let outcome = project.launcher(link.address()).command(["env"]).run();
        assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
        // What it was asked for with is what the command inherits, not what was assumed.
        assert_eq!(outcome.variables(&["AWS_ACCESS_KEY_ID"]), ["AKIADUMMY"]);
    }
}

#[test]
fn a_role_that_is_denied_is_named() {
    let server = secret_run_tests::SecretServer::start();
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                <Message>dummy-90f3-of-aws</Message></Error></ErrorResponse>";
    let answer = secret_run_tests::Response::new(403).header("content-type", "text/xml");
    server.answer("/", answer.body(body));
    let role = "arn:aws:iam::123456789012:role/reader";
    let project = AwsProject::new(&format!("{STORE}\nrole = \"{role}\""), "[secrets.TOKEN]\n");
    let outcome = project.launcher(server.address());
    let outcome = outcome.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("aws-role-denied");
    assert_eq!(
        problem["message"],
        format!("AWS does not let these credentials assume the role `{role}`")
    );
    assert!(hint(&problem).contains("sts:AssumeRole"));
    outcome.shows_no(VALUE);
    assert!(!project.started());
    let asked = String::from_utf8_lossy(&server.requests()[0].body).into_owned();
    assert!(asked.contains("RoleSessionName=secret-run"), "{asked}");
}

#[test]
fn who_gives_credentials_and_cannot_now_is_asked_again_and_denies_nothing() {
    use secret_run_tests::{Response, SecretServer};
    let role = "role = \"arn:aws:iam::123456789012:role/reader\"";
    let busy = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>\
                <Message>dummy-90f3-of-aws</Message></Error></ErrorResponse>";
    let busy = Response::new(400)
        .header("content-type", "text/xml")
        .body(busy);
    let of_profile = "[profile team]\nrole_arn = arn:aws:iam::123456789012:role/reader\n\
                      source_profile = keys\n[profile keys]\naws_access_key_id = AKIADUMMY\n\
                      aws_secret_access_key = dummy-key\n";
    for (answer, who) in [
        (Response::new(503), role),
        (busy, role),
        (Response::new(503), "profile = \"team\""),
    ] {
        let server = SecretServer::start();
        server.answer("/", answer);
        let project = AwsProject::new(&format!("{STORE}\n{who}"), "[secrets.TOKEN]\n");
        project.files().write(".aws/config", of_profile);
        let outcome = project.launcher(server.address());
        let outcome = outcome.command(project.marker()).run();
        let problem = outcome
            .exits_with(125)
            .problem("aws-credentials-unavailable");
        let message = problem["message"].as_str().unwrap_or_default();
        assert!(message.ends_with(", also after 3 attempts"), "{message}");
        outcome.shows_no(VALUE);
        assert!(!project.started());
        assert_eq!(server.requests().len(), 3, "attempts do not multiply");
    }
}

#[test]
fn a_program_of_the_profile_can_give_the_credentials() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let project = AwsProject::new(&format!("{STORE}\nprofile = \"team\""), "[secrets.TOKEN]\n");
    let answer = json!({
        "Version": 1, "AccessKeyId": "AKIADUMMY", "SecretAccessKey": "dummy-key-of-a-program"
    });
    project
        .files()
        .write("credentials.json", answer.to_string());
    let file = project.files().path("credentials.json");
    let line = format!(
        "[profile team]\ncredential_process = cat {}\n",
        file.display()
    );
    project.files().write(".aws/config", line);
    let bare = |endpoint: SocketAddr| {
        let launcher = project.bare().env("AWS_REGION", REGION);
        launcher.env("AWS_ENDPOINT_URL", format!("http://{endpoint}"))
    };
    let outcome = bare(moto.address()).command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
    project.files().write("credentials.json", "no JSON");
    let outcome = bare(moto.address()).command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("aws-credentials-failed");
    outcome.shows_no("dummy-key-of-a-program");
    assert!(!project.started());
}

/// A project whose credentials come from a program. It notes its number, runs the script, and then says
/// them.
fn with_program(backend: &str, script: &str) -> AwsProject {
    let backend = format!("{STORE}\nprofile = \"team\"\n{backend}");
    let project = AwsProject::new(&backend, "[secrets.TOKEN]\n");
    let files = project.files();
    let answer = json!({
        "Version": 1, "AccessKeyId": "AKIADUMMY", "SecretAccessKey": "dummy-key-of-a-program"
    });
    let folder = files.folder().display();
    let program = format!("echo $$ >> {folder}/started; {script}; echo '{answer}'\n");
    files.write("program", program);
    let line = format!("[profile team]\ncredential_process = exec sh {folder}/program\n");
    files.write(".aws/config", line);
    project
}

/// The numbers of the programs that were started.
fn started(project: &AwsProject) -> Vec<String> {
    let numbers = std::fs::read_to_string(project.files().path("started"));
    let numbers = numbers.expect("the program was started");
    numbers.lines().map(str::to_owned).collect()
}

#[test]
fn a_program_that_takes_longer_than_a_request_may_is_waited_for_and_run_once() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let project = with_program("", "sleep 6");
    let launcher = project.bare().env("AWS_REGION", REGION);
    let launcher = launcher.env("AWS_ENDPOINT_URL", format!("http://{}", moto.address()));
    let outcome = launcher.command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
    assert_eq!(started(&project).len(), 1);
}

#[test]
fn a_program_that_does_not_end_is_named_and_ended_with_the_deadline() {
    let project = with_program("deadline = \"1s\"", "exec sleep 600");
    let launcher = project.bare().env("AWS_REGION", REGION);
    let launcher = launcher.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("aws-credentials-timed-out");
    assert_eq!(
        problem["message"],
        "the credentials for AWS did not come from the profile `team` that the manifest names within \
         1s, the deadline of this backend"
    );
    assert!(hint(&problem).ends_with("`deadline` in [backends.aws]"));
    assert!(!project.started());
    let [number] = &started(&project)[..] else {
        panic!("it was started more than once");
    };
    let left = std::path::Path::new("/proc").join(number);
    assert!(!left.exists(), "the program runs on");
}
