//! A launcher for unit tests: scripted answers, and a record of what was asked.
//!
//! It is as strict as the real one where that finds mistakes: settings have the defaults that
//! the backend declares, and a request to an origin that it does not declare is denied.

mod contract;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

pub use contract::assert_failures;

use crate::{About, Backend, Host, HttpError, Level, Request, Response};

/// Stands for the launcher.
///
/// ```
/// use secret_run_sdk::testing::FakeHost;
/// use secret_run_sdk::{
///     About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response,
///     fetch_distinct,
/// };
///
/// struct Example;
/// impl Backend for Example {
///     fn about() -> About {
///         About::new("Example").origin(OriginSpec::required("https://example.com", "to read"))
///     }
///     fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
///         fetch_distinct(
///             host,
///             references,
///             |reference| Ok(Request::get(format!("https://example.com/{}", reference.path))),
///             |response| Ok(response.success()?.body.clone()),
///             |_, body| Ok(Document::new(body.clone())),
///         )
///     }
/// }
///
/// let host = FakeHost::of::<Example>();
/// host.answer("GET", "https://example.com/a", Response::new(200, "dummy"));
/// let answers = Example::fetch(&host, &[Reference::new("a")]);
/// assert_eq!(answers, [Ok(Document::new("dummy"))]);
/// assert_eq!(host.requests().len(), 1);
/// ```
#[derive(Debug, Default)]
pub struct FakeHost {
    settings: BTreeMap<String, String>,
    origins: Vec<String>,
    answers: RefCell<BTreeMap<(String, String), VecDeque<Answer>>>,
    batches: RefCell<Vec<Vec<Request>>>,
    log: RefCell<Vec<(Level, String)>>,
}

type Answer = Result<Response, HttpError>;

impl FakeHost {
    /// The launcher of a manifest without `settings`, which allows every origin that the backend
    /// declares.
    pub fn of<B: Backend>() -> Self {
        let About {
            settings, origins, ..
        } = B::about();
        let defaults = settings
            .into_iter()
            .filter_map(|setting| Some((setting.name, setting.default?)));
        Self {
            settings: defaults.collect(),
            origins: origins.into_iter().map(|origin| origin.origin).collect(),
            ..Self::default()
        }
    }

    /// The same, with a setting in the manifest.
    #[must_use]
    pub fn with_setting(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// What to answer to a request. Several answers to one request are given in turn, the last
    /// of them for ever.
    pub fn answer(&self, method: &str, url: &str, response: Response) {
        self.push(method, url, Ok(response));
    }

    /// A request that gets no response.
    pub fn fail(&self, method: &str, url: &str, error: HttpError) {
        self.push(method, url, Err(error));
    }

    /// Every request, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.batches.borrow().iter().flatten().cloned().collect()
    }

    /// How many requests went out together, for each time that any did.
    pub fn batches(&self) -> Vec<usize> {
        self.batches.borrow().iter().map(Vec::len).collect()
    }

    /// Every line of the log.
    pub fn log_lines(&self) -> Vec<(Level, String)> {
        self.log.borrow().clone()
    }

    /// Forgets what to answer to a request.
    fn forget(&self, method: &str, url: &str) {
        let key = (method.to_owned(), url.to_owned());
        self.answers.borrow_mut().remove(&key);
    }

    fn push(&self, method: &str, url: &str, answer: Answer) {
        let mut answers = self.answers.borrow_mut();
        let key = (method.to_owned(), url.to_owned());
        answers.entry(key).or_default().push_back(answer);
    }

    fn reply(&self, request: &Request) -> Answer {
        let origin = origin(&request.url);
        if !self.allowed().contains(&origin) {
            return Err(HttpError::Denied(format!("{origin} is not allowed")));
        }
        let key = (request.method.clone(), request.url.clone());
        let mut answers = self.answers.borrow_mut();
        let queue = answers.entry(key).or_default();
        match queue.len() {
            0 => Err(HttpError::Broken(format!(
                "the test has no answer to {} {}",
                request.method, request.url
            ))),
            1 => queue[0].clone(),
            _ => queue.pop_front().unwrap_or(Err(HttpError::Timeout)),
        }
    }

    /// The declared origins, with settings in place of their names.
    fn allowed(&self) -> Vec<&str> {
        let allowed = self.origins.iter().filter_map(|declared| {
            let key = declared
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            match key {
                Some(key) => Some(origin(self.settings.get(key)?)),
                None => Some(origin(declared)),
            }
        });
        allowed.collect()
    }
}

impl Host for FakeHost {
    fn setting(&self, key: &str) -> Option<String> {
        self.settings.get(key).cloned()
    }

    fn send(&self, request: Request) -> Answer {
        let answer = self.reply(&request);
        self.batches.borrow_mut().push(vec![request]);
        answer
    }

    fn send_all(&self, requests: Vec<Request>) -> Vec<Answer> {
        let answers = requests.iter().map(|request| self.reply(request)).collect();
        self.batches.borrow_mut().push(requests);
        answers
    }

    fn log(&self, level: Level, text: &str) {
        self.log.borrow_mut().push((level, text.to_owned()));
    }
}

/// Scheme, host and port of a URL, as they are written.
fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |length| authority + length);
    &url[..end]
}
