//! Why a plugin is not used in a run.

use std::path::PathBuf;

use thiserror::Error;

use super::CredentialError;
use crate::error::Explain;
use crate::lock::NeedsMore;
use crate::outbound::{Bound, HttpOrigin, OutboundError};
use crate::plugin::about::AboutError;
use crate::plugin::backend::BackendFault;
use crate::plugin::component::Capability;
use crate::plugin::error::{NOT_EXECUTABLE, NOT_EXECUTABLE_HINT, PluginError};
#[cfg(feature = "compile")]
use crate::plugin::make::MakeError;
use crate::plugin::store::StoreError;

/// Why a plugin is not used.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Something asks for a plugin that is not declared.
    #[error("the plugin `{plugin}` is not declared")]
    Undeclared {
        /// The plugin.
        plugin: String,
    },
    /// Production runs what was reviewed, and nothing else says which component of a registry is
    /// meant.
    #[error("the plugin `{plugin}` is not in secrets.lock, and {reason}")]
    NotLocked {
        /// The plugin.
        plugin: String,
        /// Why it must be.
        reason: &'static str,
    },
    /// What is sent could be read on the way.
    #[error(
        "the plugin `{plugin}` is granted `{origin}`, and production speaks TLS to other machines"
    )]
    PlainHttp {
        /// The plugin.
        plugin: String,
        /// The origin.
        origin: HttpOrigin,
    },
    /// There is no artifact for this version and this machine.
    #[error("the plugin `{plugin}` is not compiled for this version of secret-run")]
    NotCompiled {
        /// The plugin.
        plugin: String,
        /// Whether this program could compile it.
        can_compile: bool,
        /// Whether it is in secrets.lock, without which only `plugin add` compiles it.
        is_locked: bool,
    },
    /// The artifact does not fit.
    #[error("the compiled plugin `{plugin}` does not fit this version or this machine")]
    Outdated {
        /// The plugin.
        plugin: String,
        /// Whether it is in secrets.lock.
        is_locked: bool,
    },
    /// It fits, and nothing that was compiled may run here.
    #[error("this process may make no memory executable, which the plugin `{plugin}` needs")]
    NotExecutable {
        /// The plugin.
        plugin: String,
    },
    /// It is not compiled, and what it could be compiled of was not fetched.
    #[cfg(feature = "compile")]
    #[error("the component of the plugin `{plugin}` is in a registry, and not on this machine")]
    NotHere {
        /// The plugin.
        plugin: String,
        /// Whether it is in secrets.lock.
        is_locked: bool,
    },
    /// What is there is not what was pinned.
    #[error("the component {} of the plugin `{plugin}` is not the one that is pinned", .path.display())]
    Changed {
        /// The plugin.
        plugin: String,
        /// The component.
        path: PathBuf,
    },
    /// A file of it can't be read.
    #[error("{}, a file of the plugin `{plugin}`, cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The plugin.
        plugin: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The compiled one is not to be trusted.
    #[error(transparent)]
    Store(StoreError),
    /// The engine could not start.
    #[error(transparent)]
    Engine(PluginError),
    /// It imports what it was not granted.
    #[error("the plugin `{plugin}` imports `{import}`, which it is not granted")]
    Import {
        /// The plugin.
        plugin: String,
        /// The import.
        import: String,
        /// What the import would let it do.
        capability: Capability,
    },
    /// It needs origins that it was not granted.
    #[error(transparent)]
    Needs(NeedsMore),
    /// Its settings do not fit it.
    #[error("the plugin `{plugin}` {error}")]
    About {
        /// The plugin.
        plugin: String,
        /// What does not fit.
        error: AboutError,
    },
    /// A credential is not there.
    #[error("the credential of the plugin `{plugin}` for `{origin}` {error}")]
    Credential {
        /// The plugin.
        plugin: String,
        /// The origin.
        origin: HttpOrigin,
        /// What is wrong with it.
        error: Box<CredentialError>,
    },
    /// Its way out could not be made.
    #[error("the plugin `{plugin}` cannot send requests: {error}")]
    Outbound {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        error: Box<OutboundError>,
    },
    /// It is of another world.
    #[error("the plugin `{plugin}` is no backend")]
    NotABackend {
        /// The plugin.
        plugin: String,
    },
    /// It is of another world.
    #[error("the plugin `{plugin}` is no validator")]
    NotAValidator {
        /// The plugin.
        plugin: String,
    },
    /// It does not link.
    #[error(transparent)]
    Fault(#[from] BackendFault),
    /// It could not be compiled.
    #[cfg(feature = "compile")]
    #[error("{}", unfit(.plugin, .error))]
    Make {
        /// The plugin.
        plugin: String,
        /// Why not.
        error: Box<MakeError>,
    },
}

