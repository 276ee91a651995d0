//! Where documents come from.
//!
//! A backend answers a batch of requests, one answer per request, in order. It tells
//! apart what is *absent* (`Ok(None)`) from what it could not find out (`Err`): an
//! outage never looks like a secret that is not there. Nothing at all is absent too: no
//! backend here hands out a document of zero bytes, since no application is served by
//! an empty secret. A backend must not know secrets' names in the manifest, their
//! fields or their rules.

#[cfg(feature = "aws")]
pub mod aws;
pub mod env;
pub mod file;
mod read;
#[cfg(feature = "vault")]
pub mod vault;

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{Explain, Nature, Place, Problem, Severity};
use crate::lease::Lease;
use crate::resilience::Terms;
use crate::secret::SecretValue;

/// Reads a variable of the launcher's own environment.
pub type ProcessVariable<'a> = &'a (dyn Fn(&str) -> Option<OsString> + Send + Sync);

/// The first variable that is set of those that name a proxy for what is encrypted. Nothing here goes
/// through one, which who can't be reached should know.
#[cfg(any(feature = "aws", feature = "vault"))]
pub(crate) fn proxy_variable(process: ProcessVariable<'_>) -> Option<&'static str> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &&str| process(name).is_some_and(|value| !value.is_empty());
    names.into_iter().find(is_set)
}

/// What to do where nobody was reached, with a word about the proxy that was not used.
#[cfg(any(feature = "aws", feature = "vault"))]
pub(crate) fn past_proxy(hint: &str, proxy: Option<&'static str>) -> String {
    match proxy {
        Some(proxy) => format!("{hint}; {proxy} is set, but secret-run goes through no proxy"),
        None => hint.to_owned(),
    }
}

/// One document that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// Where it stands within the backend, without the backend's prefix.
    pub path: String,
    /// Which version; `None` for the current one.
    pub version: Option<Version>,
}

/// A version other than the current one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// As a reference names it: what that means, each backend says.
    Named(String),
    /// The one before the current one. Asked only of backends that
    /// [keep them](crate::manifest::BackendSettings::keeps_previous).
    Previous,
}

impl Version {
    /// The name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Previous => None,
        }
    }
}

/// What a backend holds at a path: the whole of it, before any field is taken out.
#[derive(Debug, Clone)]
pub struct Document {
    /// The bytes as the backend holds them.
    pub bytes: SecretValue,
    /// The version that was read, where the backend knows versions.
    pub version: Option<String>,
    /// When that version was made, where the backend says so.
    pub created: Option<SystemTime>,
    /// How long it is good from when it was read, where the backend gives it for a time only.
    pub lease: Option<Lease>,
    /// What fields are taken out of, where that is not `bytes`: a secret with fields of which one
    /// stands for the whole.
    pub fields: Option<SecretValue>,
}

impl Document {
    /// A document of a backend that knows of nothing but bytes.
    #[must_use]
    pub fn plain(bytes: SecretValue) -> Self {
        Self {
            bytes,
            version: None,
            created: None,
            lease: None,
            fields: None,
        }
    }
}

/// Why a backend could not find out what was asked.
///
/// Each backend has an enum of its own; this carries any of them. Such an enum must not
/// have room for a value, a credential, or a text that a server or file sent.
#[derive(Debug, Clone)]
pub struct FetchError {
    cause: Arc<dyn Explain + Send + Sync>,
    place: Option<Place>,
    /// How often it was asked for, if that was more than once.
    attempts: u32,
    /// What came up besides.
    besides: Option<Arc<[FetchError]>>,
}

impl FetchError {
    /// The error of a backend, in nothing that the user could open.
    pub fn new(cause: impl Explain + Send + Sync + 'static) -> Self {
        Self {
            cause: Arc::new(cause),
            place: None,
            attempts: 1,
            besides: None,
        }
    }

    /// The same error, found at a place in a file.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same error, which came again with the last of so many attempts.
    #[must_use]
    pub fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The same error, beside which the user should know of something else.
    #[must_use]
    pub fn beside(mut self, warnings: Vec<FetchError>) -> Self {
        self.besides = Some(warnings.into());
        self
    }

    /// What the user should know besides, of the backend as a whole.
    pub(crate) fn notices(&self) -> impl Iterator<Item = Notice> {
        self.besides
            .iter()
            .flat_map(|besides| besides.iter())
            .cloned()
            .map(Notice::of_all)
    }

