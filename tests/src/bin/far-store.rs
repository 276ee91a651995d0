//! `far-store COUNT MILLISECONDS`: holds dummies at `/secrets/app/key-0` and so on, near and far.
//!
//! Prints the origin of the server, then that of a link to it whose round trip takes so long,
//! and how long it really takes. Ends when its standard input does.

use std::env;
use std::error::Error;
use std::time::Duration;

use secret_run_tests::{Link, SecretServer, serve_until_left};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut number = || arguments.next()?.parse::<u64>().ok();
    let (Some(count), Some(milliseconds)) = (number(), number()) else {
        return Err("usage: far-store COUNT MILLISECONDS".into());
    };
    let server = SecretServer::start();
    for index in 0..count {
        server.document(&format!("app/key-{index}"), format!("dummy-{index}"), "1");
    }
    let round_trip = Duration::from_millis(milliseconds);
    let link = Link::to(server.address()).round_trip(round_trip);
    let far = format!("http://{}", link.address());
    serve_until_left(&server.origin(), &far, round_trip)?;
    Ok(())
}
