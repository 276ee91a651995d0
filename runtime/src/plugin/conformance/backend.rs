//! The checks of a backend, in their order.

use super::bench::{Bench, Unmade};
use super::samples::{Samples, noun, same, shown};
use super::subject::SubjectError;
use super::verdict::Outcome;
use super::{Conformance, outage, writer};
use crate::backend::Request;
use crate::plugin::about::About;
use crate::plugin::backend::{BackendFault, Case, PluginBackend, Said};

/// The most references that a host asks for at once.
const BATCH: usize = 256;
/// How often one instance is asked the same.
const CALLS: usize = 20;

const REPORT: &str = "the order of the answers is that of the references, and each depends on \
                      its reference alone";

/// Why a check ended early.
pub(super) enum Early {
    Subject(SubjectError),
    Outcome(Outcome),
}

impl From<Unmade> for Early {
    fn from(unmade: Unmade) -> Self {
        match unmade {
            Unmade::Subject(error) => Self::Subject(error),
            Unmade::Fault(fault) => fault.into(),
        }
    }
}

impl From<BackendFault> for Early {
    fn from(fault: BackendFault) -> Self {
        Self::Outcome(Outcome::broken(&fault))
    }
}

/// How a check came out, unless nothing can be checked at all.
pub(super) type Checked = Result<Outcome, Early>;

/// Ends with the outcome, early or not.
pub(super) fn settled(checked: Checked) -> Result<Outcome, SubjectError> {
    match checked {
        Ok(outcome) | Err(Early::Outcome(outcome)) => Ok(outcome),
        Err(Early::Subject(error)) => Err(error),
    }
}

/// Makes all checks. What a backend says of itself decides how it is asked, so none follows
/// if that can't be had.
pub(super) async fn check(
    mut bench: Bench<'_>,
    writes: bool,
    found: &mut Conformance,
) -> Result<(), SubjectError> {
    let about = match about(&bench).await {
        Ok(about) => about,
        Err(Early::Subject(error)) => return Err(error),
        Err(Early::Outcome(outcome)) => {
            found.add("about", ABOUT, outcome);
            return Ok(());
        }
    };
    found.add("about", ABOUT, Outcome::Passed);
    let outcome = settled(about_imports(&bench).await)?;
    found.add("about-imports", "`about` calls no import", outcome);
    bench.furnish(&about)?;

    let samples = Samples::of(bench.subject);
    let backend = match settled_backend(bench.backend())? {
        Ok(backend) => backend,
        Err(outcome) => {
            found.add("count", COUNT, outcome);
            return Ok(());
        }
    };
    let outcome = settled(count(&mut bench, &backend, &samples).await)?;
    found.add("count", COUNT, outcome);
    let outcome = settled(existing(&mut bench, &backend, &samples).await)?;
    found.add(
        "existing",
        "what is there is answered with its document",
        outcome,
    );
    let outcome = settled(missing(&mut bench, &backend, &samples).await)?;
    found.add("missing", "what is not there is `not-found`", outcome);
    let outcome = settled(order(&mut bench, &backend, &samples).await)?;
    found.add(
        "order",
        "each reference has its own answer, in the order of the references",
        outcome,
    );
    let outcome = settled(repeated(&mut bench, &backend, &samples).await)?;
    found.add(
        "repeated",
        "twenty calls of one instance, and one of a fresh instance, answer the same",
        outcome,
    );
    let outcome = settled(strange(&mut bench, &backend, &samples).await)?;
    found.add(
        "strange-references",
        "a reference that cannot be is an error, and no trap",
        outcome,
    );
    outage::check(&mut bench, &about, &samples, found).await?;
    if writes {
        let outcome = settled(writer::check(&mut bench, &backend).await)?;
        found.add(
            "writer",
            "what was written is read, described and listed",
            outcome,
        );
    }
    found.add(
        "texts",
        "no text of an error shows a value or a credential",
        bench.heard.texts(),
    );
    found.add(
        "limits",
        "every call keeps within its time, its memory and its log",
        bench.heard.limits(),
    );
    Ok(())
}

const ABOUT: &str = "`about` says what it needs, and the same each time";
const COUNT: &str = "as many answers as references: for none, for one, and for 256";

fn settled_backend(
    made: Result<PluginBackend, Unmade>,
) -> Result<Result<PluginBackend, Outcome>, SubjectError> {
    match made.map_err(Early::from) {
        Ok(backend) => Ok(Ok(backend)),
        Err(Early::Outcome(outcome)) => Ok(Err(outcome)),
        Err(Early::Subject(error)) => Err(error),
    }
}

/// Twice in one instance, and once in another. Compared as it is, before it is cleaned.
async fn about(bench: &Bench<'_>) -> Result<About, Early> {
    let backend = bench.backend()?;
    let mut session = backend.session().await?;
    let first = session.about().await?;
    let second = session.about().await?;
    let third = backend.session().await?.about().await?;
    let first_text = format!("{first:?}");
    if first_text != format!("{second:?}") || first_text != format!("{third:?}") {
        return Err(Early::Outcome(Outcome::failed(
            "two calls of `about` gave different answers",
            "answer constants: what it needs must not depend on anything",
        )));
    }
    About::read(first).map_err(|error| Early::Outcome(Outcome::broken(&error)))
}

async fn about_imports(bench: &Bench<'_>) -> Checked {
    let backend = bench.backend_without_imports()?;
    let said = match backend.session().await {
        Ok(mut session) => session.about().await,
        Err(fault) => Err(fault),
    };
    Ok(match said {
        Ok(_) => Outcome::Passed,
        Err(_) => Outcome::failed(
            "`about` called `settings`, `http` or `log`, or the component did when it started",
            "answer constants: it is asked before anything is granted",
        ),
    })
}

