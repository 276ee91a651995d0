//! What can be wrong with a manifest.

use thiserror::Error;

use crate::error::Explain;
use crate::outbound::OriginError;

/// A mistake in a manifest. Names and keys appear in messages; texts that could be a
/// value do not.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ManifestError {
    /// Not TOML.
    #[error("this is not TOML: {message}")]
    Syntax {
        /// What the TOML parser expected, in its words; never text from the file.
        message: String,
    },
    /// A key that nothing reads.
    #[error("unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        table: String,
        /// What was probably meant.
        nearest: Option<String>,
        /// What may stand there.
        known: String,
    },
    /// A key that must be there.
    #[error("{table} has no `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// Where it should stand.
        table: String,
        /// What to write.
        advice: &'static str,
    },
    /// A value of the wrong type or shape.
    #[error("`{key}` must be {wanted}, but this is {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A version of the format that this program does not know.
    #[error("manifest version {found} is not known; this program reads version 1")]
    UnknownVersion {
        /// What the manifest says.
        found: String,
    },
    /// A name that cannot be an environment variable.
    #[error("`{name}` cannot be the name of an environment variable")]
    BadName {
        /// The name.
        name: String,
    },
    /// Two entries for one variable.
    #[error("the variable `{name}` is given twice, here and by {other}")]
    DuplicateName {
        /// The name.
        name: String,
        /// By what else.
        other: String,
    },
    /// A value written into the manifest where only a declaration may stand.
    #[error("a manifest holds no secret, and `{key}` in {table} gives one")]
    ValueInManifest {
        /// The key.
        key: String,
        /// Where it stands.
        table: String,
    },
    /// A text that is not one of those allowed.
    #[error("`{key}` cannot be {found}")]
    UnknownChoice {
        /// The key.
        key: String,
        /// What it says, quoted.
        found: String,
        /// What it may say.
        allowed: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A name that nothing in the manifest declares.
    #[error("{} is not declared in this manifest", called(.what, .name.as_deref()))]
    Undeclared {
        /// Backend, plugin, environment, secret.
        what: &'static str,
        /// The name; `None` if it could be a value.
        name: Option<String>,
        /// What was probably meant.
        nearest: Option<String>,
        /// Which table declares such things.
        table: &'static str,
    },
    /// Keys that exclude each other.
    #[error("{table} gives both `{first}` and `{second}`")]
    Conflict {
        /// Where.
        table: String,
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// How to choose.
        advice: &'static str,
    },
    /// A text that does not have the form it must have.
    #[error("`{key}` is not {wanted}")]
    Malformed {
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
        /// An example.
        example: &'static str,
    },
    /// A name that changes how programs load.
    #[error("`{name}` changes how programs load or start: {reason}")]
    DangerousName {
        /// The name.
        name: String,
        /// What it does.
        reason: &'static str,
    },
    /// A configuration entry that would show a secret.
    #[error("configuration may be printed, so `{name}` cannot contain the secret `{secret}`")]
    SecretInConfig {
        /// The configuration entry.
        name: String,
        /// The secret it names.
        secret: String,
    },
    /// A condition on something that is not configuration.
    #[error("a condition can only look at configuration, and `{name}` is a secret")]
    ConditionOnSecret {
        /// What it names.
        name: String,
    },
    /// A name that cannot be a plugin's.
    #[error("`{name}` cannot be the name of a plugin")]
    BadPluginName {
        /// The name.
        name: String,
    },
    /// Something else than an origin where one must stand.
    #[error("`{key}` names an origin that {fault}")]
    BadOrigin {
        /// The key.
        key: String,
        /// What is wrong with it.
        fault: OriginError,
    },
    /// Something said of an origin that the plugin may send nothing to.
    #[error("`{key}` names `{origin}`, which `allow.http` does not have")]
    OriginNotAllowed {
        /// The key.
        key: &'static str,
        /// The origin.
        origin: String,
    },
    /// A credential written into the manifest.
    #[error("a manifest holds no credential, and `{key}` in {table} gives one")]
    CredentialInManifest {
        /// The key.
        key: String,
        /// Where it stands.
        table: String,
    },
    /// A credential in a header that is the host's own.
    #[error("the header `{name}` is set by the host alone")]
    ReservedHeader {
        /// The header.
        name: String,
    },
    /// Two credentials for one place.
    #[error("the {place} of requests to `{origin}` is given twice")]
    DuplicateCredential {
        /// Where both would go.
        place: String,
        /// Of which origin.
        origin: String,
    },
    /// More mistakes than anybody reads at once.
    #[error("there are {more} more problems")]
    MoreProblems {
        /// How many are not told.
        more: usize,
    },
    /// The file is too large to be a manifest.
    #[error("the manifest is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Explain for ManifestError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "manifest-syntax",
            Self::UnknownKey { .. } => "unknown-key",
            Self::MissingKey { .. } => "missing-key",
            Self::WrongType { .. } => "wrong-type",
            Self::UnknownVersion { .. } => "unknown-manifest-version",
            Self::BadName { .. } => "bad-name",
            Self::DuplicateName { .. } => "duplicate-name",
            Self::ValueInManifest { .. } => "value-in-manifest",
            Self::UnknownChoice { .. } => "unknown-choice",
            Self::Undeclared { .. } => "undeclared-name",
            Self::Conflict { .. } => "conflicting-keys",
            Self::Malformed { .. } => "malformed-text",
            Self::DangerousName { .. } => "dangerous-name",
            Self::SecretInConfig { .. } => "secret-in-config",
            Self::ConditionOnSecret { .. } => "condition-on-secret",
            Self::BadPluginName { .. } => "bad-plugin-name",
            Self::BadOrigin { .. } => "bad-origin",
            Self::OriginNotAllowed { .. } => "origin-not-allowed",
            Self::CredentialInManifest { .. } => "value-in-manifest",
            Self::ReservedHeader { .. } => "reserved-header",
            Self::DuplicateCredential { .. } => "duplicate-credential",
            Self::MoreProblems { .. } => "more-problems",
            Self::TooLarge { .. } => "manifest-too-large",
        }
    }

    fn hint(&self) -> Option<String> {
        let did_you_mean = |nearest: &Option<String>, otherwise: String| {
            nearest
                .as_ref()
                .map_or(otherwise, |near| format!("did you mean `{near}`?"))
        };
        Some(match self {
            Self::Syntax { .. } => {
                "see https://toml.io for the syntax; texts stand in quotes".into()
            }
            Self::UnknownKey { nearest, known, .. } => {
                did_you_mean(nearest, format!("known here: {known}"))
            }
            Self::MissingKey { advice, .. } | Self::Conflict { advice, .. } => (*advice).into(),
            Self::WrongType { .. } => return None,
            Self::UnknownVersion { .. } => "write `version = 1`, or use a newer secret-run".into(),
            Self::BadName { .. } => {
                "use letters, digits and `_`, not beginning with a digit, as in DATABASE_URL".into()
            }
            Self::DuplicateName { .. } => "give each variable one entry".into(),
            Self::ValueInManifest { .. } => "put the value into a backend; if it was a real one \
                 and this file is shared, replace it there: it is known now"
                .into(),
            Self::UnknownChoice {
                nearest, allowed, ..
            } => did_you_mean(nearest, format!("allowed: {allowed}")),
            Self::Undeclared {
                nearest,
                name,
                table,
                ..
            } => {
                let name = name.as_deref().unwrap_or("NAME");
                did_you_mean(nearest, format!("declare it as [{table}.{name}]"))
            }
            Self::Malformed { example, .. } => format!("for example {example}"),
            Self::DangerousName { .. } => {
                "if the app really needs it, write `allow-dangerous-name = true` in the entry"
                    .into()
            }
            Self::SecretInConfig { .. } => "make it an entry of [secrets]".into(),
            Self::ConditionOnSecret { .. } => {
                "declare what the condition looks at as an entry of [config]".into()
            }
            Self::BadPluginName { .. } => {
                "use lower-case words joined by `-`, as in `one-password`".into()
            }
            Self::BadOrigin { .. } => {
                "write scheme, host and port alone, as in \"https://api.example.com\"".into()
            }
            Self::OriginNotAllowed { origin, .. } => {
                format!("add \"{origin}\" to `allow.http`, or remove it here")
            }
            Self::CredentialInManifest { .. } => "write `{NAME}` for a variable of the launcher, \
                 or `{ file = \"path\" }`; if it was a real one and this file is shared, replace \
                 it: it is known now"
                .into(),
            Self::ReservedHeader { .. } => {
                "use the header that the service documents for credentials".into()
            }
            Self::DuplicateCredential { .. } => "keep one of the two".into(),
            Self::MoreProblems { .. } => "mend those that are told first".into(),
            Self::TooLarge { .. } => {
                "a manifest declares what an app needs; it holds no data".into()
            }
        })
    }
}

fn called(what: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{what} `{name}`"),
        None => format!("this {what}"),
    }
}
