//! Why a value is not handed out in the form that was asked for.
//!
//! These are mistakes of a program or of its manifest; that values are there and valid was found
//! out before. No variant has room for a value, and none keeps the text of somebody else's error,
//! which may quote one.

use std::fmt;

use thiserror::Error;

use crate::error::Explain;
use crate::manifest::{Class, Entry, Manifest, Required};
use crate::nearest::nearest;

/// Why a value is not handed out in the form that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccessError {
    /// The manifest has no entry of that name.
    #[error("`{name}` is not declared in {manifest}")]
    NotDeclared {
        /// The name that was asked for.
        name: String,
        /// The manifest's path.
        manifest: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// It may be absent, and is.
    #[error("`{name}` has no value; it is {declared}")]
    Absent {
        /// The entry.
        name: String,
        /// What it is declared as.
        declared: Declared,
    },
    /// Its bytes are no text.
    #[error("the value of `{name}` is not UTF-8; it is {declared}")]
    NotText {
        /// The entry.
        name: String,
        /// What it is declared as.
        declared: Declared,
    },
    /// It cannot be read as the type that was asked for.
    #[error("the value of `{name}` is no `{wanted}`; it is {declared}")]
    NotParsed {
        /// The entry.
        name: String,
        /// What it is declared as.
        declared: Declared,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// It is not JSON, or not that of the type that was asked for.
    #[error(
        "the value of `{name}` is not JSON of a `{wanted}`: line {line}, column {column}; it is \
         {declared}"
    )]
    NotJson {
        /// The entry.
        name: String,
        /// What it is declared as.
        declared: Declared,
        /// The type that was asked for.
        wanted: &'static str,
        /// Counted from 1; 0 where it is about the whole.
        line: usize,
        /// Counted from 1; 0 where it is about the whole.
        column: usize,
    },
    /// It has no version before that would be honoured.
    #[error("`{name}` has no `previous`; it is {declared}")]
    WithoutPrevious {
        /// The entry.
        name: String,
        /// What it is declared as.
        declared: Declared,
    },
    /// The values are not what a type wants.
    #[error("the values do not make a `{wanted}`{}", of_entry(name.as_deref(), declared.as_ref()))]
    NotFilled {
        /// The type that was asked for.
        wanted: &'static str,
        /// The entry that does not fit its field, where it is one.
        name: Option<String>,
        /// What it is declared as.
        declared: Option<Declared>,
    },
    /// A field has an entry by its own name, and another one by an alias.
    #[error(
        "the values do not make a `{wanted}`: its field `{field}` has two entries that it could be"
    )]
    FilledTwice {
        /// The type that was asked for.
        wanted: &'static str,
        /// The field, as the type names it.
        field: &'static str,
    },
}

impl AccessError {
    pub(super) fn not_declared(manifest: &Manifest, name: &str) -> Self {
        let known = manifest.entries.iter().flat_map(names);
        Self::NotDeclared {
            name: name.to_owned(),
            manifest: manifest.source().path().display().to_string(),
            nearest: nearest(name, known),
        }
    }
}

impl Explain for AccessError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NotDeclared { .. } => "entry-not-declared",
            Self::Absent { .. } => "entry-absent",
            Self::NotText { .. } => "entry-not-text",
            Self::NotParsed { .. } => "entry-not-parsed",
            Self::NotJson { .. } => "entry-not-json",
            Self::WithoutPrevious { .. } => "entry-without-previous",
            Self::NotFilled { .. } | Self::FilledTwice { .. } => "entries-not-filled",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotDeclared {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::NotDeclared { name, .. } => format!("declare it: [secrets.{name}]"),
            Self::Absent { .. } => {
                "ask for it with `optional`, or take `required` out of its entry".to_owned()
            }
            Self::NotText { .. } => {
                "take its bytes, or hold it to a rule with `validate`".to_owned()
            }
            Self::NotParsed { .. } | Self::NotJson { .. } | Self::NotFilled { .. } => {
                "a rule in `validate` finds that before the program starts".to_owned()
            }
            Self::FilledTwice { .. } => {
                "take one of the two out of the manifest, or its `alias` out of the type".to_owned()
            }
            Self::WithoutPrevious { name, .. } => {
                format!("give it one: previous = {{ name = \"{name}_PREVIOUS\", grace = \"24h\" }}")
            }
        })
    }
}

/// What an entry is declared as, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared(String);

impl Declared {
    /// `None` for a name that is not in the manifest.
    pub(super) fn of(manifest: &Manifest, name: &str) -> Option<Self> {
        let named = |entry: &&Entry| names(entry).any(|known| known == name);
        let entry = manifest.entries.iter().find(named)?;
        let span = match &entry.previous {
            Some(previous) if entry.name != name => previous.name.span(),
            _ => entry.span.clone(),
        };
        let place = manifest.source().place(&span);
        let mut text = if entry.name == name {
            let optional = match &entry.required {
                Required::Always => "",
                Required::Never | Required::When(_) => "an optional entry ",
            };
            let table = match entry.class {
                Class::Secret => "secrets",
                Class::Config => "config",
            };
            format!("{optional}in [{table}]")
        } else {
            format!("the version before of `{}`", entry.name)
        };
        text.push_str(&format!(" at {}:{}", place.file.display(), place.line));
        let rules = entry.checks.iter();
        let rules: Vec<_> = rules
            .map(|check| format!("`{}`", check.get_ref().full_name()))
            .collect();
        if !rules.is_empty() {
            text.push_str(&format!(", held to {}", rules.join(" and ")));
        }
        Some(Self(text))
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names under which an entry has values: its own, and that of the version before.
pub(super) fn names(entry: &Entry) -> impl Iterator<Item = &str> {
    let previous = entry.previous.as_ref();
    let previous = previous.map(|previous| previous.name.get_ref().as_str());
    std::iter::once(entry.name.as_str()).chain(previous)
}

fn of_entry(name: Option<&str>, declared: Option<&Declared>) -> String {
    match (name, declared) {
        (Some(name), Some(declared)) => {
            format!(": that of `{name}` does not fit its field; it is {declared}")
        }
        _ => String::new(),
    }
}
