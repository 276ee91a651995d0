//! The example, as its README tells to run it.

use std::fs;

use secret_run_tests::{Gateway, Project, binary, repository};

/// The manifest of the example, with `.env.example` as its `.env`.
fn example() -> Project {
    let read = |name: &str| {
        let file = repository(&format!("examples/api-gateway/{name}"));
        fs::read_to_string(file).expect("the example is text")
    };
    Project::with(&read("secrets.toml"), &read(".env.example"))
}

/// Every value that `.env.example` gives to a secret.
fn values() -> Vec<String> {
    let file = fs::read_to_string(repository("examples/api-gateway/.env.example"));
    let file = file.expect("the example is text");
    let assignments = file.lines().filter(|line| !line.starts_with('#'));
    let assignments = assignments.filter_map(|line| line.split_once('='));
    let secrets = assignments.filter(|(name, _)| *name != "CORS_ALLOWED_ORIGINS");
    let values: Vec<_> = secrets.map(|(_, value)| value.to_owned()).collect();
    assert_eq!(
        values.len(),
        8,
        "the eight required secrets stand in .env.example"
    );
    values
}

#[test]
fn the_gateway_starts_from_the_example_and_shows_no_value() {
    let project = example();
    let gateway = Gateway::start(project.launcher());
    let health = gateway.get("/health");
    assert_eq!(health.status, 200);
    let document: serde_json::Value =
        serde_json::from_str(&health.body).expect("/health answers JSON");
    assert_eq!(document["status"], "ok");
    assert_eq!(document["secrets"]["DATABASE_URL"], true);
    assert_eq!(document["secrets"]["TELEGRAM_BOT_TOKEN"], false);
    // A default of the manifest, and a setting out of .env.
    assert_eq!(document["config"]["base_url"], "http://localhost:8080");
    assert_eq!(
        document["config"]["cors_allowed_origins"][0],
        "http://localhost:3000"
    );

    let outcome = gateway.stop();
    outcome.exits_with(0);
    for value in values() {
        assert!(!health.body.contains(&value), "/health shows {value}");
        outcome.shows_no(&value);
    }
}

#[test]
fn the_launcher_becomes_the_gateway() {
    let project = example();
    let gateway = Gateway::start(project.launcher());
    let program = fs::read_link(format!("/proc/{}/exe", gateway.id()));
    let program = program.expect("the gateway runs");
    assert_eq!(
        program,
        binary("api-gateway").canonicalize().expect("it is there")
    );
}

#[test]
fn one_run_tells_every_problem_and_no_value() {
    let project = example();
    let dotenv = fs::read_to_string(project.path(".env")).expect("it was written");
    let broken = dotenv
        .replace("REDIS_URL=redis", "#")
        .replace("DATABASE_URL=postgres://", "DATABASE_URL=mysql://");
    project.write(".env", broken);
    let outcome = project.launcher().command(["echo", "it-runs-anyway"]).run();
    outcome
        .exits_with(125)
        .stderr_has("REDIS_URL")
        .stderr_has("DATABASE_URL");
    outcome
        .shows_no("it-runs-anyway")
        .shows_no("dummy-password");
}

#[test]
fn production_does_not_start_from_a_dotenv() {
    let backends: [&[&str]; 2] = [&[], &["--backend", "dotenv"]];
    for backend in backends {
        let project = example();
        let launcher = project.launcher().env("NODE_ENV", "production");
        let outcome = launcher
            .args(backend)
            .command(["echo", "it-runs-anyway"])
            .run();
        outcome
            .exits_with(125)
            .stderr_has("production-env-backend")
            .stderr_has("NODE_ENV=production");
        outcome
            .shows_no("it-runs-anyway")
            .shows_no("dummy-password");
    }
}

#[test]
fn production_says_which_variable_makes_it_production() {
    let project = example();
    let launcher = project.launcher().env("NODE_ENV", "production");
    let launcher = launcher.args(["--env", "development"]);
    let outcome = launcher.command(["echo", "it-runs-anyway"]).run();
    outcome
        .exits_with(125)
        .stderr_has("NODE_ENV")
        .shows_no("it-runs-anyway");
}
