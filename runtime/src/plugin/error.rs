//! Why a component is not a validator that can be used.

use crate::error::Explain;

use super::interface::VALIDATION;
use super::rejection::Failure;

/// The kind of error where the system lets a process run nothing that was compiled.
pub(super) const NOT_EXECUTABLE: &str = "plugin-memory-not-executable";
/// What to do then.
pub(super) const NOT_EXECUTABLE_HINT: &str = "start it without `MemoryDenyWriteExecute=` of systemd, or whatever else forbids it (a seccomp \
     filter, `execmem` of SELinux); the standard rules run all the same";

/// Why a component did not become a validator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The engine refuses its own settings, or there is no room for it.
    #[error("the WebAssembly engine could not start")]
    Engine,
    /// The compiled component does not fit this machine or this version.
    #[error("the compiled validator `{validator}` could not be loaded")]
    Load {
        /// The name of the component.
        validator: String,
    },
    /// The bytes are not a component that this version can compile.
    #[error("`{validator}` is not a WebAssembly component that can be compiled")]
    NotAComponent {
        /// The name that was given to it.
        validator: String,
    },
    /// It wants something from its surroundings.
    #[error("the validator `{validator}` imports `{import}`, and a validator may import nothing")]
    Imports {
        /// The name of the component.
        validator: String,
        /// The first thing that it imports, made fit to be shown.
        import: String,
    },
    /// It does not export what a validator exports.
    #[error("`{validator}` does not export `{VALIDATION}`")]
    World {
        /// The name of the component.
        validator: String,
    },
    /// It broke down when it was asked for its rules.
    #[error("the validator `{validator}` {failure} when it was asked for its rules")]
    Rules {
        /// The name of the component.
        validator: String,
        /// How.
        failure: Failure,
    },
    /// Its list of rules is not as the contract wants it.
    #[error("the list of rules of the validator `{validator}` {fault}")]
    Catalog {
        /// The name of the component.
        validator: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// Why a component's list of rules is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A list has more entries than anybody would write.
    #[error("has a list that is too long")]
    TooMany,
    /// A name or code is not lower-case words joined by `-`.
    #[error("has a name or a code that is not lower-case words joined by `-`")]
    Name,
    /// Two rules, parameters, or violations have the same name or code.
    #[error("has the same name or code twice")]
    Twice,
    /// A choice is too long, or contains control characters.
    #[error("has a choice that is too long or contains control characters")]
    Choice,
}

impl Explain for PluginError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Engine => "validator-engine",
            Self::Load { .. } => "validator-load",
            Self::NotAComponent { .. } => "validator-not-a-component",
            Self::Imports { .. } => "validator-imports",
            Self::World { .. } => "validator-world",
            Self::Rules { failure, .. } => failure.kind(),
            Self::Catalog { .. } => "validator-catalog",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Engine | Self::Load { .. } => {
                "Check how much memory this process may use, for example with `ulimit -v`."
            }
            Self::NotAComponent { .. } => {
                "A core module becomes a component by `wasm-tools component new`."
            }
            Self::Imports { .. } => {
                "Build it for a target without WASI, such as `wasm32-unknown-unknown`."
            }
            Self::World { .. } => {
                "Build it against the world `secret-run:plugin/validator` of this version."
            }
            Self::Rules { failure, .. } => return failure.hint(),
            Self::Catalog { .. } => "Report it to whoever made the validator.",
        };
        Some(hint.to_owned())
    }
}
