//! Holds a component to the contract, for whoever writes one.
//!
//! Each check gives a verdict of its own: passed, failed, or skipped with the reason. A
//! verdict says what was seen and what to do; it never holds a value, nor a text that the
//! component wrote, since that may hold one.
//!
//! The component runs as in a run of a command: with the same limits, the same way out, and
//! nothing else lent. Its documents are read for real, so name samples that may be read.
//! Nothing is written unless the caller names where.
//!
//! - `backend` has the checks of backends and their order, `bench` starts what they ask,
//!   `samples` what they ask for, and `heard` keeps what was answered.
//! - `open` hands a backend out, to tests that hold it to the contract of native ones.
//! - `outage` takes the server away; `writer` writes; `validator` judges those that judge.

mod backend;
mod bench;
mod heard;
mod open;
mod outage;
mod samples;
mod subject;
mod validator;
mod verdict;
mod writer;

use wasmtime::component::Component;

pub use samples::strange;
pub use subject::{Subject, SubjectError};
pub use verdict::{CheckVerdict, Finding, Outcome};

use super::artifact;
use super::component::{ComponentFacts, World};
use super::make::{self, LARGEST_COMPONENT, MakeError, judge_imports};
use crate::event_loop;

/// What became of all checks of one component.
#[derive(Debug)]
pub struct Conformance {
    /// In the order in which they were made.
    pub checks: Vec<CheckVerdict>,
}

impl Conformance {
    /// Whether no check failed. One that was skipped has found nothing out.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.count("failed") == 0
    }

    /// How many checks ended as `outcome` names it.
    #[must_use]
    pub fn count(&self, outcome: &str) -> usize {
        let checks = self.checks.iter();
        checks
            .filter(|check| check.outcome.name() == outcome)
            .count()
    }

    fn add(&mut self, name: &'static str, what: &'static str, outcome: Outcome) {
        self.checks.push(CheckVerdict {
            name,
            what,
            outcome,
        });
    }
}

/// Makes all checks that the world of the component has. A component that can't be compiled
/// has that one verdict.
///
/// # Errors
/// When what the caller gives is not enough to begin: settings or grants that the component
/// needs are missing, or this machine can't run any.
pub fn run(subject: &Subject) -> Result<Conformance, SubjectError> {
    let mut found = Conformance { checks: Vec::new() };
    let made = compile(subject)?;
    let outcome = match &made {
        Ok(_) => Outcome::Passed,
        Err(error) => Outcome::broken(error),
    };
    found.add(
        "compiles",
        "it is a component of this contract, imports only what there is, and compiles",
        outcome,
    );
    let Ok((facts, component)) = made else {
        return Ok(found);
    };
    match facts.world {
        World::Validator => validator::check(subject, component, &mut found),
        World::Backend { writes } => {
            let bench = bench::Bench::new(subject, component, &facts);
            event_loop::block_on(backend::check(bench, writes, &mut found))??;
        }
    }
    Ok(found)
}

type Compiled = Result<(ComponentFacts, Component), MakeError>;

fn compile(subject: &Subject) -> Result<Compiled, SubjectError> {
    let engine = artifact::compiling_engine()?;
    let compiled = || {
        if subject.wasm.len() > LARGEST_COMPONENT {
            return Err(MakeError::TooLarge);
        }
        let facts = ComponentFacts::read(&subject.wasm)?;
        judge_imports(&facts)?;
        let component = make::compile(&engine, &subject.wasm)?;
        Ok((facts, component))
    };
    Ok(compiled())
}
