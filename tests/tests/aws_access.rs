//! How AWS is reached: what it must allow, what is said when something is missing, and
//! what of it the command gets.

use std::net::SocketAddr;
use std::time::Duration;

use secret_run_tests::{AwsProject, Fault, Launcher, Link, Moto, Project, Quality, REGION};
use serde_json::{Value, json};

const VALUE: &str = "dummy-90f3-of-aws";
const STORE: &str = "kind = \"aws-secrets-manager\"\nprefix = \"app/\"";

fn hint(problem: &Value) -> &str {
    problem["hint"].as_str().expect("it has a hint")
}

#[test]
fn what_is_missing_is_looked_for_among_its_neighbours() {
    let moto = Moto::start();
    for name in ["app/DATABASE_URL", "app/JWT_SECRET", "other/API_KEY"] {
        let _ = moto.secret(REGION, name, VALUE);
    }
    let project = AwsProject::new(
        STORE,
        "[secrets.DATABASE_URI]\n[secrets.API_KEY]\n[secrets.FAR]\nkey = \"deeper/FAR\"\n\
         [secrets.OPTIONAL]\nrequired = false\n",
    );
    let outcome = project.launcher(moto.address());
    let outcome = outcome.command(project.marker()).run();
    outcome.exits_with(125).shows_no(VALUE);
    assert!(!project.started());
    let problems = outcome.problems();
    let hints: Vec<_> = problems.iter().map(hint).collect();
    let looked = "looked in `aws` of kind `aws-secrets-manager` for";
    assert_eq!(
        hints,
        [
            format!(
                "{looked} `app/DATABASE_URI`, in eu-west-1, where the nearest name is \
                 `app/DATABASE_URL`"
            ),
            format!("{looked} `app/API_KEY`, in eu-west-1"),
            format!(
                "{looked} `app/deeper/FAR`, in eu-west-1, where no name begins with `app/deeper/`"
            ),
        ]
    );
}

#[test]
fn a_missing_parameter_is_looked_for_among_its_neighbours() {
    let moto = Moto::start();
    moto.parameter(REGION, "/app/LOG_LEVEL", "String", VALUE);
    let project = AwsProject::new(
        "kind = \"aws-parameter-store\"\nprefix = \"/app/\"",
        "[secrets.LOG_LEVLE]\n",
    );
    let outcome = project.launcher(moto.address());
    let outcome = outcome.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("missing-value");
    assert!(hint(&problem).ends_with("in eu-west-1, where the nearest name is `/app/LOG_LEVEL`"));
    assert!(!project.started());
}

/// The sentence of AWS about a batch quotes who asks.
#[test]
fn a_batch_that_a_key_denies_is_read_one_by_one() {
    use secret_run_tests::{Response, SecretServer};
    let server = SecretServer::start();
    let denied = json!({
        "__type": "AccessDeniedException",
        "message": "User: arn:aws:iam::123456789012:user/a is not authorized to perform: kms:Decrypt",
    });
    let secret = json!({ "Name": "app/TOKEN", "SecretString": VALUE });
    let json = |status: u16, body: &Value| {
        let answer = Response::new(status).header("content-type", "application/x-amz-json-1.1");
        answer.body(body.to_string())
    };
    let single = json(200, &secret);
    let target = ("x-amz-target", "secretsmanager.GetSecretValue");
    server.answer(
        "/",
        single.only_with(target.0, target.1, json(400, &denied)),
    );
    let project = AwsProject::new(STORE, "[secrets.TOKEN]\n[secrets.OTHER]\n");
    let outcome = project.launcher(server.address()).command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN", "OTHER"]), [VALUE, VALUE]);
    assert_eq!(server.requests().len(), 3);
}

/// A policy that is printed is pasted: it must not grant what nobody has seen.
#[test]
fn a_name_that_a_policy_takes_for_a_pattern_is_refused_where_it_stands() {
    let project = AwsProject::new(
        STORE,
        "[secrets.TOKEN]\n[secrets.ANY]\nkey = \"team/*\"\n[secrets.OWN]\nkey = \"${aws:username}\"\n",
    );
    let outcome = project.bare().args(["aws", "policy"]).run();
    let problems = outcome.exits_with(125).problems();
    let told = problems.iter().map(|problem| {
        assert_eq!(problem["kind"], "aws-name-is-pattern");
        problem["secret"].clone()
    });
    assert_eq!(told.collect::<Vec<_>>(), [json!("ANY"), json!("OWN")]);
    assert_eq!(outcome.stdout(), "");
}

