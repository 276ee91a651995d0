//! `far-vault COUNT MILLISECONDS`: OpenBao with dummies at `secret/secretspec/bench/default/S0` and so
//! on, where secretspec looks for them, too.
//!
//! Prints the origin of the server in plain text, then that of a link to it with TLS whose round trip
//! takes so long, and how long it really takes. Writes into the folder that it is started in: `.vault-token`, a token that reads
//! all of it, `role-id` and `secret-id` of a role that does, `authority.pem`, and `tls-origin`, where it is near
//! with TLS. Ends when its standard input does, so that it does not outlive who started it.

use std::env;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use secret_run_tests::{Link, OpenBao, serve_until_left};
use serde_json::json;

const POLICY: &str = "path \"secret/data/secretspec/*\" { capabilities = [\"read\"] }";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut number = || arguments.next()?.parse::<u64>().ok();
    let (Some(count), Some(milliseconds)) = (number(), number()) else {
        return Err("usage: far-vault COUNT MILLISECONDS".into());
    };
    let bao = OpenBao::start();
    for index in 0..count {
        let fields = json!({ "value": format!("dummy-{index}") });
        bao.put(&format!("secretspec/bench/default/S{index}"), &fields);
    }
    bao.policy("app", POLICY);
    let (role, secret) = bao.app_role(&json!({ "token_policies": ["app"], "token_ttl": "15m" }));
    write(".vault-token", &bao.token(POLICY))?;
    write("role-id", &role)?;
    write("secret-id", &secret)?;
    write("authority.pem", &bao.authority().certificate)?;
    write("tls-origin", &bao.tls_url())?;
    let round_trip = Duration::from_millis(milliseconds);
    let link = Link::to(bao.tls_address()).round_trip(round_trip);
    let far = format!("https://{}", link.address());
    serve_until_left(&bao.url(), &far, round_trip)?;
    Ok(())
}

/// A file that nobody else reads.
fn write(name: &str, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(name)?;
    file.write_all(text.as_bytes())
}
