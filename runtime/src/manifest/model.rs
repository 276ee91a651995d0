//! The types that a manifest becomes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::audit::AuditSettings;
use super::aws::AwsSettings;
use super::cache::CacheSettings;
use super::metrics::MetricsSettings;
use super::mode::FileMode;
use super::plugin_model::Plugin;
use super::resilience::{Patience, Resilience};
use super::source::Source;
use super::vault_model::VaultSettings;
use super::watch::Watch;
use crate::reference::Reference;
use crate::rule::Check;
use crate::template::Template;

/// A manifest without mistakes. Only [`Manifest::parse`] makes one.
#[derive(Debug)]
pub struct Manifest {
    pub(crate) source: Arc<Source>,
    /// The project's name, for messages.
    pub project: Option<String>,
    /// What the child gets of the launcher's environment, unless the environment says
    /// otherwise.
    pub inherit: Inherit,
    /// Where accesses are written down, if anywhere.
    pub audit: Option<AuditSettings>,
    /// For how long what was read is good.
    pub cache: CacheSettings,
    /// Where runs are counted, if anywhere.
    pub metrics: Option<MetricsSettings>,
    /// By name.
    pub environments: BTreeMap<String, Environment>,
    /// By name.
    pub backends: BTreeMap<String, BackendEntry>,
    /// By name.
    pub plugins: BTreeMap<String, Plugin>,
    /// How long backends are waited for, and how often they are asked.
    pub resilience: Resilience,
    /// How a command is supervised, if it is.
    pub watch: Watch,
    /// `[secrets]` and `[config]`, in the order of the file.
    pub entries: Vec<Entry>,
    /// Positions in `entries`, by name.
    pub(super) by_name: Vec<usize>,
}

impl Manifest {
    /// The file it was read from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The entry of that name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(self.position(name)?)
    }

    /// Where the entry of that name stands in `entries`; the first, if there are two.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let of = |at: &usize| self.entries.get(*at).map(|entry| entry.name.as_str());
        let first = self.by_name.partition_point(|at| of(at) < Some(name));
        let found = self.by_name.get(first)?;
        (of(found) == Some(name)).then_some(*found)
    }
}

/// What the child gets of the launcher's environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Inherit {
    /// All of it, without the launcher's own credentials.
    #[default]
    All,
    /// These names; a `*` at the end stands for any ending. An empty list is nothing.
    Only(Vec<String>),
}

impl Inherit {
    /// Whether a variable of this name is inherited.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Only(patterns) => {
                patterns
                    .iter()
                    .any(|pattern| match pattern.strip_suffix('*') {
                        Some(start) => name.starts_with(start.as_bytes()),
                        None => name == pattern.as_bytes(),
                    })
            }
        }
    }
}

/// `[environments.NAME]`.
#[derive(Debug)]
pub struct Environment {
    /// Where the name stands.
    pub span: Range<usize>,
    /// Whether it says `production = true`.
    pub production: bool,
    /// The backend that answers where an entry does not name one.
    pub backend: Option<Spanned<String>>,
    /// Instead of the manifest's.
    pub inherit: Option<Inherit>,
    /// By the name of the entry.
    pub overrides: BTreeMap<String, Override>,
}

/// `[environments.NAME.secrets.ENTRY]` or `[environments.NAME.config.ENTRY]`.
#[derive(Debug)]
pub struct Override {
    /// Where the name stands.
    pub span: Range<usize>,
    /// Whether it stands under `secrets` or `config`.
    pub class: Class,
    /// Instead of the entry's own.
    pub origin: Option<Origin>,
    /// Instead of the entry's own.
    pub default: Option<Spanned<String>>,
    /// Instead of the entry's own.
    pub required: Option<Required>,
}

/// `[backends.NAME]`.
#[derive(Debug)]
pub struct BackendEntry {
    /// Where the name stands.
    pub span: Range<usize>,
    /// What it is and how it is reached.
    pub settings: BackendSettings,
    /// How long it is waited for, and how often it is asked.
    pub patience: Patience,
    /// How long what was read of it is good; instead of what `[cache]` says.
    pub cache: Option<Duration>,
}

/// The kinds of backends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendSettings {
    /// `.env` files, and the process environment over them.
    Env {
        /// The files, later over earlier, relative to the manifest.
        files: Vec<PathBuf>,
    },
    /// A folder with one file per secret.
    File {
        /// The folder, relative to the manifest.
        directory: PathBuf,
        /// How an entry's name becomes a file's name.
        names: NameCase,
    },
    /// A store of AWS.
    Aws(AwsSettings),
    /// HashiCorp Vault and OpenBao.
    Vault(Box<VaultSettings>),
    /// A WASM component.
    Plugin {
        /// Which of `[plugins]`.
        plugin: String,
        /// What stands before the path of every request.
        prefix: String,
    },
}

