//! The backend for AWS Secrets Manager, against moto; and against servers that answer what moto
//! can't be made to answer.

use std::time::Duration;

use secret_run_tests::{
    AwsProject, Fault, Link, Moto, Outcome, REGION, Response, SecretServer, base64,
};
use serde_json::json;

const VALUE: &str = "dummy-71c4-of-aws";

fn project(entries: &str) -> AwsProject {
    AwsProject::new("kind = \"aws-secrets-manager\"\nprefix = \"app/\"", entries)
}

#[test]
fn secrets_are_read_by_name_arn_field_and_version() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", "q7zk-8d11-by-prefix");
    let _ = moto.secret(
        REGION,
        "app/database",
        r#"{"password":"q7zk-8d12-by-field"}"#,
    );
    let arn = moto.secret("us-east-2", "elsewhere", "q7zk-8d13-by-arn");
    let binary = json!({ "Name": "app/binary", "SecretBinary": base64(b"q7zk-8d14-by-bytes") });
    let _ = moto.call(REGION, "CreateSecret", &binary);
    let _ = moto.secret(REGION, "app/rotated", "q7zk-8d15-before");
    let put = json!({ "SecretId": "app/rotated", "SecretString": "q7zk-8d16-after" });
    let version = moto.call(REGION, "PutSecretValue", &put)["VersionId"].clone();
    let version = version.as_str().expect("a version has an id");
    let project = project(&format!(
        "[secrets.TOKEN]\n\
             [secrets.FIELD]\nkey = \"database#password\"\n\
             [secrets.ELSEWHERE]\nfrom = \"aws:{arn}\"\n\
             [secrets.BINARY]\nkey = \"binary\"\n\
             [secrets.CURRENT]\nkey = \"rotated\"\n\
             [secrets.STAGE]\nkey = \"rotated?version=AWSPREVIOUS\"\n\
             [secrets.ID]\nkey = \"rotated?version={version}\"\n\
             [secrets.NONE]\nkey = \"nowhere\"\nrequired = false\n\
             [secrets.NO_VERSION]\nkey = \"database?version=AWSPREVIOUS\"\nrequired = false\n"
    ));
    let outcome = project.launcher(moto.address()).command(["env"]).run();
    let names = [
        "TOKEN",
        "FIELD",
        "ELSEWHERE",
        "BINARY",
        "CURRENT",
        "STAGE",
        "ID",
    ];
    assert_eq!(
        outcome.variables(&names),
        [
            "q7zk-8d11-by-prefix",
            "q7zk-8d12-by-field",
            "q7zk-8d13-by-arn",
            "q7zk-8d14-by-bytes",
            "q7zk-8d16-after",
            "q7zk-8d15-before",
            "q7zk-8d16-after"
        ]
    );
    assert!(!outcome.stdout().contains("\nNONE="), "{outcome:?}");
}

#[test]
fn the_version_before_is_there_within_its_grace_time_and_no_longer() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/KEY", r#"{"key":"q7zk-8d21-before"}"#);
    let entries = |grace: &str| {
        format!(
            "[secrets.KEY]\nkey = \"KEY#key\"\nprevious = {{ name = \"OLD\", grace = \"{grace}\" }}\n"
        )
    };
    let project = project(&entries("48h"));
    let run = || project.launcher(moto.address()).command(["env"]).run();
    let outcome = run();
    assert_eq!(outcome.variables(&["KEY"]), ["q7zk-8d21-before"]);
    assert!(!outcome.stdout().contains("OLD="), "{outcome:?}");
    let put = json!({ "SecretId": "app/KEY", "SecretString": r#"{"key":"q7zk-8d22-after"}"# });
    let _ = moto.call(REGION, "PutSecretValue", &put);
    assert_eq!(
        run().variables(&["KEY", "OLD"]),
        ["q7zk-8d22-after", "q7zk-8d21-before"]
    );
    project.entries(&entries("1s"));
    std::thread::sleep(Duration::from_secs(2));
    let outcome = run();
    assert_eq!(outcome.variables(&["KEY"]), ["q7zk-8d22-after"]);
    assert!(!outcome.stdout().contains("OLD="), "{outcome:?}");
}

#[test]
fn a_secret_that_should_have_been_changed_is_told_of() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/KEY", VALUE);
    let _ = moto.secret(REGION, "app/YOUNG", VALUE);
    let project =
        project("[secrets.KEY]\nrotate-every = \"1s\"\n[secrets.YOUNG]\nrotate-every = \"90d\"\n");
    std::thread::sleep(Duration::from_secs(3));
    let outcome = project.launcher(moto.address()).command(["env"]).run();
    assert_eq!(outcome.variables(&["KEY"]), [VALUE]);
    let problem = outcome.problem("rotation-overdue");
    assert_eq!(problem["severity"], "warning");
    assert_eq!(problem["secret"], "KEY");
    assert_eq!(outcome.problems().len(), 1);
}

