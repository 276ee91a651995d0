//! What is checked, and what it is given for that.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::backend::Request;
use crate::error::Explain;
use crate::event_loop::NoEventLoop;
use crate::outbound::{GrantedOrigin, OutboundError, OutboundLimits};
use crate::plugin::about::AboutError;
use crate::plugin::error::PluginError;
use crate::plugin::{Limits, OpenError};

/// A component, and what it is given while it is checked.
#[derive(Debug)]
pub struct Subject {
    /// Under which messages speak of it.
    pub name: String,
    /// The component.
    pub wasm: Vec<u8>,
    /// Its settings, as a manifest would give them.
    pub settings: BTreeMap<String, String>,
    /// What it may reach, and what the host adds for it.
    pub origins: Vec<GrantedOrigin>,
    /// Certificates in PEM that its servers are held against, too.
    pub certificates: Option<Vec<u8>>,
    /// Whether it may know the time.
    pub clock: bool,
    /// What it may use up.
    pub limits: Limits,
    /// What it may send and receive.
    pub outbound: OutboundLimits,
    /// Documents that are there, and that hold different bytes.
    pub references: Vec<Request>,
    /// Where there is nothing; a random path if none is named.
    pub missing: Option<Request>,
    /// Where a document may be written.
    pub write_to: Option<String>,
}

/// Why nothing could be checked: a fault of what was given, not of the component.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// It can't be opened.
    #[error(transparent)]
    Open(Box<OpenError>),
    /// The settings do not fit it.
    #[error("the plugin {0}")]
    Settings(AboutError),
    /// It needs an origin that it may not reach.
    #[error("the plugin needs `{origin}`, which it is not granted")]
    Origin {
        /// The origin.
        origin: String,
    },
    /// A credential could not be sent, or a certificate is none.
    #[error(transparent)]
    Gate(#[from] OutboundError),
    /// WebAssembly can't run here at all.
    #[error(transparent)]
    Engine(#[from] PluginError),
    /// Nothing could be waited for.
    #[error(transparent)]
    EventLoop(#[from] NoEventLoop),
}

impl Explain for SubjectError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Open(error) => error.kind(),
            Self::Settings(error) => error.kind(),
            Self::Origin { .. } => "plugin-needs-origin",
            Self::Gate(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::EventLoop(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Open(error) => error.hint(),
            Self::Settings(AboutError::MissingSetting { key, .. }) => {
                Some(format!("give it: `--setting {key}=...`"))
            }
            Self::Settings(error) => error.hint(),
            Self::Origin { origin } => Some(format!(
                "allow it: `--allow-http {origin}`, or `allow.http` in the manifest"
            )),
            Self::Gate(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::EventLoop(error) => error.hint(),
        }
    }
}

impl From<OpenError> for SubjectError {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
}
