//! A component from a core module, held against its world.

use anyhow::{Context, Result, bail, ensure};
use wit_component::{ComponentEncoder, DecodedWasm};

/// What a backend may import. A validator may import nothing.
const LENT: [&str; 3] = [
    "secret-run:plugin/settings@0.1.0",
    "secret-run:plugin/http@0.1.0",
    "secret-run:plugin/log@0.1.0",
];

/// The worlds in `wit/`.
#[derive(Clone, Copy)]
pub(super) enum World {
    Validator,
    Backend,
    BackendWithWriter,
}

impl World {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Validator => "secret-run:plugin/validator@0.1.0",
            Self::Backend => "secret-run:plugin/backend-only@0.1.0",
            Self::BackendWithWriter => "secret-run:plugin/backend-with-writer@0.1.0",
        }
    }

    /// What a component of this world exports: all of it, and nothing else. In order.
    fn exports(self) -> &'static [&'static str] {
        match self {
            Self::Validator => &["secret-run:plugin/validation@0.1.0"],
            Self::Backend => &["secret-run:plugin/backend@0.1.0"],
            Self::BackendWithWriter => &[
                "secret-run:plugin/backend-writer@0.1.0",
                "secret-run:plugin/backend@0.1.0",
            ],
        }
    }

    fn may_import(self) -> &'static [&'static str] {
        match self {
            Self::Validator => &[],
            Self::Backend | Self::BackendWithWriter => &LENT,
        }
    }
}

/// A component, and the interfaces that it imports.
pub(super) struct Component {
    pub(super) bytes: Vec<u8>,
    pub(super) imports: Vec<String>,
}

impl Component {
    /// Wraps a core module that carries its contract, and checks that it exports its world and
    /// imports no more than that world may.
    pub(super) fn from_module(module: &[u8], world: World) -> Result<Self> {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true).module(module)?;
        let bytes = encoder.encode().context("failed to make a component")?;
        let DecodedWasm::Component(resolve, id) = wit_component::decode(&bytes)? else {
            bail!("the encoder did not make a component");
        };
        let names = |items: &mut dyn Iterator<Item = &_>| {
            let mut names: Vec<_> = items.map(|key| resolve.name_world_key(key)).collect();
            names.sort();
            names
        };
        let imports = names(&mut resolve.worlds[id].imports.keys());
        let exports = names(&mut resolve.worlds[id].exports.keys());
        let may_import = world.may_import();
        ensure!(
            imports
                .iter()
                .all(|name| may_import.contains(&name.as_str())),
            "the component imports {imports:?}, but may import {may_import:?} only"
        );
        ensure!(
            exports == world.exports(),
            "the component exports {exports:?}, not {:?}",
            world.exports()
        );
        Ok(Self { bytes, imports })
    }
}
