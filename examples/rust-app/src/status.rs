//! `GET /status`: how current the values are, and nothing of what they are.

use axum::Json;
use axum::extract::State;
use secret_runtime::Secrets;
use serde::Serialize;

/// What operators want to know.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    environment: String,
    /// Counted from 1: one more at each change.
    number: u64,
    /// How long ago the values were read or found unchanged.
    age_seconds: u64,
    /// Why they could not be read again, if so: kinds of problems.
    failing: Vec<&'static str>,
    /// Whether mail can be sent.
    mail: bool,
}

pub(crate) async fn show(State(secrets): State<Secrets>) -> Json<Status> {
    let (status, snapshot) = (secrets.status(), secrets.snapshot());
    let failure = status.failure.iter();
    let problems = failure.flat_map(|failure| failure.problems.as_slice());
    Json(Status {
        environment: snapshot.environment().to_owned(),
        number: snapshot.number(),
        age_seconds: status.age.as_secs(),
        failing: problems.map(|problem| problem.kind).collect(),
        mail: matches!(snapshot.optional("MAIL_TOKEN"), Ok(Some(_))),
    })
}
