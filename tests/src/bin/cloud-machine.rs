//! `cloud-machine ADDRESS PROGRAM [ARGUMENTS...]`: runs the program on a machine as clouds have
//! them, as far as a plugin can tell. It wants a network and mounts of its own:
//! `unshare --net --mount cloud-machine …`.
//!
//! Google's and Azure's metadata service is at ADDRESS, which is the one of
//! `metadata.google.internal`, too. It gives a token to whoever asks as its documentation says.
//! Secret Manager and Key Vault are at 127.0.0.1, and answer to that token alone.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, ExitCode};

use secret_run_tests::{Response, SecretServer, base64, program};
use serde_json::json;
use tempfile::TempDir;

const TOKEN: &str = "dummy-token-of-the-machine-d1f6";

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let address = words.next().expect("an address is given");
    let address: Ipv4Addr = address
        .to_str()
        .and_then(|it| it.parse().ok())
        .expect("IPv4");
    let command = words.next().expect("a program is given");
    let _hosts = set_up_network(address);

    let metadata = SecretServer::at((address, 80).into());
    let google = "/computeMetadata/v1/instance/service-accounts/default/token";
    metadata.answer(google, token("metadata-flavor", "Google"));
    // With exactly this query.
    let azure = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=\
                 https%3A%2F%2Fvault.azure.net";
    metadata.answer(azure, token("metadata", "true"));

    let store = SecretServer::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 8200)));
    let secret = json!({
        "name": "projects/1/secrets/db-password/versions/3",
        "payload": { "data": base64(b"dummy-value-of-google-71b2"), "dataCrc32c": "916179256" },
    });
    let path = "/v1/projects/acme/secrets/db-password/versions/latest:access";
    store.answer(path, guarded(&secret));
    let secret = json!({
        "value": "dummy-value-of-azure-0e5d",
        "id": "https://acme.vault.azure.net/secrets/db-password/4387e9f3d6e14c459867679a90fd0f79",
        "attributes": { "enabled": true, "created": 1_700_000_000, "updated": 1_700_000_000 },
    });
    store.answer("/secrets/db-password", guarded(&secret));

    let status = Command::new(command).args(words).status();
    let status = status.expect("the program can be started");
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.expect("the program ends with a code"))
}

/// The file of names stays until it is dropped.
fn set_up_network(address: Ipv4Addr) -> TempDir {
    run("ip", ["link", "set", "lo", "up"]);
    run(
        "ip",
        ["address", "add", &format!("{address}/32"), "dev", "lo"],
    );
    let folder = TempDir::new().expect("a temporary folder can be made");
    let hosts = folder.path().join("hosts");
    let names =
        format!("127.0.0.1 localhost\n{address} metadata.google.internal metadata.localhost\n");
    fs::write(&hosts, names).expect("a file can be written");
    let words = ["--bind".as_ref(), hosts.as_os_str(), "/etc/hosts".as_ref()];
    run("mount", words);
    folder
}

fn run(name: &str, words: impl IntoIterator<Item = impl AsRef<OsStr>>) {
    let file = program(name).unwrap_or_else(|| panic!("this test needs `{name}`"));
    let status = Command::new(file).args(words).status();
    assert!(status.is_ok_and(|it| it.success()), "`{name}` has failed");
}

/// Only for those who say that no redirect has led them here.
fn token(header: &str, value: &str) -> Response {
    let body = json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" });
    let response = Response::new(200).body(body.to_string());
    response.only_with(header, value, Response::new(403))
}

fn guarded(body: &serde_json::Value) -> Response {
    let response = Response::new(200).body(body.to_string());
    let bearer = format!("Bearer {TOKEN}");
    response.only_with("authorization", &bearer, Response::new(401))
}
