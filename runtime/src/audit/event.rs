//! What is written down.
//!
//! No event has a field that a value or an argument of the command fits into, and none is made
//! of a text: they are made of accesses, of kinds of problems, and of a program's path.

use std::path::{Path, PathBuf};

use super::line::{FORMAT, Line};
use crate::error::Problem;
use crate::lease::Lease;
use crate::resolver::Access;

/// What was done with the secrets of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// They were handed to a command.
    Run,
    /// They were looked at, and nothing was started.
    Check,
    /// A program read them for itself.
    Load,
}

impl Task {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Check => "check",
            Self::Load => "load",
        }
    }
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was read: the policy refused it.
    Policy,
    /// Something was read, and is missing or not what it should be.
    Values,
    /// Everything was there, and the command did not start.
    Start,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Values => "values",
            Self::Start => "start",
        }
    }
}

/// One thing that happened.
#[derive(Debug)]
pub struct Event(What);

#[derive(Debug)]
enum What {
    Access(Access),
    Refused {
        stage: Stage,
        kind: &'static str,
        secret: Option<String>,
    },
    Launch {
        program: PathBuf,
        secrets: usize,
        leases: Vec<(String, Lease)>,
    },
    Heading(Heading),
    Notice(Notice),
}

/// The first line of a file.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub(super) chain: String,
    /// Which file of the log it is, counted from 1.
    pub(super) file: u64,
    /// The oldest that was kept when it was begun.
    pub(super) oldest: u64,
    /// What stood in it before, without a line end.
    pub(super) partial: Option<Notice>,
}

/// Something odd about the log itself, said in it and to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The last line had no end: a machine stopped while it was written.
    PartialLine {
        /// How many bytes it has.
        bytes: u64,
        /// What they are, so that nobody can change them unseen.
        sha256: String,
    },
    /// Lines that were written are gone from the end.
    LinesMissing,
    /// Somebody else wrote lines at the end.
    ForeignLines,
    /// Lines at the end fit, and the file beside the log knew nothing of them.
    BehindHead,
    /// The file beside the log that knows its end is gone.
    HeadLost,
}

/// Who verifies a log finds it there.
pub(super) const BEHIND_HEAD: &str = "behind-head";

impl Notice {
    /// A stable token.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PartialLine { .. } => "partial-line",
            Self::LinesMissing => "lines-missing",
            Self::ForeignLines => "foreign-lines",
            Self::BehindHead => BEHIND_HEAD,
            Self::HeadLost => "head-lost",
        }
    }

    fn describe<'a>(&'a self, line: &mut Line<'a>) {
        line.error = Some(self.kind());
        if let Self::PartialLine { bytes, sha256 } = self {
            line.bytes = Some(*bytes);
            line.sha256 = Some(sha256);
        }
    }
}

impl Event {
    /// A backend was asked for an entry.
    #[must_use]
    pub fn access(access: Access) -> Self {
        Self(What::Access(access))
    }

    /// Something kept the command from starting, or a check from succeeding.
    #[must_use]
    pub fn refused(stage: Stage, problem: &Problem) -> Self {
        Self(What::Refused {
            stage,
            kind: problem.kind,
            secret: problem.secret.clone(),
        })
    }

    /// The command is executed next, with so many secrets, of which these end by themselves.
    #[must_use]
    pub fn launch(program: &Path, secrets: usize, leases: &[(String, Lease)]) -> Self {
        Self(What::Launch {
            program: program.to_owned(),
            secrets,
            leases: leases.to_vec(),
        })
    }

    pub(super) fn heading(heading: Heading) -> Self {
        Self(What::Heading(heading))
    }

    pub(super) fn notice(notice: Notice) -> Self {
        Self(What::Notice(notice))
    }

    /// Whether somebody should look at it, for logs that have levels.
    pub(super) fn is_alarming(&self) -> bool {
        match &self.0 {
            What::Access(access) => access.outcome().error().is_some(),
            What::Refused { .. } | What::Notice(_) => true,
            What::Launch { .. } | What::Heading(_) => false,
        }
    }

    /// Its name, and the entry that it is about.
    pub(super) fn subject(&self) -> (&'static str, Option<&str>) {
        match &self.0 {
            What::Access(access) => ("access", Some(access.name())),
            What::Refused { secret, .. } => ("refused", secret.as_deref()),
            What::Launch { .. } => ("launch", None),
            What::Heading(_) => ("file", None),
            What::Notice(_) => ("notice", None),
        }
    }

    /// Puts what it has to say into a line.
    pub(super) fn describe<'a>(&'a self, line: &mut Line<'a>) {
        (line.event, line.secret) = self.subject();
        match &self.0 {
            What::Access(access) => {
                line.class = Some(match access.class() {
                    crate::manifest::Class::Secret => "secret",
                    crate::manifest::Class::Config => "config",
                });
                line.backend = Some(access.backend());
                line.backend_kind = Some(access.kind());
                line.version = access.version();
                line.outcome = Some(access.outcome().word());
                line.error = access.outcome().error();
                let microseconds = u32::try_from(access.took().as_micros()).unwrap_or(u32::MAX);
                line.milliseconds = Some(f64::from(microseconds) / 1000.0);
            }
            What::Refused { stage, kind, .. } => {
                line.stage = Some(stage.word());
                line.error = Some(kind);
            }
            What::Launch {
                program,
                secrets,
                leases,
            } => {
                line.program = Some(program.to_string_lossy());
                line.secrets = Some(*secrets);
                let seconds =
                    |(name, lease): &'a (String, Lease)| (name.as_str(), lease.duration.as_secs());
                line.leases = leases.iter().map(seconds).collect();
            }
            What::Heading(heading) => {
                line.format = Some(FORMAT);
                line.chain = Some(&heading.chain);
                line.file = Some(heading.file);
                line.oldest = Some(heading.oldest);
                if let Some(notice) = &heading.partial {
                    notice.describe(line);
                }
            }
            What::Notice(notice) => notice.describe(line),
        }
    }
}
