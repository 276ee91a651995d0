//! moto: a server of AWS's interfaces, with nothing in it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::exchange::exchange;
use crate::port::free_port;

/// A running moto. What it holds is gone when it is dropped.
#[derive(Debug)]
pub struct Moto {
    _daemon: Daemon,
    address: SocketAddr,
}

impl Moto {
    /// Starts it, and waits until it takes requests.
    ///
    /// # Panics
    /// When it is not installed, or does not answer: the text shows what it wrote.
    #[must_use]
    pub fn start() -> Self {
        let (daemon, port) = Daemon::start(
            "moto_server",
            |program, _| {
                let port = free_port();
                let mut command = Command::new(program);
                command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
                (command, port)
            },
            |port| {
                let health = exchange(local(*port), "GET", "/moto-api/data.json", &[], &[]);
                health.is_ok_and(|reply| reply.status == 200)
            },
        );
        Self {
            _daemon: daemon,
            address: local(port),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls Secrets Manager in a region: `call("eu-west-1", "CreateSecret", …)`.
    ///
    /// # Panics
    /// When it answers anything but JSON with status 200.
    #[must_use]
    pub fn call(&self, region: &str, action: &str, request: &Value) -> Value {
        self.ask(
            region,
            "secretsmanager",
            &format!("secretsmanager.{action}"),
            request,
        )
    }

    /// Calls Systems Manager in a region: `systems("eu-west-1", "PutParameter", …)`.
    ///
    /// # Panics
    /// When it answers anything but JSON with status 200.
    #[must_use]
    pub fn systems(&self, region: &str, action: &str, request: &Value) -> Value {
        self.ask(region, "ssm", &format!("AmazonSSM.{action}"), request)
    }

    fn ask(&self, region: &str, service: &str, target: &str, request: &Value) -> Value {
        // moto takes any signature, and the region from what is signed.
        let scope = format!("AKIADUMMY/20260101/{region}/{service}/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=dummy");
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.1"),
            ("authorization", authorization.as_str()),
        ];
        let body = request.to_string();
        let reply = exchange(self.address, "POST", "/", &headers, body.as_bytes());
        let reply = reply.expect("moto answers");
        assert_eq!(reply.status, 200, "moto refuses {target}: {}", reply.text());
        serde_json::from_slice(&reply.body).expect("moto answers in JSON")
    }

    /// Makes a user of IAM, and answers the id of its key and the key.
    ///
    /// # Panics
    /// When it is not taken.
    #[must_use]
    pub fn user(&self, name: &str) -> (String, String) {
        let _ = self.identities(&format!("Action=CreateUser&UserName={name}"));
        let answer = self.identities(&format!("Action=CreateAccessKey&UserName={name}"));
        let element = |name: &str| {
            let (start, end) = (format!("<{name}>"), format!("</{name}>"));
            let found = answer
                .split_once(&start)
                .and_then(|(_, rest)| rest.split_once(&end));
            found.expect("a key has an id and itself").0.to_owned()
        };
        (element("AccessKeyId"), element("SecretAccessKey"))
    }

    /// Looks at every signature from now on: what none of its [users](Self::user) has signed is
    /// refused.
    ///
    /// # Panics
    /// When it does not.
    pub fn check_signatures(&self) {
        let text = [("content-type", "text/plain")];
        let reply = exchange(self.address, "POST", "/moto-api/reset-auth", &text, b"0");
        assert_eq!(reply.expect("moto answers").status, 200);
    }

    /// Calls IAM, and answers its XML.
    fn identities(&self, request: &str) -> String {
        let scope = "AKIADUMMY/20260101/us-east-1/iam/aws4_request";
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=dummy");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("authorization", authorization.as_str()),
        ];
        let body = format!("{request}&Version=2010-05-08");
        let reply = exchange(self.address, "POST", "/", &headers, body.as_bytes());
        let reply = reply.expect("moto answers");
        assert_eq!(
            reply.status,
            200,
            "moto refuses {request}: {}",
            reply.text()
        );
        reply.text().to_owned()
    }

    /// Makes a parameter, or its next version.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn parameter(&self, region: &str, name: &str, kind: &str, value: &str) {
        let request = serde_json::json!({
            "Name": name, "Type": kind, "Value": value, "Overwrite": true
        });
        let _ = self.systems(region, "PutParameter", &request);
    }

    /// Makes a secret, and answers its ARN.
    ///
    /// # Panics
    /// When it is not taken.
    #[must_use]
    pub fn secret(&self, region: &str, name: &str, value: &str) -> String {
        let request = serde_json::json!({ "Name": name, "SecretString": value });
        let answer = self.call(region, "CreateSecret", &request);
        answer["ARN"]
            .as_str()
            .expect("a secret has an ARN")
            .to_owned()
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
