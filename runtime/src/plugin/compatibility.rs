//! What a compiled artifact depends on besides its component, as a name. Shared with the build
//! script, so that a library without a compiler knows the name of what fits it.

use std::hash::{DefaultHasher, Hash, Hasher};

use wasmtime::Engine;

/// A name for all that a compiled artifact depends on besides the component: the version of
/// wasmtime, the settings, the target.
pub(crate) fn compatibility(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
