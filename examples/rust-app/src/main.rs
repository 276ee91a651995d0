//! A service that reads its own secrets, and follows when they change.
//!
//! It needs no launcher: `secret_runtime` finds `secrets.toml`, reads and validates the values, and
//! reads them again. A key that is rotated in the store is used without a restart.

mod status;
mod token;

use std::error::Error;
use std::future::IntoFuture;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use secret_runtime::Secrets;
use secret_runtime::error::Problems;
use secret_runtime::secrets::{Event, Watcher};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What does not change while the service runs. Fields are called as entries of the manifest are.
#[derive(Debug, Deserialize)]
struct Config {
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match error.downcast_ref::<Problems>() {
                Some(problems) => say_all(problems),
                None => say(&error.to_string()),
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    // The manifest is found as `secret-run` finds it, and the rules of production hold.
    let secrets = Secrets::load().await?;
    let Config { listen } = secrets.to_struct()?;
    let watcher = secrets.watch()?;
    // Handlers are in place before the address is printed: whoever waits for that line
    // may send a signal right after it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("failed to listen on {listen}: {error}"))?;
    writeln!(
        std::io::stdout(),
        "listening on http://{}",
        listener.local_addr()?
    )?;
    let routes = Router::new()
        .route("/sign/{user}", get(token::sign))
        .route("/verify/{token}", get(token::verify))
        .route("/status", get(status::show))
        .with_state(secrets);
    let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    // When the server has ended, the watcher is dropped, and nothing is read any more.
    tokio::select! {
        served = server.into_future() => Ok(served?),
        never = follow(watcher) => never,
    }
}

/// Says what happens to the values. Who has to do something at a change, such as to connect
/// again, would do it here.
async fn follow<T>(mut watcher: Watcher) -> T {
    loop {
        match watcher.next().await {
            Event::Changed(change) => say(&format!("changed: {}", change.names.join(", "))),
            Event::Failed(failure) => {
                say(&format!(
                    "the values are {} seconds old, and could not be read again:",
                    failure.age.as_secs()
                ));
                say_all(&failure.problems);
            }
            Event::Recovered => say("the values are current again"),
            _ => {}
        }
    }
}

fn say_all(problems: &Problems) {
    for problem in problems.as_slice() {
        say(&format!("[{}] {}", problem.kind, problem.message));
        if let Some(hint) = &problem.hint {
            say(&format!("  {hint}"));
        }
    }
}

fn say(line: &str) {
    // Nothing is left to do if even this can't be written.
    let _ = writeln!(std::io::stderr(), "rust-app: {line}");
}
