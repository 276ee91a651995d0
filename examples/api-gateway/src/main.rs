//! The gateway: an ordinary HTTP service that takes its secrets from its environment.
//!
//! It does not know who put them there, so it runs with and without `secret-run`.

mod environment;
mod health;
mod webhook;

use std::error::Error;
use std::future::IntoFuture;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if even this can't be written.
            let _ = writeln!(std::io::stderr(), "api-gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let environment = Environment::read(|name| std::env::var(name).ok())?;
    // Handlers are in place before the address is printed: whoever waits for that line
    // may send a signal right after it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listen = environment.config.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("failed to listen on {listen}: {error}"))?;
    writeln!(
        std::io::stdout(),
        "listening on http://{}",
        listener.local_addr()?
    )?;

    axum::serve(listener, routes(environment))
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .into_future()
        .await?;
    Ok(())
}

fn routes(environment: Environment) -> Router {
    Router::new()
        .route("/health", get(health::show))
        .route("/webhooks/stripe", post(webhook::receive))
        .with_state(Arc::new(environment))
}
