//! The backends that a plan uses, and how the default one is chosen.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::{ALWAYS_THERE, PlanError};
use crate::backend::Request;
use crate::ciphertext::shown;
use crate::manifest::{AwsSettings, AwsStore, BackendSettings, Manifest};
use crate::nearest::nearest;
use crate::selection::{Selection, Wanted};

/// What stands for the kinds of AWS where a kind is asked for.
const AWS: &str = "aws";

/// A backend that some route needs.
#[derive(Debug, Clone)]
pub struct PlannedBackend {
    /// Its name in the manifest, or its kind if it is not declared there. No two have one name.
    pub name: String,
    /// What it is.
    pub settings: BackendSettings,
    /// The documents that are asked of it, each once.
    pub requests: Vec<Request>,
    /// Who chose it for entries that name no backend.
    pub chosen_by: Option<String>,
    /// Where the manifest chooses it for them.
    pub(crate) span: Option<Range<usize>>,
}

impl PlannedBackend {
    /// Where a document of this backend is looked for, in words. Relative paths start from
    /// `directory`.
    #[must_use]
    pub fn describe(&self, path: &str, directory: &Path) -> String {
        match &self.settings {
            BackendSettings::Env { files } => {
                let files: Vec<_> = files
                    .iter()
                    .map(|file| directory.join(file).display().to_string())
                    .collect();
                let files = if files.is_empty() {
                    String::new()
                } else {
                    format!(" and {}", files.join(", "))
                };
                format!("the process environment{files} for `{path}`")
            }
            BackendSettings::File {
                directory: mount, ..
            } => {
                format!(
                    "the folder {} for a file `{path}`",
                    directory.join(mount).display()
                )
            }
            other => {
                let (kind, path) = (other.kind(), shown(path));
                format!("`{}` of kind `{kind}` for `{path}`", self.name)
            }
        }
    }

    pub(super) fn declared(
        manifest: &Manifest,
        name: &str,
        chosen_by: Option<String>,
    ) -> Option<Self> {
        let declared = manifest.backends.get(name)?;
        Some(Self {
            name: name.to_owned(),
            settings: declared.settings.clone(),
            requests: Vec::new(),
            chosen_by,
            span: Some(declared.span.clone()),
        })
    }

    /// `.env` and the process environment, unless the manifest declares what `env` is.
    fn implicit(manifest: &Manifest, chosen_by: String) -> Self {
        let files = vec![PathBuf::from(".env")];
        Self::undeclared(manifest, "env", BackendSettings::Env { files }, chosen_by)
    }

    /// A backend that needs no word in the manifest to be reached. A backend of the manifest that
    /// has its name stands in its place: a plan knows backends by name, and one name is one
    /// backend.
    fn undeclared(
        manifest: &Manifest,
        name: &str,
        settings: BackendSettings,
        chosen_by: String,
    ) -> Self {
        let declared = Self::declared(manifest, name, Some(chosen_by.clone()));
        declared.unwrap_or_else(|| Self {
            name: name.into(),
            settings,
            requests: Vec::new(),
            chosen_by: Some(chosen_by),
            span: None,
        })
    }

    /// The backend of entries that name none: by flag, by variable, by the environment.
    pub(super) fn default_of(
        manifest: &Manifest,
        selection: &Selection,
        wanted: &Wanted,
    ) -> Result<Self, PlanError> {
        if let Some((by, name)) = wanted.backend() {
            return Self::asked_for(manifest, name, by);
        }
        let name = &selection.environment;
        let environment = manifest.environments.get(name);
        let by = format!("[environments.{name}]");
        let declared = environment
            .and_then(|environment| environment.backend.as_ref())
            .and_then(|backend| {
                let span = Some(backend.span());
                let declared = Self::declared(manifest, backend.get_ref(), Some(by))?;
                Some(Self { span, ..declared })
            });
        Ok(declared.unwrap_or_else(|| {
            let by = format!("default, since the environment `{name}` names none");
            Self::implicit(manifest, by)
        }))
    }

    /// By name, or by kind if there is one backend of it.
    fn asked_for(manifest: &Manifest, asked: &str, by: String) -> Result<Self, PlanError> {
        if let Some(found) = Self::declared(manifest, asked, Some(by.clone())) {
            return Ok(found);
        }
        let kind = asked.to_ascii_lowercase();
        let is_of_kind = |settings: &BackendSettings| match settings {
            // For short, either store of AWS.
            BackendSettings::Aws(_) if kind == AWS => true,
            other => other.kind() == kind,
        };
        let of_kind: Vec<&String> = manifest
            .backends
            .iter()
            .filter(|(_, backend)| is_of_kind(&backend.settings))
            .map(|(name, _)| name)
            .collect();
        // Of those that nobody declares, it is the one that is made for secrets.
        let kind = match kind.as_str() {
            AWS if of_kind.is_empty() => AwsStore::SecretsManager.kind().to_owned(),
            _ => kind,
        };
        match of_kind[..] {
            [name] => Self::asked_for(manifest, name, by),
            [] if kind == "env" => Ok(Self::implicit(manifest, by)),
            [] if let Some(store) = AwsStore::of_kind(&kind) => {
                let settings = BackendSettings::Aws(AwsSettings::of(store));
                Ok(Self::undeclared(manifest, &kind, settings, by))
            }
            [] if kind == "vault" => {
                let settings = BackendSettings::Vault(Box::default());
                Ok(Self::undeclared(manifest, &kind, settings, by))
            }
            [] => Err(PlanError::UnknownBackend {
                by,
                nearest: nearest(
                    asked,
                    manifest
                        .backends
                        .keys()
                        .map(String::as_str)
                        .chain(ALWAYS_THERE),
                ),
                declared: manifest.backends.keys().cloned().collect(),
            }),
            _ => Err(PlanError::AmbiguousBackend {
                by,
                kind,
                names: of_kind.into_iter().cloned().collect(),
            }),
        }
    }
}
