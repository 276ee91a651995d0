//! The backend for the Parameter Store of AWS, against moto; and against a server that answers
//! what moto can't be made to answer.

use std::time::Duration;

use secret_run_tests::{AwsProject, Link, Moto, REGION, Response, SecretServer};
use serde_json::json;

const VALUE: &str = "dummy-52b9-of-parameters";

fn project(entries: &str) -> AwsProject {
    AwsProject::new(
        "kind = \"aws-parameter-store\"\nprefix = \"/app/\"",
        entries,
    )
}

#[test]
fn parameters_are_read_by_name_field_version_and_label() {
    let moto = Moto::start();
    moto.parameter(REGION, "/app/LEVEL", "String", "q7zk-6a01-plain");
    moto.parameter(REGION, "/app/TOKEN", "SecureString", "q7zk-6a02-secure");
    moto.parameter(
        REGION,
        "/app/hosts",
        "StringList",
        "one.internal,two.internal",
    );
    moto.parameter(
        REGION,
        "/app/database",
        "SecureString",
        r#"{"password":"q7zk-6a03-field"}"#,
    );
    for value in ["q7zk-6a04-first", "q7zk-6a05-second", "q7zk-6a06-third"] {
        moto.parameter(REGION, "/app/key", "SecureString", value);
    }
    let label = json!({ "Name": "/app/key", "ParameterVersion": 2, "Labels": ["blue"] });
    let _ = moto.systems(REGION, "LabelParameterVersion", &label);
    let project = project(
        "[config.LEVEL]\nfrom = \"aws:LEVEL\"\n\
         [secrets.TOKEN]\n\
         [secrets.HOSTS]\nkey = \"hosts\"\n\
         [secrets.FIELD]\nkey = \"database#password\"\n\
         [secrets.CURRENT]\nkey = \"key\"\n\
         [secrets.FIRST]\nkey = \"key?version=1\"\n\
         [secrets.BLUE]\nkey = \"key?version=blue\"\n\
         [secrets.NONE]\nkey = \"nowhere\"\nrequired = false\n\
         [secrets.NO_VERSION]\nkey = \"key?version=9\"\nrequired = false\n",
    );
    let outcome = project.launcher(moto.address()).command(["env"]).run();
    let names = [
        "LEVEL", "TOKEN", "HOSTS", "FIELD", "CURRENT", "FIRST", "BLUE",
    ];
    assert_eq!(
        outcome.variables(&names),
        [
            "q7zk-6a01-plain",
            "q7zk-6a02-secure",
            "one.internal,two.internal",
            "q7zk-6a03-field",
            "q7zk-6a06-third",
            "q7zk-6a04-first",
            "q7zk-6a05-second",
        ]
    );
    for absent in ["NONE", "NO_VERSION"] {
        assert!(
            !outcome.stdout().contains(&format!("\n{absent}=")),
            "{outcome:?}"
        );
    }
}

#[test]
fn the_version_before_is_there_within_its_grace_time_and_no_longer() {
    let moto = Moto::start();
    moto.parameter(REGION, "/app/KEY", "SecureString", "q7zk-6b01-before");
    let entries = |grace: &str| {
        format!("[secrets.KEY]\nprevious = {{ name = \"OLD\", grace = \"{grace}\" }}\n")
    };
    let project = project(&entries("48h"));
    let run = || project.launcher(moto.address()).command(["env"]).run();
    let outcome = run();
    assert_eq!(outcome.variables(&["KEY"]), ["q7zk-6b01-before"]);
    assert!(!outcome.stdout().contains("OLD="), "{outcome:?}");
    moto.parameter(REGION, "/app/KEY", "SecureString", "q7zk-6b02-after");
    assert_eq!(
        run().variables(&["KEY", "OLD"]),
        ["q7zk-6b02-after", "q7zk-6b01-before"]
    );
    project.entries(&entries("1s"));
    std::thread::sleep(Duration::from_secs(2));
    let outcome = run();
    assert_eq!(outcome.variables(&["KEY"]), ["q7zk-6b02-after"]);
    assert!(!outcome.stdout().contains("OLD="), "{outcome:?}");
}

