//! What a backend says of itself and needs, made fit to be shown and held against grants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::Explain;
use crate::outbound::HttpOrigin;

#[cfg(feature = "compile")]
use super::backend::WitProfile;
#[cfg(feature = "compile")]
use super::text::{clean, is_word};

/// The most settings or origins of a backend.
#[cfg(feature = "compile")]
const ITEMS: usize = 64;
/// The longest text, in characters.
#[cfg(feature = "compile")]
const LINE: usize = 300;

/// What a backend is and what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it reads from, in one line.
    pub summary: String,
    /// The settings that it reads.
    pub settings: Vec<SettingSpec>,
    /// The origins that it sends requests to.
    pub origins: Vec<OriginSpec>,
}

/// A setting that a backend reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingSpec {
    /// Its key under `settings`.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// Whether the manifest must give it.
    pub required: bool,
    /// What it is when the manifest does not give it.
    pub default: Option<String>,
}

/// An origin that a backend sends requests to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginSpec {
    /// An origin, or `{key}` for that of the URL in a setting.
    pub origin: String,
    /// What for, in one line.
    pub purpose: String,
    /// Whether it is of no use without it.
    pub required: bool,
}

/// What a backend needs under given settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Without these it is of no use.
    pub required: BTreeSet<HttpOrigin>,
    /// These it would use.
    pub optional: BTreeSet<HttpOrigin>,
}

impl Needs {
    /// Required or not.
    #[must_use]
    pub fn all(&self) -> BTreeSet<HttpOrigin> {
        self.required.union(&self.optional).cloned().collect()
    }
}

impl About {
    /// The settings of the manifest with the defaults of those that it leaves out.
    ///
    /// # Errors
    /// When one that is required is missing, or one is given that the backend does not read.
    pub fn settings(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Vec<AboutError>> {
        let mut problems = Vec::new();
        let mut settings = given.clone();
        for key in given.keys() {
            if !self.settings.iter().any(|spec| spec.name == *key) {
                let known = self.settings.iter().map(|spec| spec.name.as_str());
                problems.push(AboutError::UnknownSetting {
                    key: key.clone(),
                    known: known.collect::<Vec<_>>().join(", "),
                });
            }
        }
        for spec in &self.settings {
            if settings.contains_key(&spec.name) {
                continue;
            }
            if let Some(default) = &spec.default {
                settings.insert(spec.name.clone(), default.clone());
            } else if spec.required {
                problems.push(AboutError::MissingSetting {
                    key: spec.name.clone(),
                    summary: spec.summary.clone(),
                });
            }
        }
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }

    /// The origins that it needs with these settings, as [`About::settings`] completes them.
    ///
    /// # Errors
    /// When a setting that an origin comes from is no URL.
    pub fn needs(&self, settings: &BTreeMap<String, String>) -> Result<Needs, AboutError> {
        let mut needs = Needs::default();
        for spec in &self.origins {
            let key = spec.origin.strip_prefix('{');
            let origin = match key.and_then(|key| key.strip_suffix('}')) {
                None => HttpOrigin::parse(&spec.origin),
                Some(key) => match settings.get(key) {
                    Some(url) => HttpOrigin::of_url(url),
                    None => continue,
                },
            };
            let origin = origin.map_err(|error| AboutError::Origin {
                origin: spec.origin.clone(),
                reason: error.to_string(),
            })?;
            if spec.required {
                needs.required.insert(origin);
            } else {
                needs.optional.insert(origin);
            }
        }
        Ok(needs)
    }

    /// Judges and cleans what a backend says of itself.
    #[cfg(feature = "compile")]
    pub(super) fn read(about: WitProfile) -> Result<Self, AboutError> {
        if about.settings.len() > ITEMS || about.origins.len() > ITEMS {
            return Err(AboutError::TooMuch);
        }
        let mut names = BTreeSet::new();
        let settings = about.settings.into_iter().map(|spec| {
            if !is_word(&spec.name) || !names.insert(spec.name.clone()) {
                return Err(AboutError::SettingName);
            }
            Ok(SettingSpec {
                name: spec.name,
                summary: clean(&spec.summary, LINE),
                required: spec.required,
                default: spec.default.map(|default| clean(&default, LINE)),
            })
        });
        let settings: Vec<_> = settings.collect::<Result<_, _>>()?;
        let origins = about.origins.into_iter().map(|spec| {
            let key = spec.origin.strip_prefix('{');
            let key = key.and_then(|key| key.strip_suffix('}'));
            let known = match key {
                Some(key) => settings.iter().any(|spec| spec.name == key),
                None => HttpOrigin::parse(&spec.origin).is_ok(),
            };
            let origin = clean(&spec.origin, LINE);
            if !known {
                return Err(AboutError::Origin {
                    origin,
                    reason: "is neither an origin nor a setting".into(),
                });
            }
            Ok(OriginSpec {
                origin,
                purpose: clean(&spec.purpose, LINE),
                required: spec.required,
            })
        });
        let origins = origins.collect::<Result<_, _>>()?;
        Ok(Self {
            summary: clean(&about.summary, LINE),
            settings,
            origins,
        })
    }
}

/// What is wrong with what a backend says of itself, or with the settings that it is given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AboutError {
    /// It does not read such a setting.
    #[error("does not read a setting `{key}`")]
    UnknownSetting {
        /// The key in the manifest.
        key: String,
        /// Those that it reads.
        known: String,
    },
    /// It needs a setting that the manifest does not give.
    #[error("needs the setting `{key}`: {summary}")]
    MissingSetting {
        /// The key.
        key: String,
        /// What it does.
        summary: String,
    },
    /// The origin that it needs is none.
    #[error("needs the origin `{origin}`, which {reason}")]
    Origin {
        /// As the component says it.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting's name is no name, or stands twice.
    #[error("declares a setting whose name is not lower-case words joined by `-`, or stands twice")]
    SettingName,
    /// It declares more than anybody would write.
    #[error("declares too many settings or origins")]
    TooMuch,
}

impl Explain for AboutError {
    fn kind(&self) -> &'static str {
        match self {
            Self::UnknownSetting { .. } => "plugin-setting-unknown",
            Self::MissingSetting { .. } => "plugin-setting-missing",
            Self::Origin { .. } => "plugin-origin",
            Self::SettingName | Self::TooMuch => "plugin-about",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownSetting { known, .. } if known.is_empty() => {
                Some("it reads none".to_owned())
            }
            Self::UnknownSetting { known, .. } => Some(format!("it reads: {known}")),
            Self::MissingSetting { key, .. } => Some(format!(
                "write `settings = {{ {key} = \"...\" }}` for the plugin"
            )),
            Self::Origin { .. } => {
                Some("write a URL as in `https://vault.example.com:8200`".to_owned())
            }
            Self::SettingName | Self::TooMuch => {
                Some("this is a fault of the plugin; report it to whoever made it".to_owned())
            }
        }
    }
}
