//! Why a backend in WebAssembly did not answer, or how it answered that there is no document.
//!
//! Four different things are never mixed up: the plugin broke down, it broke the contract,
//! it asked for what it may not have, and it answered with an error of its own.

use std::time::Duration;

use thiserror::Error;

use crate::error::{Explain, Nature};
use crate::outbound::OutboundError;
use crate::plugin::Failure;

/// Why there are no answers at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackendFault {
    /// It broke down.
    #[error("the plugin `{plugin}` {failure}")]
    Failed {
        /// The plugin.
        plugin: String,
        /// How.
        failure: Failure,
    },
    /// It did not give one answer for each reference.
    #[error("the plugin `{plugin}` was asked for {asked} documents and gave {given} answers")]
    Count {
        /// The plugin.
        plugin: String,
        /// References that it was asked for.
        asked: usize,
        /// Answers that it gave.
        given: usize,
    },
    /// It wrote more to the log than it may.
    #[error("the plugin `{plugin}` wrote more than {} KiB to the log", .limit / 1024)]
    Flood {
        /// The plugin.
        plugin: String,
        /// Bytes that it may write.
        limit: usize,
    },
    /// It tried something over the network that it may not, or that would show it a
    /// credential.
    #[error("the plugin `{plugin}` was stopped: {error}")]
    Outbound {
        /// The plugin.
        plugin: String,
        /// What it tried.
        error: OutboundError,
    },
}

impl Explain for BackendFault {
    fn kind(&self) -> &'static str {
        match self {
            Self::Failed { failure, .. } => match failure {
                Failure::Trapped => "plugin-trapped",
                Failure::Deadline(_) => "plugin-deadline",
                Failure::Stack => "plugin-stack",
                Failure::Memory(_) => "plugin-memory",
                Failure::Tables(_) => "plugin-tables",
                Failure::Answer | Failure::UnknownCode => "plugin-answer",
                Failure::Start => "plugin-start",
            },
            Self::Count { .. } => "plugin-answer-count",
            Self::Flood { .. } => "plugin-log-flood",
            Self::Outbound { error, .. } => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Failed {
                failure: failure @ Failure::Start,
                ..
            } => failure.hint(),
            Self::Failed {
                plugin,
                failure: Failure::Memory(_) | Failure::Deadline(_),
            } => Some(format!(
                "if the plugin is right to need it, raise the limit under \
                 [plugins.{plugin}.limits]; else report it to whoever made the plugin"
            )),
            Self::Failed { .. } | Self::Count { .. } | Self::Flood { .. } => {
                Some("this is a fault of the plugin; report it to whoever made it".into())
            }
            Self::Outbound { error, .. } => error.hint(),
        }
    }

    fn nature(&self) -> Nature {
        match self {
            // It waited for a server, as a rule.
            Self::Failed {
                failure: Failure::Deadline(_),
                ..
            } => Nature::Outage { retry_after: None },
            Self::Failed { .. } | Self::Count { .. } | Self::Flood { .. } => Nature::Fault,
            Self::Outbound { error, .. } => error.nature(),
        }
    }
}

/// What a backend answers for one reference instead of a document. The texts are the
/// plugin's, without values and credentials, cleaned and cut.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackendRefusal {
    /// The credential may not read it.
    #[error("`{backend}` denies access to `{path}`{}", said(.text))]
    AccessDenied {
        /// The backend's plugin.
        backend: String,
        /// What was asked for.
        path: String,
        /// What the plugin says about it.
        text: String,
    },
    /// There is no good credential.
    #[error("`{backend}` knows no valid credential{}", said(.text))]
    Unauthenticated {
        /// The backend's plugin.
        backend: String,
        /// What the plugin says about it.
        text: String,
    },
    /// The reference is none that the backend could have.
    #[error("`{path}` is no reference that `{backend}` could have{}", said(.text))]
    InvalidReference {
        /// The backend's plugin.
        backend: String,
        /// What was asked for.
        path: String,
        /// What the plugin says about it.
        text: String,
    },
    /// Nobody can say now.
    #[error("`{backend}` cannot answer now{}", said(.text))]
    Unavailable {
        /// The backend's plugin.
        backend: String,
        /// What the plugin says about it.
        text: String,
        /// When to ask again, in milliseconds, if the server said so.
        retry_after_ms: Option<u64>,
    },
    /// Anything else.
    #[error("`{backend}` failed over `{path}`{}", said(.text))]
    Other {
        /// The backend's plugin.
        backend: String,
        /// What was asked for.
        path: String,
        /// What the plugin says about it.
        text: String,
    },
}

fn said(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

impl Explain for BackendRefusal {
    fn kind(&self) -> &'static str {
        match self {
            Self::AccessDenied { .. } => "plugin-access-denied",
            Self::Unauthenticated { .. } => "plugin-unauthenticated",
            Self::InvalidReference { .. } => "plugin-invalid-reference",
            Self::Unavailable { .. } => "plugin-unavailable",
            Self::Other { .. } => "plugin-other",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::AccessDenied { .. } => {
                "give the credential the right to read it, or correct the path".into()
            }
            Self::Unauthenticated { backend, .. } => format!(
                "check what [plugins.{backend}.credentials] names: is it set, and not expired?"
            ),
            Self::InvalidReference { .. } => "correct `key` or `from` of the entry".into(),
            Self::Unavailable {
                retry_after_ms: Some(after),
                ..
            } => format!(
                "the server asks to be asked again in {} s",
                after.div_ceil(1000)
            ),
            Self::Unavailable { .. } => "try again when the server can be reached".into(),
            Self::Other { .. } => {
                "SECRET_RUN_LOG=debug shows the requests of the plugin, without values".into()
            }
        })
    }
    fn nature(&self) -> Nature {
        match self {
            Self::AccessDenied { .. } | Self::Unauthenticated { .. } => Nature::Denied,
            Self::Unavailable { retry_after_ms, .. } => Nature::Outage {
                retry_after: retry_after_ms.map(Duration::from_millis),
            },
            Self::InvalidReference { .. } | Self::Other { .. } => Nature::Fault,
        }
    }
}
