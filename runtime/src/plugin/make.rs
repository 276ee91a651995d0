//! Makes of a component what a run can load: compiles it, and asks what it is.
//!
//! For commands, and never on the way to a command's start: compiling takes longer than
//! all else together. The component is asked with nothing granted; what it says is judged
//! before anybody sees it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::about::{About, AboutError};
use super::artifact;
use super::backend::{BackendFault, PluginBackend, Provision};
use super::compatibility::compatibility;
use super::component::{Capability, ComponentError, ComponentFacts, World};
use super::engine::{self, Guests};
use super::error::{NOT_EXECUTABLE, NOT_EXECUTABLE_HINT, PluginError};
use super::limits::Limits;
use super::store::TARGET;
use super::validator::Validator;
use crate::error::Explain;
use crate::event_loop::{self, NoEventLoop};
use crate::outbound::{Gate, OutboundError, OutboundLimits};
use crate::rule::Catalog;

/// The largest component. With the runtime of a language inside, they have 10 to 40 MiB.
pub const LARGEST_COMPONENT: usize = 128 * 1024 * 1024;

/// What images are built for. The machine's own target is one besides, whatever it is.
const IMAGE_TARGETS: [&str; 4] = [
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// A compiled component, and what it says of itself.
#[derive(Debug)]
pub struct Made {
    /// SHA-256 of the component, in lower-case hexadecimal.
    pub digest: String,
    /// Its world and its imports.
    pub facts: ComponentFacts,
    /// What a backend says of itself.
    pub about: Option<About>,
    /// The rules of a validator.
    pub catalog: Option<Catalog>,
    pub(super) component_size: u64,
    pub(super) artifact: Vec<u8>,
    pub(super) target: String,
    pub(super) engine: String,
}

impl Made {
    /// Bytes of the compiled component.
    #[must_use]
    pub fn size(&self) -> usize {
        self.artifact.len()
    }

    /// Compiles a component for this machine, or for `target`, and asks what it is.
    ///
    /// # Errors
    /// When it is no plugin, imports what nobody has, can't be compiled, or breaks down when
    /// it is asked.
    pub fn of(name: &str, wasm: &[u8], target: Option<&str>) -> Result<Self, MakeError> {
        if wasm.len() > LARGEST_COMPONENT {
            return Err(MakeError::TooLarge);
        }
        let size = wasm.len() as u64;
        let facts = ComponentFacts::read(wasm)?;
        judge_imports(&facts)?;
        let engine = artifact::compiling_engine()?;
        let component = compile(&engine, wasm)?;
        let (artifact, target, name_of_engine) = match target.filter(|target| *target != TARGET) {
            None => (
                component.serialize().map_err(|_| MakeError::Compile)?,
                TARGET.to_owned(),
                compatibility(&engine),
            ),
            Some(target) => for_target(wasm, target)?,
        };
        let (about, catalog) = match facts.world {
            World::Backend { .. } => (Some(ask_backend(name, &component, &facts, size)?), None),
            World::Validator => {
                let limits = Limits::for_size(size);
                let validator = Validator::of_component(name, component, limits)?;
                (None, Some(validator.catalog().clone()))
            }
        };
        Ok(Self {
            digest: format!("{:x}", Sha256::digest(wasm)),
            facts,
            about,
            catalog,
            component_size: size,
            artifact,
            target,
            engine: name_of_engine,
        })
    }
}

pub(super) fn compile(engine: &Engine, wasm: &[u8]) -> Result<Component, MakeError> {
    Component::new(engine, wasm).map_err(|error| {
        if artifact::is_forbidden(&error) {
            MakeError::NotExecutable
        } else {
            MakeError::Compile
        }
    })
}

/// A validator imports nothing; a backend nothing that this host does not have.
pub(super) fn judge_imports(facts: &ComponentFacts) -> Result<(), MakeError> {
    let refused = facts.imports.iter().find(|import| {
        facts.world == World::Validator || Capability::of_import(import) == Capability::Unknown
    });
    match refused {
        None => Ok(()),
        Some(import) => Err(MakeError::Import {
            world: facts.world,
            import: import.clone(),
        }),
    }
}

fn for_target(wasm: &[u8], target: &str) -> Result<(Vec<u8>, String, String), MakeError> {
    let unknown = || MakeError::Target {
        target: target.to_owned(),
    };
    // The name becomes that of a folder, so that it had better be one.
    if !IMAGE_TARGETS.contains(&target) {
        return Err(unknown());
    }
    let engine = engine::config(Guests::Plugins, Some(target));
    let engine = engine.and_then(|config| Engine::new(&config));
    let engine = engine.map_err(|_| unknown())?;
    let artifact = engine.precompile_component(wasm);
    let artifact = artifact.map_err(|_| MakeError::Compile)?;
    Ok((artifact, target.to_owned(), compatibility(&engine)))
}

/// Asks a backend what it is and needs. It gets a way out to nowhere.
pub(super) fn ask_backend(
    name: &str,
    component: &Component,
    facts: &ComponentFacts,
    size: u64,
) -> Result<About, MakeError> {
    let gate = Gate::new(name.to_owned(), Vec::new(), None, OutboundLimits::default())?;
    let provision = Provision {
        name: name.to_owned(),
        settings: BTreeMap::new(),
        gate,
        capabilities: facts.capabilities(),
        clock: false,
        limits: Limits::for_size(size),
        alarm: None,
    };
    let backend = PluginBackend::new(component, provision)?;
    let about = event_loop::block_on(backend.about())??;
    Ok(About::read(about)?)
}

/// Why a component is not made into a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MakeError {
    /// It is larger than any plugin.
    #[error("it is larger than {} MiB", LARGEST_COMPONENT / 1024 / 1024)]
    TooLarge,
    /// It is no component, or of no world of ours.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// It imports what it may not.
    #[error("it imports `{import}`, {}", import_rule(.world))]
    Import {
        /// Its world.
        world: World,
        /// The import.
        import: String,
    },
    /// It is damaged, or uses a proposal that is switched off.
    #[error("it cannot be compiled")]
    Compile,
    /// It was compiled, and cannot be asked what it is.
    #[error("this process may make no memory executable, which a plugin needs")]
    NotExecutable,
    /// There is no compiler for the target.
    #[error("this secret-run has no compiler for `{target}`")]
    Target {
        /// The target.
        target: String,
    },
    /// It is no validator that could be used.
    #[error(transparent)]
    Validator(#[from] PluginError),
    /// It broke down when it was asked what it is.
    #[error(transparent)]
    Asked(#[from] BackendFault),
    /// What it says of itself is not as the contract wants it.
    #[error("it {0}")]
    About(#[from] AboutError),
    /// The way out could not be made.
    #[error(transparent)]
    Gate(#[from] OutboundError),
    /// Nothing could be waited for.
    #[error(transparent)]
    EventLoop(#[from] NoEventLoop),
}

const fn import_rule(world: &World) -> &'static str {
    match world {
        World::Validator => "and a validator may import nothing",
        World::Backend { .. } => "which this version does not have",
    }
}

impl Explain for MakeError {
    fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge => "plugin-too-large",
            Self::Component(error) => error.kind(),
            Self::Import { .. } => "plugin-import-unknown",
            Self::Compile => "plugin-compile",
            Self::NotExecutable => NOT_EXECUTABLE,
            Self::Target { .. } => "plugin-target",
            Self::Validator(error) => error.kind(),
            Self::Asked(error) => error.kind(),
            Self::About(error) => error.kind(),
            Self::Gate(error) => error.kind(),
            Self::EventLoop(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooLarge => Some("strip it, or build it for size".to_owned()),
            Self::Component(error) => error.hint(),
            Self::Import { .. } => Some(
                "build it with what `secret-run plugin new` sets up, which imports only what \
                 there is"
                    .to_owned(),
            ),
            Self::Compile => Some(
                "validate it, for example with `wasm-tools validate`; threads, exceptions and \
                 garbage collection are switched off"
                    .to_owned(),
            ),
            Self::NotExecutable => Some(NOT_EXECUTABLE_HINT.to_owned()),
            Self::Target { .. } => Some(format!("it has one for {}", IMAGE_TARGETS.join(", "))),
            Self::Validator(error) => error.hint(),
            Self::Asked(error) => error.hint(),
            Self::About(error) => error.hint(),
            Self::Gate(error) => error.hint(),
            Self::EventLoop(error) => error.hint(),
        }
    }
}
