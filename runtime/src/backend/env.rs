//! Values from `.env` files and from the environment of the process.
//!
//! Later files win over earlier ones, and the process over all files. **The strongest
//! source that mentions a name decides; if it leaves the name empty, the secret is
//! absent.** `KEY=` is what an unfilled template looks like, and no application is served
//! by an empty secret; nor may emptying a name in a stronger source bring back a weaker
//! one. Where an empty one hides a value, the user is told.
//!
//! The process environment is passed in, so that all of this is a function of its
//! arguments and the files. Permissions of the files are not looked at: `.env` files are
//! for development, and commonly readable. Policy keeps this backend out of production.

mod dotenv;
mod error;

use std::collections::HashMap;
use std::future::ready;
use std::path::PathBuf;

use super::{Answers, Backend, Document, FetchError, Fetching, Notice, Request};
use crate::error::Place;
use crate::secret::SecretValue;

pub use error::{EnvError, EnvWarning, SyntaxFault};

/// Answers from `.env` files and the environment of the process.
#[derive(Debug)]
pub struct EnvBackend<P> {
    files: Vec<PathBuf>,
    process: P,
}

impl<P> EnvBackend<P>
where
    P: Fn(&str) -> Option<SecretValue> + Send + Sync,
{
    /// `files` from the weakest to the strongest, and `process`, which answers for the
    /// environment of the process: `None` where a variable is not set.
    pub fn new(files: Vec<PathBuf>, process: P) -> Self {
        Self { files, process }
    }
}

/// What is known of one name so far.
#[derive(Debug, Default)]
struct Standing {
    /// The value of the strongest source that mentions the name; `None` if it is empty.
    value: Option<SecretValue>,
    /// Set where an empty one hides a value: the place of the empty one, if in a file.
    hidden: Option<Option<Place>>,
    /// Set where a file mentions the name again: the place of the one that counts.
    repeated: Vec<Place>,
}

impl Standing {
    fn replace(&mut self, value: Option<SecretValue>, place: Option<Place>) {
        if value.is_some() {
            self.hidden = None;
        } else if self.value.is_some() {
            self.hidden = Some(place);
        }
        self.value = value;
    }

    fn notices(&mut self, request: usize, name: &str) -> Vec<Notice> {
        let repeated = self.repeated.drain(..).map(|place| {
            let name = name.to_owned();
            FetchError::new(EnvWarning::Repeated { name }).at(place)
        });
        let hidden = self.hidden.take().map(|place| {
            let name = name.to_owned();
            let in_file = place.is_some();
            let warning = FetchError::new(EnvWarning::Hidden { name, in_file });
            match place {
                Some(place) => warning.at(place),
                None => warning,
            }
        });
        let warnings = repeated.chain(hidden);
        warnings
            .map(|warning| Notice {
                request: Some(request),
                warning,
            })
            .collect()
    }
}

impl<P> EnvBackend<P>
where
    P: Fn(&str) -> Option<SecretValue> + Send + Sync,
{
    /// Reads a batch, without waiting for anything.
    fn read(&self, requests: &[Request]) -> Result<Answers, FetchError> {
        let mut answers = Answers::default();
        let mut standings: HashMap<&str, Standing> = HashMap::new();
        let mut process: HashMap<&str, Option<SecretValue>> = HashMap::new();
        for request in requests.iter().filter(|request| refusal(request).is_none()) {
            let name = request.path.as_str();
            let value =
                (self.process)(name).map(|value| Some(value).filter(|value| !is_empty(value)));
            // Files are asked where they decide, or where an empty one may hide them.
            if !matches!(value, Some(Some(_))) {
                standings.entry(name).or_default();
            }
            if let Some(value) = value {
                process.insert(name, value);
            }
        }
        if !standings.is_empty() {
            for file in &self.files {
                dotenv::read(file, &mut standings)?;
            }
        }
        for (name, value) in process {
            standings.entry(name).or_default().replace(value, None);
        }
        for (index, request) in requests.iter().enumerate() {
            if let Some(error) = refusal(request) {
                answers.documents.push(Err(FetchError::new(error)));
                continue;
            }
            let standing = standings.get_mut(request.path.as_str());
            let document = standing.and_then(|standing| {
                answers
                    .notices
                    .extend(standing.notices(index, &request.path));
                standing.value.clone()
            });
            answers.documents.push(Ok(document.map(Document::plain)));
        }
        Ok(answers)
    }
}

impl<P> Backend for EnvBackend<P>
where
    P: Fn(&str) -> Option<SecretValue> + Send + Sync,
{
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        Box::pin(ready(self.read(requests)))
    }

    fn waits(&self) -> bool {
        false
    }
}

fn is_empty(value: &SecretValue) -> bool {
    value.expose().is_empty()
}

/// Why a request cannot be answered from here at all.
fn refusal(request: &Request) -> Option<EnvError> {
    if request.version.is_some() {
        return Some(EnvError::Version);
    }
    let name = &request.path;
    let impossible = name.is_empty() || name.contains(|c: char| c == '=' || c.is_control());
    impossible.then_some(EnvError::Name)
}

#[cfg(test)]
mod tests;
