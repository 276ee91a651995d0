//! `far-aws COUNT MILLISECONDS`: moto with dummies `app/S0` and so on, near and far.
//!
//! Prints the origin of moto, then that of a link to it whose round trip takes so long,
//! and how long it really takes. Ends when its standard input does, so that it does not outlive who started it.

use std::env;
use std::error::Error;
use std::time::Duration;

use secret_run_tests::{Link, Moto, REGION, serve_until_left};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut number = || arguments.next()?.parse::<u64>().ok();
    let (Some(count), Some(milliseconds)) = (number(), number()) else {
        return Err("usage: far-aws COUNT MILLISECONDS".into());
    };
    let moto = Moto::start();
    for index in 0..count {
        let _ = moto.secret(REGION, &format!("app/S{index}"), &format!("dummy-{index}"));
    }
    let round_trip = Duration::from_millis(milliseconds);
    let link = Link::to(moto.address()).round_trip(round_trip);
    let origin = |address| format!("http://{address}");
    serve_until_left(&origin(moto.address()), &origin(link.address()), round_trip)?;
    Ok(())
}