async fn count(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    for asked in [0, 1, BATCH] {
        // A number that does not fit is a fault, which says both numbers.
        bench.ask_fresh(backend, &samples.many(asked)).await?;
    }
    Ok(Outcome::Passed)
}

async fn existing(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    if samples.existing.is_empty() {
        return Ok(no_samples());
    }
    let said = bench.ask_fresh(backend, &samples.existing).await?;
    for (answer, request) in said.iter().zip(&samples.existing) {
        let path = shown(request);
        match answer {
            Said::Document(document) if document.bytes.expose().is_empty() => {
                return Ok(Outcome::failed(
                    format!("`{path}` is answered with a document of no bytes"),
                    "no secret is empty: answer `not-found`",
                ));
            }
            Said::Document(_) => {}
            Said::Error(case, _) => {
                return Ok(Outcome::failed(
                    format!("`{path}` is answered with `{}`", case.name()),
                    "is it there, and may the credential read it? SECRET_RUN_LOG=debug shows \
                     the requests",
                ));
            }
        }
    }
    Ok(Outcome::Passed)
}

async fn missing(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    let said = bench
        .ask_fresh(backend, std::slice::from_ref(&samples.missing))
        .await?;
    let case = match said.first() {
        Some(Said::Error(case, _)) => *case,
        _ => {
            return Ok(Outcome::failed(
                "a reference to nothing is answered with a document",
                "answer `not-found`; if there is a document, name another path: `--missing PATH`",
            ));
        }
    };
    Ok(match case {
        Case::NotFound => Outcome::Passed,
        // A server may have its own idea of a path, or hide what it has from whom may not
        // read it.
        Case::InvalidReference | Case::AccessDenied if !samples.missing_is_named => {
            Outcome::skipped(
                format!("a random path is answered with `{}`", case.name()),
                "name a path where there is nothing, and that may be read: `--missing PATH`",
            )
        }
        _ => Outcome::failed(
            format!("a reference to nothing is answered with `{}`", case.name()),
            "answer `not-found` when the server says that there is nothing, and only then",
        ),
    })
}

/// Pairs in both orders, each twice the same, and all of them backwards.
async fn order(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    let all = samples.all();
    let mut known = Vec::new();
    for request in &all {
        known.extend(
            bench
                .ask_fresh(backend, std::slice::from_ref(request))
                .await?,
        );
    }
    let differs = |one: usize, other: usize| !same(&known[one], &known[other]);
    let (Some(first), Some(second)) = (
        (0..all.len()).find(|one| (0..all.len()).any(|other| differs(*one, other))),
        (0..all.len()).find(|other| differs(0, *other)),
    ) else {
        return Ok(Outcome::skipped(
            "all references have the same answer",
            "name documents that differ: `--reference PATH --reference PATH`",
        ));
    };
    let forwards: Vec<usize> = (0..all.len()).collect();
    let backwards: Vec<usize> = forwards.iter().rev().copied().collect();
    let batches = [
        vec![first, second],
        vec![second, first],
        vec![first, first],
        forwards,
        backwards,
    ];
    for batch in batches {
        let asked: Vec<Request> = batch.iter().map(|index| all[*index].clone()).collect();
        let said = bench.ask_fresh(backend, &asked).await?;
        let fits = said
            .iter()
            .zip(&batch)
            .all(|(answer, index)| same(answer, &known[*index]));
        if !fits {
            return Ok(Outcome::failed(
                "a reference in a batch has another answer than alone",
                REPORT,
            ));
        }
    }
    Ok(Outcome::Passed)
}

async fn repeated(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    let all = samples.all();
    let mut session = backend.session().await?;
    let first = bench.ask(backend, &mut session, &all).await?;
    for call in 2..=CALLS {
        let again = bench.ask(backend, &mut session, &all).await?;
        if !first
            .iter()
            .zip(&again)
            .all(|(one, other)| same(one, other))
        {
            return Ok(Outcome::failed(
                format!("call {call} of one instance has other answers than the first"),
                "keep nothing from one call to the next that changes an answer",
            ));
        }
    }
    drop(session);
    let fresh = bench.ask_fresh(backend, &all).await?;
    if first
        .iter()
        .zip(&fresh)
        .all(|(one, other)| same(one, other))
    {
        Ok(Outcome::Passed)
    } else {
        Ok(Outcome::failed(
            "a fresh instance has other answers than one that was used",
            "keep nothing from one call to the next that changes an answer",
        ))
    }
}

/// Each in an instance of its own, so that it is known which one was too much; and with one
/// that is there, so that an error has a value at hand that it must not show.
async fn strange(bench: &mut Bench<'_>, backend: &PluginBackend, samples: &Samples) -> Checked {
    for (what, request) in samples.strange() {
        let is_version = request.version.is_some();
        let mut batch: Vec<Request> = samples.existing.first().cloned().into_iter().collect();
        batch.push(request);
        let said = match bench.ask_fresh(backend, &batch).await {
            Ok(said) => said,
            Err(fault) => {
                return Ok(Outcome::failed(
                    format!("{what}: {fault}"),
                    "answer `invalid-reference` to what cannot be, before anything is asked",
                ));
            }
        };
        if let Some(answer @ Said::Document(_)) = said.last() {
            let advice = if is_version {
                "answer `invalid-reference` or `not-found`: another version than the one that \
                 was asked for is another document"
            } else {
                "answer `invalid-reference` or `not-found`"
            };
            return Ok(Outcome::failed(
                format!("{what} is answered with {}", noun(answer)),
                advice,
            ));
        }
    }
    Ok(Outcome::Passed)
}

pub(super) fn no_samples() -> Outcome {
    Outcome::skipped(
        "no reference is named that is there",
        "name some: `--reference PATH --reference PATH`",
    )
}
