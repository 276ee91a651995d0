//! The components for services that cannot run here, under the built launcher. The server answers
//! in the shapes that the public reference of each API has, well and badly.

use std::path::Path;

use secret_run_tests::{Launcher, Outcome, PluginProject, Response, SecretServer, base64};
use serde_json::{Value, json};

const TOKEN: &str = "dummy-token-of-the-service-4e19";
const PASSWORD: &str = "dummy-password-\"ü\"-94c1";
const KEY: &str = "-----BEGIN DUMMY-----\nZHVtbXk=\n-----END DUMMY-----";
/// What a server says of an error, which nobody shall see.
const SAID: &str = "dummy-words-of-the-server";

/// What a service answers, and how the manifest asks it.
struct Service {
    component: &'static str,
    /// Settings besides the address.
    settings: &'static str,
    /// Which setting the address is.
    address: &'static str,
    /// Where `PASSWORD` and `KEY` are, and something that is not there.
    keys: [&'static str; 3],
    /// What it answers to which path, with the query where that decides.
    answers: Vec<(&'static str, Value)>,
    /// The path of `answers` that is answered badly, and how many entries come from it.
    broken: (&'static str, usize),
    /// How it says that there is nothing, if by a status: the path, and the answer.
    absent: Option<(&'static str, Value)>,
}

fn services() -> [Service; 5] {
    [doppler(), onepassword(), kubernetes(), google(), azure()]
}

fn doppler() -> Service {
    let download = "/v3/configs/config/secrets/download?format=json&project=api&config=dev%20eu";
    Service {
        component: "doppler",
        settings: "project = \"api\", config = \"dev eu\"",
        address: "address",
        keys: ["DB_PASSWORD", "TLS_KEY", "NOTHING"],
        answers: vec![(
            download,
            json!({ "DOPPLER_CONFIG": "dev eu", "DB_PASSWORD": PASSWORD, "TLS_KEY": KEY }),
        )],
        broken: (download, 2),
        absent: None,
    }
}

fn onepassword() -> Service {
    let vault = json!({ "id": "ftz4pm2xxwmwrsd7rjqn7grzfz", "name": "App Vault" });
    let items = "/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items";
    let item = "/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items/2fcbqwe9ndg175zg2dzwftvkpa";
    let overview = json!({
        "id": "2fcbqwe9ndg175zg2dzwftvkpa", "title": "db", "vault": { "id": vault["id"] },
        "category": "DATABASE", "version": 3,
    });
    let mut whole = overview.clone();
    whole["fields"] = json!([
        { "id": "password", "type": "CONCEALED", "purpose": "PASSWORD", "label": "password",
          "value": PASSWORD },
        { "id": "a1", "type": "STRING", "label": "tls key", "value": KEY },
    ]);
    Service {
        component: "onepassword-connect",
        settings: "vault = \"App Vault\"",
        address: "address",
        keys: ["db/password", "db/tls key", "nothing/password"],
        answers: vec![
            (
                "/v1/vaults?filter=name%20eq%20%22App%20Vault%22",
                json!([vault]),
            ),
            (
                "/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items?filter=title%20eq%20%22db%22",
                json!([overview]),
            ),
            // What no title fits.
            (items, json!([])),
            (item, whole),
        ],
        broken: (item, 2),
        absent: None,
    }
}

fn kubernetes() -> Service {
    let secret = "/api/v1/namespaces/api/secrets/app";
    Service {
        component: "kubernetes",
        settings: "namespace = \"api\"",
        address: "address",
        keys: ["app/password", "app/tls.key", "nothing/key"],
        answers: vec![(
            secret,
            json!({
                "kind": "Secret", "apiVersion": "v1", "type": "Opaque",
                "metadata": { "name": "app", "namespace": "api", "resourceVersion": "837" },
                "data": {
                    "password": base64(PASSWORD.as_bytes()), "tls.key": base64(KEY.as_bytes()),
                },
            }),
        )],
        broken: (secret, 2),
        absent: Some((
            "/api/v1/namespaces/api/secrets/nothing",
            json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound",
                "message": SAID, "code": 404,
            }),
        )),
    }
}

fn google() -> Service {
    let password = "/v1/projects/acme/secrets/db-password/versions/latest:access";
    let version = |name: &str, value: &str| {
        json!({
            "name": format!("projects/123456/secrets/{name}/versions/3"),
            "payload": { "data": base64(value.as_bytes()) },
        })
    };
    let mut first = version("db-password", PASSWORD);
    first["payload"]["dataCrc32c"] = json!("4068032108");
    Service {
        component: "gcp-secret-manager",
        settings: "project = \"acme\"",
        address: "address",
        keys: [
            "db-password",
            "projects/other/secrets/tls-key?version=3",
            "nothing",
        ],
        answers: vec![
            (password, first),
            (
                "/v1/projects/other/secrets/tls-key/versions/3:access",
                version("tls-key", KEY),
            ),
        ],
        broken: (password, 1),
        absent: Some((
            "/v1/projects/acme/secrets/nothing/versions/latest:access",
            json!({ "error": { "code": 404, "message": SAID, "status": "NOT_FOUND" } }),
        )),
    }
}

fn azure() -> Service {
    const VERSION: &str = "4387e9f3d6e14c459867679a90fd0f79";
    let password = "/secrets/db-password?api-version=7.4";
    let bundle = |name: &str, value: &str| {
        json!({
            "value": value,
            "id": format!("https://acme.vault.azure.net/secrets/{name}/{VERSION}"),
            "attributes": { "enabled": true, "created": 1_700_000_000, "updated": 1_700_000_000 },
        })
    };
    Service {
        component: "azure-key-vault",
        settings: "",
        address: "vault",
        keys: [
            "db-password",
            "tls-key?version=4387e9f3d6e14c459867679a90fd0f79",
            "nothing",
        ],
        answers: vec![
            (password, bundle("db-password", PASSWORD)),
            (
                "/secrets/tls-key/4387e9f3d6e14c459867679a90fd0f79?api-version=7.4",
                bundle("tls-key", KEY),
            ),
        ],
        broken: (password, 1),
        absent: Some((
            "/secrets/nothing?api-version=7.4",
            json!({ "error": { "code": "SecretNotFound", "message": SAID } }),
        )),
    }
}

impl Service {
    /// A server that answers all of this to whoever has the token.
    fn start(&self) -> SecretServer {
        let server = SecretServer::start();
        for (path, body) in &self.answers {
            server.answer(path, guarded(Response::new(200).body(body.to_string())));
        }
        if let Some((path, body)) = &self.absent {
            server.answer(path, guarded(Response::new(404).body(body.to_string())));
        }
        server
    }

    fn project(&self, server: &SecretServer, entries: &str) -> PluginProject {
        let (origin, address) = (server.origin(), self.address);
        let mut settings = format!("{address} = \"{origin}\"");
        if !self.settings.is_empty() {
            settings = format!("{settings}, {}", self.settings);
        }
        let plugin = format!(
            "settings = {{ {settings} }}\nallow.http = [\"{origin}\"]\n\
             allow.private-addresses = [\"{origin}\"]\n\
             credentials.\"{origin}\".bearer = \"{{SERVICE_TOKEN}}\"\n"
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        PluginProject::new(folder, self.component, &plugin, entries)
    }

    /// The entries `PASSWORD` and `KEY`, which may be absent as far as the manifest is concerned.
    fn both(&self) -> String {
        let [password, key, _] = self.keys;
        format!(
            "[secrets.PASSWORD]\nkey = \"{password}\"\nrequired = false\n\
             [secrets.KEY]\nkey = \"{key}\"\nrequired = false\n"
        )
    }

    /// What is refused, of this kind, when one path is answered so.
    #[track_caller]
    fn refuses(&self, response: Response, kind: &str) -> Outcome {
        let server = self.start();
        let (path, entries) = self.broken;
        server.answer(path, guarded(response));
        let project = self.project(&server, &self.both());
        let outcome = project.refuses(with_token(&project, TOKEN), &vec![kind; entries]);
        shows_nothing(&outcome);
        outcome
    }
}

/// Only for those who have the token, in the header where each of these services wants it.
fn guarded(response: Response) -> Response {
    let bearer = format!("Bearer {TOKEN}");
    response.only_with("authorization", &bearer, Response::new(401).body(SAID))
}

fn with_token<'a>(project: &'a PluginProject, token: &str) -> Launcher<'a> {
    project.launcher().env("SERVICE_TOKEN", token)
}

#[track_caller]
fn shows_nothing(outcome: &Outcome) {
    outcome.shows_no(TOKEN).shows_no(PASSWORD).shows_no(SAID);
}

#[test]
fn the_command_gets_the_secrets_and_the_service_the_token() {
    for service in services() {
        let server = service.start();
        let project = service.project(&server, &service.both());
        for (name, value) in [("PASSWORD", PASSWORD), ("KEY", KEY)] {
            let run = with_token(&project, TOKEN).command(["printenv", name]);
            let outcome = run.run();
            outcome.exits_with(0).shows_no(TOKEN);
            assert_eq!(
                outcome.stdout(),
                format!("{value}\n"),
                "{}",
                service.component
            );
        }
        let run = with_token(&project, TOKEN).command(["printenv", "SERVICE_TOKEN"]);
        run.run().exits_with(1);
        let bearer = format!("Bearer {TOKEN}");
        for request in server.requests() {
            assert_eq!(request.method, "GET");
            assert_eq!(request.header("authorization"), Some(&*bearer));
            assert!(!request.path.contains(TOKEN), "{}", request.path);
        }
    }
}

#[test]
fn a_batch_costs_as_few_requests_as_the_service_allows() {
    for service in services() {
        let server = service.start();
        let [password, key, nothing] = service.keys;
        let entries = format!(
            "{}[secrets.AGAIN]\nkey = \"{password}\"\n[secrets.KEY_AGAIN]\nkey = \"{key}\"\n\
             [secrets.NOTHING]\nkey = \"{nothing}\"\nrequired = false\n",
            service.both()
        );
        let project = service.project(&server, &entries);
        let outcome = with_token(&project, TOKEN).command(["env"]).run();
        outcome.exits_with(0);
        outcome.stdout_has(&format!("AGAIN={PASSWORD}\n"));
        assert!(!outcome.stdout().contains("NOTHING="), "{outcome:?}");
        let expected = match service.component {
            // All secrets of the config.
            "doppler" => 1,
            // The vault, two titles, the item that there is.
            "onepassword-connect" => 4,
            // Two secrets, of which one is not there.
            "kubernetes" => 2,
            // Each secret for itself.
            _ => 3,
        };
        assert_eq!(server.requests().len(), expected, "{}", service.component);
    }
}

#[test]
fn what_is_not_there_is_missing() {
    for service in services() {
        let server = service.start();
        let entries = format!("[secrets.NOTHING]\nkey = \"{}\"\n", service.keys[2]);
        let project = service.project(&server, &entries);
        let outcome = project.refuses(with_token(&project, TOKEN), &["missing-value"]);
        shows_nothing(&outcome);
        outcome.stderr_has("NOTHING");
    }
}

#[test]
fn a_token_that_is_wrong_is_told_from_one_that_may_not() {
    for service in services() {
        let denied = Response::new(403).body(SAID);
        let outcome = service.refuses(denied, "plugin-access-denied");
        for problem in outcome.problems() {
            assert!(problem["hint"].is_string(), "{problem}");
        }
        let server = service.start();
        let project = service.project(&server, &service.both());
        let wrong = "dummy-other-token-3b7a";
        let kinds = ["plugin-unauthenticated"; 2];
        let outcome = project.refuses(with_token(&project, wrong), &kinds);
        shows_nothing(outcome.shows_no(wrong));
    }
}

#[test]
fn an_outage_is_no_absent_value() {
    for service in services() {
        let (path, _) = service.broken;
        let mut answers = service.answers.iter();
        let good = answers.find(|(known, _)| *known == path);
        let good = good.expect("the path has an answer").1.to_string();
        let half = Response::new(200).claim(2 * good.len() as u64).body(good);
        let throttled = Response::new(429).header("retry-after", "70").body(SAID);
        let outcome = service.refuses(throttled, "plugin-unavailable");
        outcome.stderr_has("asked again in 70 s");
        for response in [Response::new(500).body(SAID), Response::new(503), half] {
            service.refuses(response, "plugin-unavailable");
        }
    }
}

#[test]
fn what_is_no_answer_of_the_service_is_no_value() {
    for service in services() {
        for body in [
            "",
            "{\"value\": ",
            "[\"dummy-words-of-the-server\"]",
            "5",
            "<html>dummy-words-of-the-server</html>",
            "{\"value\": \"\u{0}\"}\u{0}",
        ] {
            let response = Response::new(200).body(body);
            service.refuses(response, "plugin-other");
        }
        service.refuses(Response::new(204), "plugin-other");
        let elsewhere = Response::redirect(302, "http://127.0.0.1:9/").body(SAID);
        service.refuses(elsewhere, "plugin-other");
    }
}

#[test]
fn a_project_or_config_that_is_not_there_is_no_absent_value() {
    // Doppler and 1Password have one place for all secrets, which the manifest names.
    let missing = Response::new(404).body(SAID);
    doppler().refuses(missing, "plugin-other");
    let service = onepassword();
    let server = service.start();
    let vaults = service.answers[0].0;
    server.answer(vaults, guarded(Response::new(200).body("[]")));
    let project = service.project(&server, &service.both());
    let outcome = project.refuses(with_token(&project, TOKEN), &["plugin-other"; 2]);
    shows_nothing(&outcome);
}

#[test]
fn a_404_that_is_not_the_services_is_no_absent_value() {
    for service in services() {
        for body in [SAID, "", "{}", "default backend - 404"] {
            service.refuses(Response::new(404).body(body), "plugin-other");
        }
    }
}

#[test]
fn a_payload_that_was_changed_on_the_way_is_no_value() {
    let name = "projects/123456/secrets/db-password/versions/3";
    let body = json!({
        "name": name,
        "payload": { "data": base64(PASSWORD.as_bytes()), "dataCrc32c": "1" },
    });
    google().refuses(Response::new(200).body(body.to_string()), "plugin-other");
}
