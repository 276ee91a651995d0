//! Takes the server away: nobody can say then what is there, and nothing is `not-found`.

use std::collections::BTreeMap;
use std::net::TcpListener;

use super::Conformance;
use super::backend::{Checked, settled};
use super::bench::Bench;
use super::samples::Samples;
use super::subject::SubjectError;
use super::verdict::Outcome;
use crate::backend::Request;
use crate::outbound::{GrantedOrigin, HttpOrigin, Reach};
use crate::plugin::about::About;
use crate::plugin::backend::{BackendFault, Case, PluginBackend, Said};

pub(super) async fn check(
    bench: &mut Bench<'_>,
    about: &About,
    samples: &Samples,
    found: &mut Conformance,
) -> Result<(), SubjectError> {
    let outcome = settled(silence(bench, samples).await)?;
    found.add(
        "outage-silent",
        "a server that does not answer in time is `unavailable`",
        outcome,
    );
    let outcome = settled(closed(bench, about, samples).await)?;
    found.add(
        "outage-closed",
        "a server that cannot be reached is `unavailable`",
        outcome,
    );
    Ok(())
}

async fn silence(bench: &mut Bench<'_>, samples: &Samples) -> Checked {
    if bench.origins.is_empty() {
        return Ok(no_requests());
    }
    let backend = bench.backend_in_silence()?;
    judge(bench, &backend, samples).await
}

async fn closed(bench: &mut Bench<'_>, about: &About, samples: &Samples) -> Checked {
    if bench.origins.is_empty() {
        return Ok(no_requests());
    }
    let Some(port) = closed_port() else {
        return Ok(Outcome::skipped(
            "this machine gives no port to find closed",
            "check how many sockets this process may open",
        ));
    };
    let origin = format!("http://127.0.0.1:{port}");
    let Some(settings) = led_to(&origin, about, bench.settings()) else {
        return Ok(Outcome::skipped(
            "it has an origin that no setting names, and that thus can't be led to a closed port",
            "",
        ));
    };
    let Ok(origin) = HttpOrigin::parse(&origin) else {
        return Ok(no_requests());
    };
    let reach = Reach {
        private: true,
        ..Reach::default()
    };
    let granted = GrantedOrigin {
        origin,
        reach,
        credentials: Vec::new(),
    };
    let backend = bench.backend_at(settings, vec![granted])?;
    judge(bench, &backend, samples).await
}

async fn judge(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    let asked: Vec<Request> = match samples.existing.first() {
        Some(existing) => vec![existing.clone(), samples.missing.clone()],
        None => vec![samples.missing.clone()],
    };
    let said = match bench.ask_fresh(backend, &asked).await {
        Ok(said) => said,
        Err(fault @ BackendFault::Outbound { .. }) => {
            return Ok(Outcome::skipped(fault.to_string(), ""));
        }
        Err(fault) => return Err(fault.into()),
    };
    for answer in said {
        match answer {
            Said::Error(Case::Unavailable, _) => {}
            Said::Document(_) => {
                return Ok(Outcome::skipped("it answered without its server", ""));
            }
            Said::Error(Case::InvalidReference, _) if !samples.missing_is_named => {
                return Ok(Outcome::skipped(
                    "a random path is answered with `invalid-reference`",
                    "name a path where there could be something: `--missing PATH`",
                ));
            }
            Said::Error(case, _) => {
                return Ok(Outcome::failed(
                    format!(
                        "without an answer of the server, it answers `{}`",
                        case.name()
                    ),
                    "answer `unavailable` to `unreachable`, `timeout` and `broken`",
                ));
            }
        }
    }
    Ok(Outcome::Passed)
}

fn no_requests() -> Outcome {
    Outcome::skipped("it has no server: no origin that it needs is granted", "")
}

/// The settings with each URL that leads somewhere leading to `origin`; `None` if there is an
/// origin that is in no setting.
fn led_to(
    origin: &str,
    about: &About,
    settings: &BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    let mut led = settings.clone();
    for spec in &about.origins {
        let key = spec.origin.strip_prefix('{')?.strip_suffix('}')?;
        let Some(url) = led.get_mut(key) else {
            continue;
        };
        let (_, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        *url = format!("{origin}{}", &rest[end..]);
    }
    Some(led)
}

/// A port of this machine where nobody listens: one that was just given back.
fn closed_port() -> Option<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).ok()?;
    Some(listener.local_addr().ok()?.port())
}
