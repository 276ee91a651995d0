//! What goes wrong with the subcommands themselves.

use std::path::PathBuf;

use secret_runtime::error::{Explain, Problem, Problems};
use thiserror::Error;

/// The one problem that an error is, at no place.
pub(super) fn refusal(error: &(impl Explain + ?Sized)) -> Problems {
    Problem::error(error, None).into()
}

#[derive(Debug, Error)]
pub(super) enum CommandError {
    #[cfg(not(feature = "compile"))]
    #[error("this build of secret-run has no compiler")]
    NoCompiler,
    #[error("there is no plugin `{name}` in the manifest")]
    Undeclared { name: String, known: String },
    #[error("`{name}` is not in secrets.lock")]
    NotLocked { name: String },
    #[error("the component of the plugin `{name}` is in a registry, and not on this machine")]
    NotHere { name: String },
    #[cfg(feature = "compile")]
    #[error("the manifest has a plugin `{name}` of another component")]
    NameTaken { name: String },
    #[cfg(feature = "compile")]
    #[error("no name of a plugin can be made of `{source_name}`")]
    NoName { source_name: String },
    #[cfg(feature = "compile")]
    #[error("the path of the component {} is not UTF-8, and a manifest is", .path.display())]
    PathNotText { path: PathBuf },
    #[cfg(feature = "compile")]
    #[error("the manifest {} cannot be written: {reason}", .path.display())]
    ManifestUnwritable { path: PathBuf, reason: String },
    #[cfg(feature = "compile")]
    #[error("the manifest {} was changed meanwhile", .path.display())]
    ManifestChanged { path: PathBuf },
    #[cfg(feature = "compile")]
    #[error("the lines would not fit the manifest: {reason}")]
    DoesNotFit { reason: String },
    #[cfg(feature = "compile")]
    #[error("the component of the plugin `{name}` is not the one in secrets.lock")]
    NotThePinned { name: String },
    #[cfg(feature = "compile")]
    #[error("{variable} is set, and {} cannot be read: {reason}", .path.display())]
    Authority {
        variable: &'static str,
        path: PathBuf,
        reason: String,
    },
    #[error("the component {} cannot be read: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("there is no component {}", .path.display())]
    NoComponent { path: PathBuf },
}

impl Explain for CommandError {
    fn kind(&self) -> &'static str {
        match self {
            #[cfg(not(feature = "compile"))]
            Self::NoCompiler => "no-compiler",
            Self::Undeclared { .. } => "undeclared-name",
            Self::NotLocked { .. } => "plugin-not-locked",
            Self::NotHere { .. } | Self::NoComponent { .. } | Self::Unreadable { .. } => {
                "plugin-unreadable"
            }
            #[cfg(feature = "compile")]
            Self::NameTaken { .. } | Self::NoName { .. } => "plugin-name",
            #[cfg(feature = "compile")]
            Self::PathNotText { .. } => "plugin-path",
            #[cfg(feature = "compile")]
            Self::ManifestUnwritable { .. } => "manifest-unwritable",
            #[cfg(feature = "compile")]
            Self::ManifestChanged { .. } => "manifest-changed",
            #[cfg(feature = "compile")]
            Self::DoesNotFit { .. } => "manifest-lines",
            #[cfg(feature = "compile")]
            Self::NotThePinned { .. } => "plugin-component-changed",
            #[cfg(feature = "compile")]
            Self::Authority { .. } => "registry-authority",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            #[cfg(not(feature = "compile"))]
            Self::NoCompiler => "use one of the same version that was built with the feature \
                                 `compile`; what it compiles runs here, too"
                .into(),
            Self::Undeclared { known, .. } if known.is_empty() => {
                "name a component, as in `secret-run plugin add ./acme.wasm`".into()
            }
            Self::Undeclared { known, .. } => {
                format!("it has: {known}; a component is named by its path, as in `./acme.wasm`")
            }
            Self::NotLocked { name } => format!("`secret-run plugin add {name}` pins it"),
            Self::NotHere { name } => format!("`secret-run plugin add {name}` fetches it"),
            Self::NoComponent { .. } | Self::Unreadable { .. } => {
                "name a plugin of the manifest, or the `.wasm` file of a component".into()
            }
            #[cfg(feature = "compile")]
            Self::NameTaken { .. } | Self::NoName { .. } => {
                "choose one with --name: lower-case words joined by `-`".into()
            }
            #[cfg(feature = "compile")]
            Self::PathNotText { .. } => "rename the file or its folder".into(),
            #[cfg(feature = "compile")]
            Self::ManifestUnwritable { .. } => {
                "without --write, the lines are printed for you to add".into()
            }
            #[cfg(feature = "compile")]
            Self::ManifestChanged { .. } => "run it again".into(),
            #[cfg(feature = "compile")]
            Self::DoesNotFit { .. } => {
                "write [plugins] as tables, not as one inline table, and run it again".into()
            }
            #[cfg(feature = "compile")]
            Self::NotThePinned { name } => format!(
                "if the change is meant, review it and run `secret-run plugin add {name}`; if \
                 not, somebody changed it"
            ),
            #[cfg(feature = "compile")]
            Self::Authority { .. } => "name a file with certificates in PEM".into(),
        })
    }
}
