//! What the parent says while the command runs. Names, never values.

use std::io::ErrorKind;
use std::time::Duration;

use secret_runtime::error::Explain;
use secret_runtime::manifest::OnChange;
use thiserror::Error;

use super::redact::SHORTEST;

/// What the parent says while the command runs.
#[derive(Debug, Error)]
pub(super) enum Notice {
    /// Something has changed.
    #[error("{names} changed: {}", consequence(*.then))]
    Changed {
        /// The entries.
        names: String,
        /// What is done.
        then: OnChange,
    },
    /// Something has changed that only a start can hand over.
    #[error("{names} changed, and the command does not learn of it until it is started again")]
    Unseen {
        /// The entries.
        names: String,
    },
    /// Some values are not looked for in the outputs.
    #[error("{names}: a value of less than {SHORTEST} bytes is not masked")]
    NotMasked {
        /// The entries.
        names: String,
    },
    /// The values could not be had.
    #[error("the values could not be read again: the command keeps those that it has")]
    NotRead {
        /// How long until the next attempt.
        again: Duration,
    },
    /// What is good for a time could not be made to last longer.
    #[error("what is leased could not be renewed: the command keeps it, and it ends in {}", humantime(*.rest))]
    NotRenewed {
        /// How long it is good.
        rest: Duration,
        /// How long until the next attempt, if it may be tried again.
        again: Option<Duration>,
    },
    /// What nobody uses any more is still good.
    #[error("what is leased and no longer used could not be given back: it ends by itself")]
    NotReleased {
        /// Whether it is tried again.
        again: bool,
    },
    /// Nobody can ask for what is counted.
    #[error("no metrics are served at {address}: {}", .reason.kind())]
    NotServed {
        /// Where.
        address: String,
        /// What the kernel said, or what lies there.
        reason: std::io::Error,
    },
    /// Nobody read what the parent said.
    #[error("{}", not_said(*.count))]
    NotSaid {
        /// How much of it.
        count: usize,
    },
    /// The command did not stop.
    #[error("the command did not stop within {}: it is killed", humantime(*.grace))]
    Killed {
        /// How long it had.
        grace: Duration,
    },
}

impl Notice {
    /// Entries as they are said in a message.
    pub(super) fn names(names: &[String]) -> String {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    }
}

impl Explain for Notice {
    fn kind(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "watch-changed",
            Self::Unseen { .. } => "watch-not-seen",
            Self::NotMasked { .. } => "watch-not-masked",
            Self::NotRead { .. } => "watch-not-read",
            Self::NotRenewed { .. } => "watch-lease-not-renewed",
            Self::NotReleased { .. } => "watch-lease-not-revoked",
            Self::NotServed { .. } => "metrics-not-served",
            Self::NotSaid { .. } => "watch-not-said",
            Self::Killed { .. } => "watch-killed",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Changed { .. } => None,
            Self::NotMasked { .. } => {
                Some("choose a longer one: so short a text is in many others".to_owned())
            }
            Self::Unseen { .. } => Some(
                "deliver it to a path, `deliver = { file = \"/run/...\" }`, or choose \
                 `on-change = \"restart\"`"
                    .to_owned(),
            ),
            Self::NotRead { again } => Some(format!(
                "the next attempt is in about {}",
                humantime(*again)
            )),
            Self::NotRenewed {
                again: Some(again), ..
            } => Some(format!(
                "the next attempt is in about {}",
                humantime(*again)
            )),
            Self::NotRenewed { again: None, .. } => {
                Some("another one is asked for before its end".to_owned())
            }
            Self::NotReleased { again } => {
                again.then(|| "it is tried again while the command runs".to_owned())
            }
            Self::NotServed { reason, .. } => Some(
                match reason.kind() {
                    ErrorKind::AddrInUse => {
                        "another process listens there: `ss -lxtp` tells which; each supervised \
                         command has an address of its own"
                    }
                    ErrorKind::AlreadyExists => {
                        "what lies there is no socket of this user: name another path, or remove it"
                    }
                    ErrorKind::NotFound => "make the folder of the socket before the start",
                    _ => "name another place under `listen` in [metrics]",
                }
                .to_owned(),
            ),
            Self::NotSaid { .. } => Some("nobody read standard error meanwhile".to_owned()),
            Self::Killed { .. } => {
                Some("give it more time with `stop-grace` in [watch]".to_owned())
            }
        }
    }
}

fn consequence(then: OnChange) -> &'static str {
    match then {
        OnChange::Restart => "the command is restarted",
        OnChange::Rewrite => "the files with a path are written again",
        OnChange::Signal(_) => "the files with a path are written again, and the command is told",
    }
}

fn not_said(count: usize) -> String {
    match count {
        1 => "a notice before this one was not said".to_owned(),
        count => format!("{count} notices before this one were not said"),
    }
}

/// Whole seconds, or milliseconds below one.
fn humantime(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1000 => format!("{millis}ms"),
        millis => format!("{}s", millis.div_ceil(1000)),
    }
}
