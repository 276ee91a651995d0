//! What a component is, from its own imports and exports. Nothing is compiled or run for it.

use std::collections::BTreeSet;

use thiserror::Error;
use wasmparser::{Encoding, Parser, Payload};

use crate::error::Explain;

use super::interface::{BACKEND, HTTP, LOG, SETTINGS, VALIDATION, WRITER};
use super::text::clean;

/// The longest name of an import that is shown.
const NAME: usize = 100;
/// No language's runtime imports as many interfaces.
const MOST_NAMES: usize = 256;

/// The world that a component implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// It judges values.
    Validator,
    /// Secrets come from it.
    Backend {
        /// Whether it can write them, too.
        writes: bool,
    },
}

impl World {
    /// Its full name, as the lock file has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validator => "secret-run:plugin/validator@0.1.0",
            Self::Backend { writes: false } => "secret-run:plugin/backend-only@0.1.0",
            Self::Backend { writes: true } => "secret-run:plugin/backend-with-writer@0.1.0",
        }
    }

    /// The world of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            Self::Validator,
            Self::Backend { writes: false },
            Self::Backend { writes: true },
        ]
        .into_iter()
        .find(|world| world.name() == name)
    }
}

/// What an import lets a component do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Reads what the manifest says under `settings`.
    Settings,
    /// Writes to the debug log.
    Log,
    /// Sends requests to granted origins, by our interface.
    Http,
    /// The same, by `wasi:http`.
    WasiHttp,
    /// Asks for the time.
    Clock,
    /// Parts of WASI that do nothing here: no variables, no arguments, closed streams,
    /// random numbers.
    Inert,
    /// Looks for files. There are none.
    Filesystem,
    /// Opens sockets. Each is refused.
    Sockets,
    /// Nothing that this host has.
    Unknown,
}

impl Capability {
    /// What the import of that name lets a component do.
    #[must_use]
    pub fn of_import(name: &str) -> Self {
        match name {
            SETTINGS => return Self::Settings,
            HTTP => return Self::Http,
            LOG => return Self::Log,
            _ => {}
        }
        let Some((interface, version)) = name.split_once('@') else {
            return Self::Unknown;
        };
        if version != "0.2" && !version.starts_with("0.2.") {
            return Self::Unknown;
        }
        let Some((package, interface)) = interface.split_once('/') else {
            return Self::Unknown;
        };
        match (package, interface) {
            ("wasi:http", "types" | "outgoing-handler") => Self::WasiHttp,
            ("wasi:clocks", _) => Self::Clock,
            ("wasi:io" | "wasi:cli" | "wasi:random", _) => Self::Inert,
            ("wasi:filesystem", _) => Self::Filesystem,
            ("wasi:sockets", _) => Self::Sockets,
            _ => Self::Unknown,
        }
    }
}

/// A component, as far as it can be known without compiling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentFacts {
    /// The world that it implements.
    pub world: World,
    /// The interfaces that it imports, cleaned for being shown, in alphabetical order.
    pub imports: BTreeSet<String>,
}

impl ComponentFacts {
    /// Reads a component's imports and exports.
    ///
    /// # Errors
    /// When it is no component, implements no world of ours, or another version of one.
    pub fn read(wasm: &[u8]) -> Result<Self, ComponentError> {
        let (imports, exports) = names(wasm)?;
        let has = |name: &str| exports.iter().any(|export| export == name);
        let world = if has(BACKEND) {
            World::Backend {
                writes: has(WRITER),
            }
        } else if has(VALIDATION) {
            World::Validator
        } else {
            let ours = exports
                .iter()
                .find(|export| export.starts_with("secret-run:plugin/"));
            return Err(match ours {
                Some(export) => ComponentError::Version {
                    found: clean(export, NAME),
                },
                None => ComponentError::World,
            });
        };
        let imports = imports.iter().map(|name| clean(name, NAME)).collect();
        Ok(Self { world, imports })
    }

    /// What its imports let it do.
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        let imports = self.imports.iter();
        imports.map(|name| Capability::of_import(name)).collect()
    }
}

