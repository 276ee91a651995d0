//! What a built example exports and imports, held against what it should.

use anyhow::{Result, bail, ensure};
use wit_component::DecodedWasm;

/// What an example is, and what it may import for that.
pub(super) enum Contract {
    /// May import these interfaces of WASI 0.2, beside those that the host lends to a backend.
    Backend { wasi: &'static [&'static str] },
    /// Imports nothing.
    Validator,
}

const BACKEND: &str = "secret-run:plugin/backend@0.1.0";
const VALIDATION: &str = "secret-run:plugin/validation@0.1.0";
const LENT: [&str; 3] = [
    "secret-run:plugin/settings",
    "secret-run:plugin/http",
    "secret-run:plugin/log",
];

/// What Go's runtime imports, whether a program uses it or not.
pub(super) const GO: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
];

/// What `fetch` in JavaScript imports.
pub(super) const FETCH: [&str; 8] = [
    "wasi:cli/stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
];

impl Contract {
    pub(super) fn check(&self, component: &[u8]) -> Result<()> {
        let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
            bail!("the result is no component");
        };
        let world = &resolve.worlds[world];
        let export = match self {
            Self::Backend { .. } => BACKEND,
            Self::Validator => VALIDATION,
        };
        // Not the only one: Python's tools leave an export of their own.
        let mut exports = world.exports.keys().map(|key| resolve.name_world_key(key));
        ensure!(
            exports.any(|name| name == export),
            "the component does not export {export}"
        );
        let excess: Vec<_> = world
            .imports
            .keys()
            .map(|key| resolve.name_world_key(key))
            .filter(|name| !self.allows(name))
            .collect();
        ensure!(
            excess.is_empty(),
            "the component imports what it should not: {}",
            excess.join(", ")
        );
        Ok(())
    }

    fn allows(&self, import: &str) -> bool {
        let interface = import.split_once('@').map_or(import, |(name, _)| name);
        match self {
            Self::Backend { wasi } => LENT.contains(&interface) || wasi.contains(&interface),
            Self::Validator => false,
        }
    }
}
