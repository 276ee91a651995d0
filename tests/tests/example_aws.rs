//! The example with its secrets in AWS, as its README tells to run it: moto stands for AWS.

use std::env;
use std::net::SocketAddr;
use std::process::{Command, Output};

use secret_run_tests::{
    Gateway, Launcher, Moto, Project, REGION, binary, built_server, repository,
};

/// Values that production takes: dummies, but not such as placeholders look.
const VALUES: [(&str, &str); 8] = [
    (
        "DATABASE_URL",
        "postgres://gateway:q7zk8d11x@db.internal:5432/gateway",
    ),
    ("REDIS_URL", "redis://:q7zk8d12x@cache.internal:6379/0"),
    (
        "JWT_SECRET",
        "cTd6azhkMTN4cTd6azhkMTN4cTd6azhkMTN4cTd6azhkMTM=",
    ),
    (
        "API_ENCRYPTION_KEY",
        "8d14a1f07c3be5962d48f0a97b1c6e358d14a1f07c3be5962d48f0a97b1c6e35",
    ),
    ("STRIPE_SECRET_KEY", "sk_test_q7zk8d15xWq7zk8d15xWq7zk"),
    (
        "STRIPE_WEBHOOK_SECRET",
        "whsec_q7zk8d16xWq7zk8d16xWq7zk8d16",
    ),
    (
        "ETHEREUM_SEPOLIA_RPC_URL",
        "https://ethereum.internal/v2/q7zk8d17x",
    ),
    ("BASE_SEPOLIA_RPC_URL", "https://base.internal/v2/q7zk8d18x"),
];

fn dotenv(jwt_secret: &str) -> String {
    let lines = VALUES.iter().map(|(name, value)| {
        let value = if *name == "JWT_SECRET" {
            jwt_secret
        } else {
            value
        };
        format!("{name}={value}\n")
    });
    lines.collect()
}

/// A copy of the example's folder.
fn example() -> Project {
    let project = Project::new();
    for file in ["secrets.toml", "put-secrets.sh"] {
        let content = std::fs::read(repository(&format!("examples/aws/{file}")));
        project.write(file, content.expect("the example is there"));
    }
    project
}

fn put(project: &Project, endpoint: SocketAddr, arguments: &[&str]) -> Output {
    let launcher = binary("secret-run");
    let aws = built_server("aws").expect("`cargo xtask test` installs it");
    let folders = [&launcher, &aws].map(|program| program.parent().expect("a folder").to_owned());
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(folders.into_iter().chain(env::split_paths(&path)));
    Command::new("bash")
        .arg(project.path("put-secrets.sh"))
        .args(arguments)
        .current_dir(project.folder())
        .env_clear()
        .env("PATH", path.expect("folders are a path"))
        .envs(account(endpoint))
        .env("HOME", project.folder())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("bash is there")
}

fn account(endpoint: SocketAddr) -> [(&'static str, String); 4] {
    [
        ("AWS_ACCESS_KEY_ID", "AKIADUMMY".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "dummy-key".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{endpoint}")),
    ]
}

fn launcher(project: &Project, endpoint: SocketAddr) -> Launcher<'_> {
    let mut launcher = project.launcher().env("NODE_ENV", "production");
    for (name, value) in account(endpoint) {
        launcher = launcher.env(name, value);
    }
    launcher.env("HOME", project.folder())
}

/// What the script said, line by line, without the prefix of all names.
fn said(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{complaint}");
    for (_, value) in VALUES {
        assert!(
            !text.contains(value) && !complaint.contains(value),
            "{text}\n{complaint}"
        );
    }
    let lines = text
        .lines()
        .map(|line| line.trim_start_matches("api-gateway/production/"));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_gateway_runs_in_production_with_its_secrets_in_aws() {
    let moto = Moto::start();
    let project = example();
    project.write("values", dotenv(VALUES[2].1));
    let created = said(&put(&project, moto.address(), &["values"]));
    assert_eq!(
        created,
        [
            "DATABASE_URL: created",
            "REDIS_URL: created",
            "JWT_SECRET: created",
            "API_ENCRYPTION_KEY: created",
            "ETHEREUM_SEPOLIA_RPC_URL: created",
            "BASE_SEPOLIA_RPC_URL: created",
            "LINEA_SEPOLIA_RPC_URL: left out",
            "TELEGRAM_BOT_TOKEN: left out",
            "stripe: created",
        ]
    );
    let unchanged = said(&put(&project, moto.address(), &["values"]));
    assert!(
        !unchanged
            .iter()
            .any(|line| line.ends_with("ed") && !line.ends_with("unchanged"))
    );

    let gateway = Gateway::start(launcher(&project, moto.address()));
    let health = gateway.get("/health");
    assert_eq!(health.status, 200);
    let document: serde_json::Value = serde_json::from_str(&health.body).expect("JSON");
    for (name, value) in VALUES {
        assert_eq!(document["secrets"][name], true, "{name}");
        assert!(!health.body.contains(value));
    }
    gateway.stop().exits_with(0);

    let new = "bmV3LXE3ems4ZDEzeC1uZXctcTd6azhkMTN4LW5ldy1xN3o=";
    project.write("values", dotenv(new));
    let updated = said(&put(&project, moto.address(), &["values"]));
    let updated: Vec<_> = updated
        .iter()
        .filter(|line| line.ends_with(": updated"))
        .collect();
    assert_eq!(updated, ["JWT_SECRET: updated"]);
    let outcome = launcher(&project, moto.address()).command(["env"]).run();
    let names = ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "STRIPE_SECRET_KEY"];
    assert_eq!(outcome.variables(&names), [new, VALUES[2].1, VALUES[4].1]);
}

#[test]
fn a_required_value_that_nobody_gives_is_named_and_nothing_is_made_of_it() {
    let moto = Moto::start();
    let project = example();
    let output = put(&project, moto.address(), &[]);
    assert!(!output.status.success());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        complaint.contains("DATABASE_URL is required and has no value"),
        "{complaint}"
    );
    let outcome = launcher(&project, moto.address())
        .command(project.marker())
        .run();
    outcome
        .exits_with(125)
        .stderr_has("`DATABASE_URL` is required and missing");
    assert!(!project.started());
}