impl Explain for OpenError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Undeclared { .. } => "undeclared-name",
            Self::NotLocked { .. } => "plugin-not-locked",
            Self::PlainHttp { .. } => "production-plain-http",
            Self::NotCompiled { .. } => "plugin-not-compiled",
            Self::Outdated { .. } => "plugin-artifact-outdated",
            Self::NotExecutable { .. } => NOT_EXECUTABLE,
            Self::Changed { .. } => "plugin-component-changed",
            #[cfg(feature = "compile")]
            Self::NotHere { .. } => "plugin-unreadable",
            Self::Unreadable { .. } => "plugin-unreadable",
            Self::Store(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Import { .. } => "plugin-import-not-granted",
            Self::Needs(error) => error.kind(),
            Self::About { error, .. } => error.kind(),
            Self::Credential { error, .. } => error.kind(),
            Self::Outbound { error, .. } => error.kind(),
            Self::NotABackend { .. } | Self::NotAValidator { .. } => "plugin-world",
            Self::Fault(error) => error.kind(),
            #[cfg(feature = "compile")]
            Self::Make { error, .. } => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        let add = |plugin: &str| format!("`secret-run plugin add {plugin}`");
        let compile = |plugin: &str, is_locked: bool| match is_locked {
            true => format!("`secret-run plugin compile {plugin}`"),
            false => add(plugin),
        };
        Some(match self {
            Self::Undeclared { plugin } => format!("declare [plugins.{plugin}]"),
            Self::NotLocked { plugin, .. } => {
                format!("{} pins it; commit secrets.lock", add(plugin))
            }
            Self::PlainHttp { origin, .. } if looks_like_metadata(origin) => format!(
                "if it is the metadata service of the cloud, add it: \
                 `allow.link-local-addresses = [\"{origin}\"]`; else grant an `https` origin"
            ),
            Self::PlainHttp { .. } => "grant an `https` origin; no flag lifts this".into(),
            Self::NotCompiled {
                plugin,
                can_compile: true,
                is_locked,
            } => format!("{} compiles it, once", compile(plugin, *is_locked)),
            Self::NotCompiled {
                plugin, is_locked, ..
            } => format!(
                "this secret-run was built without a compiler: with another of the same version, \
                 {}`secret-run plugin compile {plugin} --out DIR`, and name the folder in \
                 SECRET_RUN_PLUGINS",
                if *is_locked {
                    String::new()
                } else {
                    format!("{}, then ", add(plugin))
                }
            ),
            Self::Outdated { plugin, is_locked } => {
                format!("{} makes it again", compile(plugin, *is_locked))
            }
            Self::NotExecutable { .. } => NOT_EXECUTABLE_HINT.into(),
            Self::Changed { plugin, .. } => format!(
                "if the change is meant, review it and run {}; if not, somebody changed it",
                add(plugin)
            ),
            #[cfg(feature = "compile")]
            Self::NotHere { plugin, is_locked } => {
                let compile = compile(plugin, *is_locked);
                format!("{compile} fetches it, and compiles it")
            }
            Self::Unreadable { .. } => "correct the path or its permissions".into(),
            Self::Store(error) => return error.hint(),
            Self::Engine(error) => return error.hint(),
            Self::Import {
                plugin, capability, ..
            } => import_hint(plugin, *capability),
            Self::Needs(error) => return error.hint(),
            Self::About { error, .. } => return error.hint(),
            Self::Credential { error, .. } => return error.hint(),
            Self::Outbound { error, .. } => return error.hint(),
            Self::NotABackend { .. } => "use it in `validate`, as `plugin/rule`".into(),
            Self::NotAValidator { .. } => "use it in a backend of kind `plugin`".into(),
            Self::Fault(error) => return error.hint(),
            #[cfg(feature = "compile")]
            Self::Make { error, .. } => return error.hint(),
        })
    }
}

/// Some of the errors name the plugin, and the others speak of it.
#[cfg(feature = "compile")]
fn unfit(plugin: &str, error: &MakeError) -> String {
    match error {
        MakeError::Asked(_) | MakeError::Validator(_) => error.to_string(),
        _ => format!("the plugin `{plugin}` cannot be used: {error}"),
    }
}

fn import_hint(plugin: &str, capability: Capability) -> String {
    let inert = |name: &str, does: &str| {
        format!(
            "if the runtime of its language imports it without need, write `allow.inert = \
             [\"{name}\"]` in [plugins.{plugin}]: it may be imported then, and {does}"
        )
    };
    match capability {
        Capability::Http | Capability::WasiHttp => {
            format!("write the origins that it may talk to in `allow.http` of [plugins.{plugin}]")
        }
        Capability::Filesystem => inert("filesystem", "there are no files"),
        Capability::Sockets => inert("sockets", "every socket is refused"),
        _ => "this version has no such interface".into(),
    }
}

/// Whether granting link-local addresses would do, and is likely what is meant.
fn looks_like_metadata(origin: &HttpOrigin) -> bool {
    match origin.address() {
        Some(address) => Bound::Link.holds(address),
        None => origin.host().split('.').next() == Some("metadata"),
    }
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use super::*;
    use crate::plugin::Failure;

    #[test]
    fn the_plugin_is_named_once_whatever_it_is_unfit_for() {
        let (plugin, failure) = ("acme".to_owned(), Failure::Trapped);
        let validator = plugin.clone();
        for error in [
            MakeError::TooLarge,
            MakeError::Compile,
            MakeError::About(AboutError::TooMuch),
            MakeError::Gate(OutboundError::Authority),
            MakeError::Asked(BackendFault::Failed { plugin, failure }),
            MakeError::Validator(PluginError::Rules { validator, failure }),
        ] {
            let text = OpenError::Make {
                plugin: "acme".to_owned(),
                error: Box::new(error),
            };
            let text = text.to_string();
            assert_eq!(text.matches("`acme`").count(), 1, "{text}");
            let spoken_of = ["the plugin", "the validator"];
            let count = spoken_of.map(|words| text.matches(words).count());
            assert_eq!(count.iter().sum::<usize>(), 1, "{text}");
        }
    }
}
