//! Opens what would be checked as a backend like any other.

use super::bench::{Bench, Unmade};
use super::subject::{Subject, SubjectError};
use crate::plugin::OpenError;
use crate::plugin::backend::PluginBackend;
use crate::plugin::component::World;
use crate::plugin::make::{self, MakeError};

impl Subject {
    /// The backend as a run has it: with these settings, this way out, these limits, and
    /// nothing else lent.
    ///
    /// For tests that hold backends of every make to the same contract. A run opens only what
    /// its manifest and its lock have agreed to; this grants what the caller says.
    ///
    /// # Errors
    /// When it is no backend that could be run, or what it is given does not do.
    pub fn open(&self) -> Result<PluginBackend, SubjectError> {
        let unfit = |error: MakeError| OpenError::Make {
            plugin: self.name.clone(),
            error: Box::new(error),
        };
        let (facts, component) = super::compile(self)?.map_err(unfit)?;
        if facts.world == World::Validator {
            let plugin = self.name.clone();
            return Err(OpenError::NotABackend { plugin }.into());
        }
        let size = self.wasm.len() as u64;
        let about = make::ask_backend(&self.name, &component, &facts, size).map_err(unfit)?;
        let mut bench = Bench::new(self, component, &facts);
        bench.furnish(&about)?;
        bench.backend().map_err(|unmade| match unmade {
            Unmade::Subject(error) => error,
            Unmade::Fault(fault) => OpenError::from(fault).into(),
        })
    }
}