#[test]
fn a_hundred_parameters_are_ten_calls() {
    let moto = Moto::start();
    let mut entries = String::new();
    for number in 0..100 {
        moto.parameter(
            REGION,
            &format!("/app/P{number}"),
            "String",
            &format!("v{number}"),
        );
        entries.push_str(&format!("[secrets.P{number}]\n"));
    }
    // Each call is on the way for so long that the next can't take its connection.
    let link = Link::to(moto.address()).round_trip(Duration::from_millis(300));
    let outcome = project(&entries)
        .launcher(link.address())
        .command(["env"])
        .run();
    let names: Vec<_> = (0..100).map(|number| format!("P{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let values: Vec<_> = (0..100).map(|number| format!("v{number}")).collect();
    assert_eq!(outcome.variables(&names), values);
    assert_eq!(link.connections(), 10);
    // To connect, and the calls, which go at once.
    assert_eq!(link.round_trips(), 2);
}

#[test]
fn a_parameter_of_another_region_or_account_is_asked_for_by_its_arn_there() {
    let arn = "arn:aws:ssm:us-east-2:123456789012:parameter/shared/token";
    let server = SecretServer::start();
    let found = json!({
        "Name": arn, "ARN": arn, "Type": "SecureString", "Value": VALUE, "Version": 4
    });
    let body = json!({ "Parameters": [found], "InvalidParameters": [] });
    server.answer("/", Response::new(200).body(body.to_string()));
    let project = project(&format!("[secrets.TOKEN]\nfrom = \"aws:{arn}\"\n"));
    let outcome = project.launcher(server.address()).command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
    let request = &server.requests()[0];
    let asked: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(asked, json!({ "Names": [arn], "WithDecryption": true }));
    let signed = request.header("authorization").expect("it is signed");
    assert!(signed.contains("/us-east-2/ssm/"), "{signed}");
}

#[test]
fn what_refuses_a_whole_call_is_said_of_the_parameter_that_it_is_about() {
    let server = SecretServer::start();
    let denied = |code: &str| {
        let body = json!({ "__type": code, "message": VALUE });
        Response::new(400).body(body.to_string())
    };
    let found = json!({ "Name": "/app/GOOD", "Type": "String", "Value": VALUE, "Version": 1 });
    let good = json!({ "Parameters": [found], "InvalidParameters": [] });
    let single = json!({ "Names": ["/app/GOOD"], "WithDecryption": true }).to_string();
    for (code, kind, message) in [
        (
            "AccessDeniedException",
            "aws-access-denied",
            "AWS denies `ssm:GetParameters` on \
             `arn:aws:ssm:eu-west-1:*:parameter/app/DENIED`",
        ),
        (
            "InvalidKeyId",
            "aws-key-denied",
            "AWS may not decrypt `/app/DENIED` for these credentials",
        ),
    ] {
        let answer = Response::new(200).body(good.to_string());
        server.answer("/", answer.only_for(&single, denied(code)));
        let project = project("[secrets.DENIED]\n[secrets.GOOD]\n");
        let outcome = project
            .launcher(server.address())
            .command(project.marker())
            .run();
        outcome.exits_with(125).shows_no(VALUE);
        assert!(!project.started());
        let problem = outcome.problem(kind);
        assert_eq!(problem["secret"], "DENIED");
        assert_eq!(problem["message"], message);
        assert_eq!(outcome.problems().len(), 1, "{outcome:?}");
    }
}

#[test]
fn an_answer_without_what_was_asked_for_is_no_answer() {
    let server = SecretServer::start();
    for parameters in [
        json!([]),
        json!([{ "Name": "/app/TOKEN", "Type": "String" }]),
    ] {
        let body = json!({ "Parameters": parameters, "InvalidParameters": [] });
        server.answer("/", Response::new(200).body(body.to_string()));
        let project = project("[secrets.TOKEN]\n");
        let outcome = project
            .launcher(server.address())
            .command(project.marker())
            .run();
        let _ = outcome.exits_with(125).problem("aws-no-answer");
        assert!(!project.started());
    }
}