impl BackendSettings {
    /// The `kind` in the manifest.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Env { .. } => "env",
            Self::File { .. } => "file",
            Self::Aws(aws) => aws.store.kind(),
            Self::Vault(_) => "vault",
            Self::Plugin { .. } => "plugin",
        }
    }

    /// Whether what it gives for a time can be [given back](crate::backend::Lender).
    #[must_use]
    pub fn lends(&self) -> bool {
        matches!(self, Self::Vault(_))
    }

    /// Whether it knows which version was there before the current one. Of others, `previous`
    /// is read under a name of its own.
    #[must_use]
    pub fn keeps_previous(&self) -> bool {
        matches!(self, Self::Aws(_) | Self::Vault(_))
    }

    /// Whether it is reached over a network, so that asking it costs something and may fail.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Env { .. } | Self::File { .. } => false,
            Self::Aws(_) | Self::Vault(_) | Self::Plugin { .. } => true,
        }
    }

    /// The variable of the launcher that it names for a credential.
    #[must_use]
    pub fn credential_variable(&self) -> Option<&str> {
        match self {
            Self::Vault(vault) => vault.credential_variable(),
            _ => None,
        }
    }
}

/// How an entry's name becomes the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameCase {
    /// `DATABASE_URL` is in `DATABASE_URL`.
    #[default]
    AsWritten,
    /// `DATABASE_URL` is in `database_url`. An explicit `key` or `from` is left alone.
    LowerCase,
}

/// Whether an entry is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An entry of `[secrets]`.
    Secret,
    /// An entry of `[config]`: it may have a default and may be printed.
    Config,
}

/// An entry of `[secrets]` or `[config]`: one variable of the child.
#[derive(Debug)]
pub struct Entry {
    /// The variable.
    pub name: String,
    /// Where the name stands.
    pub span: Range<usize>,
    /// Secret or configuration.
    pub class: Class,
    /// For people.
    pub about: About,
    /// Where the value comes from.
    pub origin: Origin,
    /// What it is when it comes from nowhere; configuration only.
    pub default: Option<Spanned<String>>,
    /// Whether the command may start without it.
    pub required: Required,
    /// What the value must be.
    pub checks: Vec<Spanned<Check>>,
    /// The version before, delivered beside it.
    pub previous: Option<Previous>,
    /// How the child gets it.
    pub deliver: Deliver,
    /// How long what it is taken from is good; instead of what the backend says.
    pub cache: Option<Duration>,
}

impl Entry {
    /// Every variable that the child may get for this entry, and where the manifest says so:
    /// its name, the version before, and `_FILE` variants of what is delivered as a file.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Range<usize>)> {
        let previous = self.previous.as_ref().map(|previous| &previous.name);
        let previous = previous.map(|name| (name.get_ref().clone(), name.span()));
        let names = std::iter::once((self.name.clone(), self.span.clone())).chain(previous);
        let as_file = self.deliver != Deliver::Environment;
        names
            .flat_map(|(name, span)| {
                let file = as_file.then(|| (format!("{name}_FILE"), span.clone()));
                std::iter::once((name, span)).chain(file)
            })
            .collect()
    }
}

/// What people want to know of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// What it is.
    pub description: Option<String>,
    /// Who to ask.
    pub owner: Option<String>,
    /// 1 is critical, 2 important.
    pub tier: Option<u8>,
    /// How often it should be changed.
    pub rotate_every: Option<Duration>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The environment's backend, under the entry's own name.
    OwnName,
    /// The environment's backend, under this key.
    Key(Spanned<Reference>),
    /// A backend that the entry names.
    From(Spanned<Reference>),
    /// Other values.
    Compose(Spanned<Template>),
}

/// Whether the command may start without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// It may not.
    Always,
    /// It may.
    Never,
    /// It may, unless all of these hold.
    When(Vec<Condition>),
}

/// A condition on configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Which entry of `[config]`.
    pub name: Spanned<String>,
    /// It holds when the entry is one of these.
    pub values: Vec<String>,
}

/// `previous = { name = "...", grace = "..." }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// The variable for the version before.
    pub name: Spanned<String>,
    /// How long it is honoured after a change.
    pub grace: Duration,
}

/// How the child gets a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Deliver {
    /// As a variable.
    #[default]
    Environment,
    /// In memory, with `NAME_FILE` naming a path to it.
    Memory,
    /// In a file on a memory file system, with `NAME_FILE` naming it.
    File {
        /// Where, relative to the manifest.
        path: PathBuf,
        /// Who may read it.
        mode: FileMode,
    },
}