/// The names of what the outermost component imports and exports.
fn names(wasm: &[u8]) -> Result<(Vec<String>, Vec<String>), ComponentError> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|_| ComponentError::NotAComponent)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => return Err(ComponentError::CoreModule),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(|_| ComponentError::NotAComponent)?;
                    imports.push(import.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(|_| ComponentError::NotAComponent)?;
                    exports.push(export.name.name.to_owned());
                }
            }
            _ => {}
        }
        if imports.len() > MOST_NAMES || exports.len() > MOST_NAMES {
            return Err(ComponentError::NotAComponent);
        }
    }
    Ok((imports, exports))
}

/// Why bytes are no component that could be a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// It is something else.
    #[error("it is not a WebAssembly component")]
    NotAComponent,
    /// It is what a compiler makes before it becomes a component.
    #[error("it is a WebAssembly module, and not yet a component")]
    CoreModule,
    /// It exports nothing that a plugin exports.
    #[error("it exports neither `{BACKEND}` nor `{VALIDATION}`")]
    World,
    /// It exports what a plugin of another version exports.
    #[error("it exports `{found}`, and this version speaks `{BACKEND}` and `{VALIDATION}`")]
    Version {
        /// The export, made fit to be shown.
        found: String,
    },
}

impl Explain for ComponentError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NotAComponent => "plugin-not-a-component",
            Self::CoreModule => "plugin-core-module",
            Self::World => "plugin-world",
            Self::Version { .. } => "plugin-world-version",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::NotAComponent => "name the `.wasm` file that the build of the plugin made",
                Self::CoreModule => {
                    "make a component of it, for example with `wasm-tools component new`"
                }
                Self::World => "build it against the files of `secret-run plugin new`, in `wit/`",
                Self::Version { .. } => {
                    "build the plugin for this version, or use the secret-run that it was built for"
                }
            }
            .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn read(text: &str) -> Result<ComponentFacts, ComponentError> {
        ComponentFacts::read(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn a_world_is_known_by_what_is_exported() {
        let export = |name: &str| {
            read(&format!(
                "(component (import \"wasi:cli/environment@0.2.3\" (instance $i)) (export \"{name}\" (instance $i)))"
            ))
        };
        let facts = export(VALIDATION).unwrap();
        assert_eq!(facts.world, World::Validator);
        assert_eq!(facts.capabilities(), BTreeSet::from([Capability::Inert]));
        let facts = export(BACKEND).unwrap();
        assert_eq!(facts.world, World::Backend { writes: false });
        assert_eq!(export("example:other/thing"), Err(ComponentError::World));
        assert_eq!(
            export("secret-run:plugin/backend@7.0.0")
                .unwrap_err()
                .kind(),
            "plugin-world-version"
        );
    }

    #[test]
    fn what_is_no_component_says_what_it_is() {
        assert_eq!(read("(module)"), Err(ComponentError::CoreModule));
        let junk = ComponentFacts::read(b"#!/bin/sh\n");
        assert_eq!(junk, Err(ComponentError::NotAComponent));
        assert_eq!(
            ComponentFacts::read(b""),
            Err(ComponentError::NotAComponent)
        );
    }

    #[test]
    fn imports_of_inner_parts_are_not_those_of_the_component() {
        let facts = read(&format!(
            "(component
                (core module (import \"wasi:sockets/tcp@0.2.0\" \"x\" (func)))
                (component (import \"wasi:filesystem/types@0.2.0\" (instance)))
                (instance $i)
                (export \"{VALIDATION}\" (instance $i)))"
        ));
        assert_eq!(facts.unwrap().imports, BTreeSet::new());
    }

    #[test]
    fn an_import_means_one_capability() {
        for (name, capability) in [
            ("secret-run:plugin/http@0.1.0", Capability::Http),
            ("secret-run:plugin/http@0.2.0", Capability::Unknown),
            ("wasi:http/outgoing-handler@0.2.9", Capability::WasiHttp),
            ("wasi:http/incoming-handler@0.2.9", Capability::Unknown),
            ("wasi:http/types@0.3.0", Capability::Unknown),
            ("wasi:http/types@0.20.0", Capability::Unknown),
            ("wasi:filesystem/preopens@0.2.0", Capability::Filesystem),
            ("wasi:sockets/tcp@0.2.0", Capability::Sockets),
            ("wasi:clocks/wall-clock@0.2.0", Capability::Clock),
            ("wasi:cli/environment@0.2.0", Capability::Inert),
            ("wasi:keyvalue/store@0.2.0", Capability::Unknown),
            ("memory", Capability::Unknown),
        ] {
            assert_eq!(Capability::of_import(name), capability, "{name}");
        }
    }
}