    /// Where it was found, if that is a place in a file.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// It as a problem that keeps the command from starting.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem::error(self, self.place.clone())
    }

    /// It as a problem that does not keep the command from starting.
    #[must_use]
    pub fn warning(&self) -> Problem {
        Problem {
            severity: Severity::Warning,
            ..self.problem()
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        match self.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, ", also after {attempts} attempts"),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl Explain for FetchError {
    fn kind(&self) -> &'static str {
        self.cause.kind()
    }

    fn hint(&self) -> Option<String> {
        self.cause.hint()
    }

    fn is_late(&self) -> bool {
        self.cause.is_late()
    }

    fn nature(&self) -> Nature {
        self.cause.nature()
    }
}

/// Something the user should know although the document was read.
#[derive(Debug)]
pub struct Notice {
    /// Which request it is about, by its position; `None` for the backend as a whole.
    pub request: Option<usize>,
    /// What to say, and where it was found.
    pub warning: FetchError,
}

impl Notice {
    /// One about the backend as a whole.
    pub(crate) fn of_all(warning: FetchError) -> Self {
        Self {
            request: None,
            warning,
        }
    }

    /// It as a problem that does not keep the command from starting.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.warning.warning()
    }
}

/// The answers of a backend to a batch.
#[derive(Debug, Default)]
pub struct Answers {
    /// One per request, in order.
    pub documents: Vec<Result<Option<Document>, FetchError>>,
    /// What came up besides.
    pub notices: Vec<Notice>,
}

/// The answers of a backend, once it has them.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Answers, FetchError>> + Send + 'a>>;

/// What could help who looks for documents that are nowhere, one per document.
pub type Clues<'a> = Pin<Box<dyn Future<Output = Vec<Option<String>>> + Send + 'a>>;

/// What was given for a time with a fetch.
#[derive(Debug)]
pub struct Granted {
    /// How long it is good, all of it together.
    pub lease: Lease,
    /// What the backend knows it by.
    pub handle: SecretValue,
}

/// A lease that lasts longer, once it does.
pub type Renewing<'a> = Pin<Box<dyn Future<Output = Result<Lease, FetchError>> + Send + 'a>>;

/// The end of a lease.
pub type Releasing<'a> = Pin<Box<dyn Future<Output = Result<(), FetchError>> + Send + 'a>>;

/// A backend that can do something about what it gave for a time. It has deadlines of its own.
pub trait Lender: Send + Sync {
    /// Makes what `handle` stands for last longer, and answers how long it is good from now on: no
    /// time at all, if it is over.
    ///
    /// # Errors
    /// An [outage](Nature::Outage) if it may be asked again; else it lasts for as long as was said
    /// before.
    fn renew<'a>(&'a self, handle: &'a SecretValue) -> Renewing<'a>;

    /// Ends what `handle` stands for.
    ///
    /// # Errors
    /// An [outage](Nature::Outage) if it may be asked again; else it ends by itself.
    fn release<'a>(&'a self, handle: &'a SecretValue) -> Releasing<'a>;
}

/// A place that documents come from. All backends of a run are asked at once.
pub trait Backend: Send + Sync {
    /// Reads all requests of one run; a batch of none does nothing. It tries once, unless it
    /// [keeps trying](Self::keeps_trying): what failed by an outage is asked for again.
    ///
    /// # Errors
    /// When the backend as a whole could not answer, so that it is said once and not for
    /// each request.
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a>;

    /// On which terms it is asked from now on. Who waits for nothing, or leaves the deadline and
    /// further attempts to who asks, needs not know.
    fn on(&mut self, _terms: &Terms) {}

    /// What could help who looks for these, which are nowhere: each completes "looked in the
    /// backend for it, …". Asked only of a run that has failed for them, and best effort: what
    /// goes wrong here is not said.
    fn clues<'a>(&'a self, missing: &'a [Request]) -> Clues<'a> {
        Box::pin(std::future::ready(vec![None; missing.len()]))
    }

    /// What it gave for a time with its last fetch, if a [`Lender`] can do something about it.
    /// Answered once: who asks has to keep it.
    fn granted(&self) -> Option<Granted> {
        None
    }

    /// Whether it waits for something. What does not has its answers at once, so that a run
    /// without a network starts nothing that could wait for one.
    fn waits(&self) -> bool;

    /// Whether it asks again by itself what failed by an outage, within the deadline of its
    /// [terms](Self::on), because an attempt anew would begin with what it has: a login. It is then asked once.
    fn keeps_trying(&self) -> bool {
        false
    }
}