#[test]
fn a_hundred_secrets_are_five_batches() {
    let moto = Moto::start();
    let mut entries = String::new();
    for number in 0..100 {
        let _ = moto.secret(REGION, &format!("app/S{number}"), &format!("v{number}"));
        entries.push_str(&format!("[secrets.S{number}]\n"));
    }
    // Each call is on the way for so long that the next can't take its connection.
    let link = Link::to(moto.address()).round_trip(Duration::from_millis(200));
    let project = project(&entries);
    let outcome = project.launcher(link.address()).command(["env"]).run();
    let names: Vec<_> = (0..100).map(|number| format!("S{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let values: Vec<_> = (0..100).map(|number| format!("v{number}")).collect();
    assert_eq!(outcome.variables(&names), values);
    assert_eq!(link.connections(), 5);
    // To connect, and the calls, which go at once.
    assert_eq!(link.round_trips(), 2);
}

#[test]
fn what_is_missing_or_about_to_be_deleted_is_said_of_its_entry() {
    let moto = Moto::start();
    for name in ["app/GOOD", "app/GOING"] {
        let _ = moto.secret(REGION, name, VALUE);
    }
    let _ = moto.call(REGION, "DeleteSecret", &json!({ "SecretId": "app/GOING" }));
    let entries = "[secrets.GOOD]\n[secrets.GOING]\n[secrets.GONE]\n";
    let project = project(entries);
    let outcome = project
        .launcher(moto.address())
        .command(project.marker())
        .run();
    outcome.exits_with(125).shows_no(VALUE);
    assert!(!project.started());
    assert_eq!(outcome.problem("missing-value")["secret"], "GONE");
    let going = outcome.problem("aws-pending-deletion");
    assert_eq!(going["secret"], "GOING");
    assert_eq!(
        going["message"],
        "the secret `app/GOING` is scheduled for deletion"
    );
}

/// What comes of a run with one secret against an endpoint that always answers so.
fn refused(status: u16, code: &str, message: &str) -> (Outcome, usize) {
    let server = SecretServer::start();
    let body = json!({ "__type": code, "message": message }).to_string();
    let answer = Response::new(status).header("content-type", "application/x-amz-json-1.1");
    server.answer("/", answer.body(body));
    let project = project("[secrets.TOKEN]\n");
    let outcome = project
        .launcher(server.address())
        .command(project.marker())
        .run();
    outcome.exits_with(125).shows_no(VALUE);
    assert!(!project.started());
    (outcome, server.requests().len())
}

#[test]
fn each_refusal_is_said_in_the_users_words_and_nothing_of_the_answer_is_shown() {
    let cases = [
        (
            "AccessDeniedException",
            "aws-access-denied",
            "AWS denies `secretsmanager:GetSecretValue` on `arn:aws:secretsmanager:eu-west-1:*:secret:app/TOKEN-??????`",
        ),
        (
            "ExpiredTokenException",
            "aws-expired-credentials",
            "the credentials for AWS have expired",
        ),
        (
            "UnrecognizedClientException",
            "aws-bad-credentials",
            "AWS does not accept the credentials",
        ),
        (
            "InvalidSignatureException",
            "aws-bad-credentials",
            "AWS does not accept the credentials",
        ),
        (
            "DecryptionFailure",
            "aws-key-denied",
            "AWS may not decrypt `app/TOKEN` for these credentials",
        ),
        (
            "ValidationException",
            "aws-bad-name",
            "AWS does not take `app/TOKEN` as the name or version of a secret",
        ),
        (
            "SomethingNew",
            "aws-refused",
            "AWS refuses to read `app/TOKEN`, with status 400",
        ),
    ];
    for (code, kind, message) in cases {
        let (outcome, _) = refused(400, code, VALUE);
        assert_eq!(outcome.problem(kind)["message"], message);
    }
    let (outcome, _) = refused(400, "AccessDeniedException", "Access to KMS is not allowed");
    let _ = outcome.problem("aws-key-denied");
    let (outcome, _) = refused(400, "AccessDeniedException", VALUE);
    let hint = outcome.problem("aws-access-denied")["hint"].clone();
    assert_eq!(
        hint,
        "this statement in a policy grants it: {\"Effect\": \"Allow\", \"Action\": \
         \"secretsmanager:GetSecretValue\", \"Resource\": \
         \"arn:aws:secretsmanager:eu-west-1:*:secret:app/TOKEN-??????\"}"
    );
}

#[test]
fn servers_in_trouble_are_asked_again_and_then_named() {
    for (status, code, kind) in [
        (500, "InternalServiceError", "aws-server"),
        (503, "", "aws-server"),
        (429, "", "aws-throttled"),
        (400, "ThrottlingException", "aws-throttled"),
    ] {
        let (outcome, requests) = refused(status, code, VALUE);
        let _ = outcome.problem(kind);
        assert_eq!(requests, 3, "{status} {code}");
    }
}

#[test]
fn a_batch_that_is_denied_is_read_one_by_one() {
    let server = SecretServer::start();
    let denied = json!({ "__type": "AccessDeniedException", "message": VALUE }).to_string();
    let secret = json!({ "Name": "any", "SecretString": VALUE }).to_string();
    let answer = Response::new(200).body(secret);
    let single = "secretsmanager.GetSecretValue";
    let denied = Response::new(400).body(denied);
    server.answer("/", answer.only_with("x-amz-target", single, denied));
    let project = project("[secrets.A]\n[secrets.B]\n");
    let launcher = project
        .launcher(server.address())
        .env("SECRET_RUN_LOG", "debug");
    let outcome = launcher.command(["env"]).run();
    assert_eq!(outcome.variables(&["A", "B"]), [VALUE, VALUE]);
    outcome
        .stderr_has("reads one by one")
        .stderr_has("AWS denies");
    outcome.stderr_has_no(VALUE);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn links_that_break_are_tried_again_and_then_named() {
    let server = SecretServer::start();
    let secret = json!({ "Name": "any", "SecretString": VALUE.repeat(20) }).to_string();
    server.answer("/", Response::new(200).body(secret));
    for (fault, kind) in [
        (Fault::CutAfter(0), "aws-unreachable"),
        (Fault::ResetAfter(0), "aws-unreachable"),
        // In the middle of the body.
        (Fault::CutAfter(100), "aws-unreachable"),
        (Fault::StallAfter(0), "aws-timed-out"),
        (Fault::StallAfter(100), "aws-timed-out"),
    ] {
        let link = Link::to(server.address()).fault(fault);
        let project = project("[secrets.TOKEN]\n");
        let outcome = project
            .launcher(link.address())
            .command(project.marker())
            .run();
        outcome.exits_with(125).shows_no(VALUE);
        assert!(!project.started(), "{fault:?}");
        let _ = outcome.problem(kind);
        assert!(link.connections() > 1, "{fault:?}");
    }
}

#[test]
fn what_is_not_there_to_begin_with_is_said_before_anything_is_sent() {
    let server = SecretServer::start();
    let project = project("[secrets.TOKEN]\n");
    let outcome = project
        .bare()
        .env("AWS_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let outcome = outcome.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("aws-no-credentials");
    let outcome = project.bare().env("AWS_ACCESS_KEY_ID", "AKIADUMMY");
    let outcome = outcome.env("AWS_SECRET_ACCESS_KEY", "dummy-key");
    let outcome = outcome.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("aws-no-region");
    // An address for documentation: nothing is there, and nothing may be asked.
    let outcome = project.launcher(server.address());
    let outcome = outcome.env("AWS_ENDPOINT_URL", "http://192.0.2.1:1");
    let outcome = outcome.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("aws-plain-text");
    assert!(!project.started());
    assert!(server.requests().is_empty());
}

#[test]
fn a_profile_of_the_manifest_wins_over_variables() {
    let moto = Moto::start();
    let _ = moto.secret("ap-south-1", "TOKEN", VALUE);
    let project = AwsProject::new(
        "kind = \"aws-secrets-manager\"\nprofile = \"team\"\nregion = \"ap-south-1\"",
        "[secrets.TOKEN]\n",
    );
    let keys = "aws_access_key_id = AKIADUMMY2\naws_secret_access_key = dummy-key\n";
    project
        .files()
        .write(".aws/config", format!("[profile team]\n{keys}"));
    let outcome = project.launcher(moto.address()).command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
    project.files().write(".aws/config", "[profile other]\n");
    let outcome = project.launcher(moto.address()).command(["env"]).run();
    let problem = outcome.exits_with(125).problem("aws-no-credentials");
    assert_eq!(
        problem["message"],
        "no credentials for AWS: the profile `team` that the manifest names has none"
    );
}

#[test]
fn no_level_of_the_log_turns_on_that_of_the_sdk() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let project = project("[secrets.TOKEN]\n");
    for log in [
        "trace",
        "info,aws=trace",
        "aws_smithy_runtime=trace,aws_config=debug,secret_run=trace",
    ] {
        let launcher = project.launcher(moto.address()).env("SECRET_RUN_LOG", log);
        let outcome = launcher.command(["true"]).run();
        outcome.exits_with(0).shows_no(VALUE).stderr_has_no("aws_");
    }
}
