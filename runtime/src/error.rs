//! Errors as users and machines see them.
//!
//! Each stage has an enum of its own that implements [`Explain`]. What leaves the
//! library is a [`Problem`]: kind, message, place, hint. A problem never holds a value,
//! a credential, or text that an upstream sent; the stages' enums have no fields for
//! them. Rendering is the launcher's business.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::line::one_line;

/// What an error of a stage can say about itself besides its message.
pub trait Explain: Error {
    /// A stable token for machines: lower-case words joined by `-`. It never changes
    /// once released, and never contains anything from the input.
    fn kind(&self) -> &'static str;

    /// What to do next, in one or two sentences; `None` where the message says it all.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Which rule found what, as `rule/violation`; for values that a rule refuses.
    fn code(&self) -> Option<String> {
        None
    }

    /// Whether it says that the time is over, and of what.
    fn is_late(&self) -> bool {
        false
    }

    /// Whether to ask again is of any use.
    fn nature(&self) -> Nature {
        Nature::Fault
    }
}

/// What an error says about the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// It comes again until somebody changes something.
    Fault,
    /// Who was asked says that we may not: that is no matter of waiting either.
    Denied,
    /// It may pass by itself: who was asked could not be reached, or could not answer now.
    Outage {
        /// When to ask again at the earliest, if they said so.
        retry_after: Option<Duration>,
    },
}

/// A mistake within a text, and where in it. What the text says is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<Fault> {
    fault: Fault,
    span: Range<usize>,
}

impl<Fault> At<Fault> {
    pub(crate) fn new(fault: Fault, span: Range<usize>) -> Self {
        Self { fault, span }
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Where, in bytes of the text that was parsed.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl<Fault: fmt::Display> fmt::Display for At<Fault> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl<Fault: Error> Error for At<Fault> {}

impl<Fault: Explain> Explain for At<Fault> {
    fn kind(&self) -> &'static str {
        self.fault.kind()
    }

    fn hint(&self) -> Option<String> {
        self.fault.hint()
    }

    fn nature(&self) -> Nature {
        self.fault.nature()
    }
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The command does not start.
    Error,
    /// The command starts; the user is told.
    Warning,
}

/// A place in a file that the user can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What the line says, where it may be shown, and where the caret stands in it.
    /// `None` for files that hold values.
    pub excerpt: Option<Excerpt>,
}

/// One line of a manifest. Texts in it that could be a value are already masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line without its end.
    pub line: String,
    /// The marked part, as byte offsets into `line`.
    pub marked: Range<usize>,
}

/// One thing that is wrong, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable token for machines, such as `unknown-key`.
    pub kind: &'static str,
    /// Whether the command may start all the same.
    pub severity: Severity,
    /// What happened, on one line.
    pub message: String,
    /// Where, if it is a place in a file.
    pub place: Option<Place>,
    /// What to do next, on one line.
    pub hint: Option<String>,
    /// The entry of `[secrets]` or `[config]` that it is about.
    pub secret: Option<String>,
    /// Which rule found what, as `rule/violation`.
    pub code: Option<String>,
}

impl Problem {
    /// A problem that keeps the command from starting. Names, owners and paths stand in what it
    /// says, which are any text of a manifest: each of them stays within its line.
    pub fn error(error: &(impl Explain + ?Sized), place: Option<Place>) -> Self {
        Self {
            kind: error.kind(),
            severity: Severity::Error,
            message: one_line(&error.to_string()),
            place,
            hint: error.hint().as_deref().map(one_line),
            secret: None,
            code: error.code(),
        }
    }

    /// A problem that the user is told of while the command starts.
    pub fn warning(error: &(impl Explain + ?Sized), place: Option<Place>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(error, place)
        }
    }

    /// The same problem, said of an entry of `[secrets]` or `[config]`.
    #[must_use]
    pub fn of(mut self, name: &str) -> Self {
        self.secret = Some(name.to_owned());
        self
    }
}

/// One or more problems: why a stage stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` with the problems if there is an error among them, else `Ok(value)` with
    /// the warnings beside it.
    ///
    /// # Errors
    /// When at least one of `problems` is an error.
    pub fn unless<T>(value: T, problems: Vec<Problem>) -> Result<(T, Vec<Problem>), Self> {
        if problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
        {
            Err(Self(problems))
        } else {
            Ok((value, problems))
        }
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// The same, and what else the user should know.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Problem>) -> Self {
        self.0.extend(more);
        self
    }

    /// All of them, to be sorted or merged with others.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

/// At least one, all of them errors: what a step that failed has to say.
impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl Error for Problems {}
