//! Servers that answer, and say that they can't now, that one may not, or that there is nothing.

use std::time::{Duration, Instant};

use secret_run_tests::{
    LinkedProject, LinkedStore, Response, SecretServer, StoreKind, consul_absent, consul_entry,
};
use serde_json::{Value, json};

use crate::{GENEROUS, comes, fails, plugins};

/// How the server of a store answers to the one request for `TOKEN`.
struct Store {
    kind: StoreKind,
    path: &'static str,
    good: Response,
    absent: Response,
    denied: Response,
    denied_kind: &'static str,
}

fn stores() -> [Store; 4] {
    let body = |status: u16, body: &Value| Response::new(status).body(body.to_string());
    let code = |code: &str| body(400, &json!({ "__type": code }));
    let value = LinkedStore::VALUE;
    let version = json!({ "version": 1, "created_time": "" });
    let parameter = json!({ "Name": "app/TOKEN", "Value": value, "Version": 1 });
    [
        Store {
            kind: StoreKind::Vault,
            path: "/v1/secret/data/app/TOKEN",
            good: body(
                200,
                &json!({ "data": { "data": { "value": value }, "metadata": version } }),
            ),
            absent: body(404, &json!({ "errors": [] })),
            denied: body(403, &json!({ "errors": ["permission denied"] })),
            denied_kind: "vault-permission-denied",
        },
        Store {
            kind: StoreKind::SecretsManager,
            path: "/",
            good: body(200, &json!({ "Name": "app/TOKEN", "SecretString": value })),
            absent: code("ResourceNotFoundException"),
            denied: code("AccessDeniedException"),
            denied_kind: "aws-access-denied",
        },
        Store {
            kind: StoreKind::ParameterStore,
            path: "/",
            good: body(
                200,
                &json!({ "Parameters": [parameter], "InvalidParameters": [] }),
            ),
            absent: body(
                200,
                &json!({ "Parameters": [], "InvalidParameters": ["app/TOKEN"] }),
            ),
            denied: code("AccessDeniedException"),
            denied_kind: "aws-access-denied",
        },
        Store {
            kind: StoreKind::Consul,
            path: "/v1/kv/app/TOKEN",
            good: consul_entry("app/TOKEN", value),
            absent: consul_absent(),
            denied: Response::new(403),
            denied_kind: "plugin-access-denied",
        },
    ]
}

/// A server that answers so, and a project for it.
struct Bed {
    server: SecretServer,
    path: &'static str,
    project: LinkedProject,
}

impl Store {
    fn answering(&self, response: Response) -> Bed {
        let server = SecretServer::start();
        let mounts = json!({ "data": { "secret": {
            "secret/": { "type": "kv", "options": { "version": "2" } },
        } } });
        let mounts = Response::new(200).body(mounts.to_string());
        server.answer("/v1/sys/internal/ui/mounts", mounts);
        server.answer(self.path, response);
        let (address, token) = (server.address(), "dummy-token-5f21");
        let optional = "required = false\n";
        let project = LinkedProject::new(self.kind, address, token, plugins(), "", optional);
        Bed {
            server,
            path: self.path,
            project,
        }
    }
}

impl Bed {
    /// How often the secret was asked for.
    fn asked(&self) -> usize {
        let requests = self.server.requests();
        let path = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        let asked = requests
            .iter()
            .filter(|asked| path(&asked.path) == self.path);
        asked.count()
    }
}

#[test]
fn what_a_server_cannot_do_now_it_is_asked_again() {
    for store in stores() {
        for status in [429, 500, 503] {
            let good = store.good.clone();
            let bed = store.answering(good.only_after(2, Response::new(status)));
            comes(&bed.project);
            assert_eq!(bed.asked(), 3, "{:?} {status}", store.kind);
        }
    }
}

#[test]
fn a_server_is_not_asked_again_before_it_wants_to_be() {
    for store in stores() {
        for status in [429, 503] {
            let busy = Response::new(status).header("retry-after", "2");
            let bed = store.answering(store.good.clone().only_after(1, busy));
            let started = Instant::now();
            comes(&bed.project);
            let elapsed = started.elapsed();
            let kind = store.kind;
            assert!(elapsed >= Duration::from_secs(2), "{kind:?} {elapsed:?}");
            assert_eq!(bed.asked(), 2, "{kind:?} {status}");
        }
    }
}

#[test]
fn nobody_waits_for_a_server_that_wants_to_be_asked_after_the_deadline() {
    for store in stores() {
        let busy = Response::new(429).header("retry-after", "3600");
        let bed = store.answering(store.good.clone().only_after(1, busy));
        let started = Instant::now();
        let (kind, message) = fails(&bed.project);
        assert!(started.elapsed() < GENEROUS, "{:?}", started.elapsed());
        let throttled = ["vault-throttled", "aws-throttled", "plugin-unavailable"];
        assert!(throttled.contains(&kind.as_str()), "{kind}: {message}");
        assert_eq!(bed.asked(), 1, "{:?}", store.kind);
    }
}

#[test]
fn what_is_denied_or_not_there_is_asked_for_once() {
    for store in stores() {
        let bed = store.answering(store.denied.clone());
        let (kind, message) = fails(&bed.project);
        assert_eq!(kind, store.denied_kind, "{message}");
        assert!(!message.contains("attempt"), "{message}");
        assert_eq!(bed.asked(), 1, "{:?}", store.kind);
        let bed = store.answering(store.absent.clone());
        let outcome = bed.project.launcher().command(["env"]).run();
        outcome.exits_with(0);
        assert!(!outcome.stdout().contains("TOKEN="), "{outcome:?}");
        assert_eq!(bed.asked(), 1, "{:?}", store.kind);
    }
}