#[test]
fn a_proxy_that_is_not_used_is_said_where_nobody_is_reached() {
    let project = AwsProject::new(STORE, "[secrets.TOKEN]\n");
    let launcher = project.launcher(([127, 0, 0, 1], 1).into());
    let launcher = launcher.env("HTTPS_PROXY", "http://proxy.example.com:3128");
    let outcome = launcher.command(project.marker()).run();
    let problem = outcome.exits_with(125).problem("aws-unreachable");
    assert!(hint(&problem).ends_with("HTTPS_PROXY is set, but secret-run goes through no proxy"));
}

#[test]
fn the_endpoint_of_the_manifest_wins_over_that_of_variables() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let endpoint = format!("{STORE}\nendpoint = \"http://{}\"", moto.address());
    let project = AwsProject::new(&endpoint, "[secrets.TOKEN]\n");
    let elsewhere = project.launcher(([127, 0, 0, 1], 1).into());
    let outcome = elsewhere.command(["env"]).run();
    assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
}

#[test]
fn a_link_that_heals_in_time_is_no_trouble() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let link = Link::to(moto.address()).fault(Fault::ResetAfter(0));
    let project = AwsProject::new(STORE, "[secrets.TOKEN]\n");
    let outcome = std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            let launcher = project.launcher(link.address());
            launcher.command(["env"]).run()
        });
        // The first is over by then, whenever the change comes to the second.
        while link.connections() < 2 && !running.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        link.change(Quality::default());
        running.join().expect("the launcher was run")
    });
    assert_eq!(outcome.variables(&["TOKEN"]), [VALUE]);
    assert!(link.connections() > 1);
}

#[test]
fn variables_of_aws_reach_the_command_unless_the_backend_keeps_them() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    for (scrub, inherited) in [
        ("", true),
        ("\nscrub = false", true),
        ("\nscrub = true", false),
    ] {
        let project = AwsProject::new(&format!("{STORE}{scrub}"), "[secrets.TOKEN]\n");
        let launcher = project.launcher(moto.address()).env("MY_AWS_NAME", "stays");
        let outcome = launcher.command(["env"]).run();
        assert_eq!(
            outcome.variables(&["TOKEN", "MY_AWS_NAME"]),
            [VALUE, "stays"]
        );
        let variables = [
            "AWS_ACCESS_KEY_ID=",
            "AWS_SECRET_ACCESS_KEY=",
            "AWS_REGION=",
        ];
        for variable in variables {
            let found = outcome
                .stdout()
                .lines()
                .any(|line| line.starts_with(variable));
            assert_eq!(found, inherited, "{scrub} {variable}");
        }
    }
}

/// A manifest that names no backend, so that variables do.
fn undeclared(project: &Project, endpoint: SocketAddr) -> Launcher<'_> {
    let launcher = project.launcher().env("HOME", project.folder());
    launcher
        .env("AWS_ACCESS_KEY_ID", "AKIADUMMY")
        .env("AWS_SECRET_ACCESS_KEY", "dummy-key")
        .env("AWS_REGION", REGION)
        .env("AWS_ENDPOINT_URL", format!("http://{endpoint}"))
        .args(["--env", "production", "--error-format", "json"])
}

#[test]
fn variables_alone_can_say_that_secrets_are_in_aws() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "lagomo/TOKEN", VALUE);
    let _ = moto.secret(REGION, "TOKEN", "dummy-90f4-without-prefix");
    moto.parameter(
        REGION,
        "/lagomo/TOKEN",
        "SecureString",
        "dummy-90f5-parameter",
    );
    let project = Project::with("version = 1\n[secrets.TOKEN]\n", "");
    for (backend, prefix, value) in [
        ("aws", "lagomo/", VALUE),
        ("aws-secrets-manager", "lagomo/", VALUE),
        ("AWS", "", "dummy-90f4-without-prefix"),
        ("aws-parameter-store", "/lagomo/", "dummy-90f5-parameter"),
    ] {
        let launcher = undeclared(&project, moto.address()).env("SECRETS_BACKEND", backend);
        let launcher = launcher.env("AWS_SECRETS_PREFIX", prefix);
        let outcome = launcher.command(["env"]).run();
        assert_eq!(outcome.variables(&["TOKEN"]), [value], "{backend}");
    }
    // Without it, production has no backend that keeps secrets.
    let outcome = undeclared(&project, moto.address()).command(project.marker());
    let _ = outcome
        .run()
        .exits_with(125)
        .problem("production-env-backend");
}

#[test]
fn the_prefix_of_the_manifest_wins_over_that_of_variables() {
    let moto = Moto::start();
    let _ = moto.secret(REGION, "app/TOKEN", VALUE);
    let project = AwsProject::new(STORE, "[secrets.TOKEN]\n");
    let launcher = project.launcher(moto.address());
    let outcome = launcher
        .env("AWS_SECRETS_PREFIX", "other/")
        .command(["env"]);
    assert_eq!(outcome.run().variables(&["TOKEN"]), [VALUE]);
}

#[test]
fn the_policy_allows_what_the_manifest_needs_and_no_more() {
    let project = AwsProject::new(
        STORE,
        "[secrets.TOKEN]\nprevious = { name = \"OLD\", grace = \"1d\" }\n\
         [secrets.FIELD]\nkey = \"database#password\"\n\
         [secrets.PARTNER]\n\
         from = \"aws:arn:aws:secretsmanager:us-east-1:123456789012:secret:partner-AbCdEf\"\n\
         [config.LEVEL]\nfrom = \"parameters:/app/level?version=3\"\n\
         [backends.parameters]\nkind = \"aws-parameter-store\"\nregion = \"eu-north-1\"\n",
    );
    let key = "arn:aws:kms:eu-west-1:123456789012:key/dummy";
    let run = |words: &[&str]| {
        let launcher = project.bare().args(["aws", "policy"]).args(words);
        launcher.env("AWS_REGION", REGION).run()
    };
    let outcome = run(&["--account", "123456789012", "--key", key]);
    outcome.exits_with(0);
    let secret = |region: &str, name: &str| {
        format!("arn:aws:secretsmanager:{region}:123456789012:secret:{name}")
    };
    assert_eq!(
        outcome.stdout_json(),
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "ReadSecrets",
                    "Effect": "Allow",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": [
                        secret(REGION, "app/TOKEN-??????"),
                        secret(REGION, "app/database-??????"),
                        secret("us-east-1", "partner-AbCdEf"),
                    ],
                },
                {
                    "Sid": "ReadInBatches",
                    "Effect": "Allow",
                    "Action": "secretsmanager:BatchGetSecretValue",
                    "Resource": ["*"],
                },
                {
                    "Sid": "ReadParameters",
                    "Effect": "Allow",
                    "Action": "ssm:GetParameters",
                    "Resource": ["arn:aws:ssm:eu-north-1:123456789012:parameter/app/level"],
                },
                {
                    "Sid": "DecryptThem",
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": [key],
                    "Condition": {
                        "StringLike": {
                            "kms:ViaService": [
                                "secretsmanager.*.amazonaws.com",
                                "ssm.*.amazonaws.com",
                            ],
                        },
                    },
                },
            ],
        })
    );
    // A single secret is read without a batch; an account that nobody names is any.
    project.entries("[secrets.TOKEN]\n");
    let statements = run(&[]).stdout_json()["Statement"].clone();
    assert_eq!(statements.as_array().map(Vec::len), Some(1));
    let any = "arn:aws:secretsmanager:eu-west-1:*:secret:app/TOKEN-??????";
    assert_eq!(statements[0]["Resource"], json!([any]));
    let outcome = run(&["--account", "12"]);
    outcome
        .exits_with(125)
        .stderr_has("an account has 12 digits");
    let outcome = project.files().launcher().args(["aws", "policy"]).run();
    outcome.exits_with(125).stderr_has("reads nothing from AWS");
}

#[test]
fn mistakes_in_the_backend_are_all_said_at_once() {
    let project = AwsProject::new(
        "kind = \"aws-secrets-manager\"\nregion = \"eu-west-1.example.com\"\n\
         endpoint = \"https://user@example.com\"\nfips = \"yes\"\n\
         role = { arn = \"reader\", session-name = \"a b\", exteral-id = \"x\" }",
        "[secrets.TOKEN]\n",
    );
    let outcome = project.bare().command(project.marker()).run();
    outcome.exits_with(125);
    assert!(!project.started());
    let kinds: Vec<_> = outcome
        .problems()
        .iter()
        .map(|problem| problem["kind"].clone())
        .collect();
    let malformed = json!("malformed-text");
    assert_eq!(
        kinds.iter().filter(|kind| **kind == malformed).count(),
        4,
        "{outcome:?}"
    );
    assert!(kinds.contains(&json!("unknown-key")) && kinds.contains(&json!("wrong-type")));
    assert_eq!(kinds.len(), 6, "{outcome:?}");
}
