//! What a backend may ask of the launcher.

use super::{HttpError, Request, Response};

/// The launcher, as a backend sees it. [`FakeHost`](crate::testing::FakeHost) stands for it in
/// unit tests.
pub trait Host {
    /// The value of a setting, or the default that [`About`](crate::About) gives it.
    fn setting(&self, key: &str) -> Option<String>;

    /// Sends one request. The host adds the credentials.
    ///
    /// # Errors
    /// When there is no response. A response with any status is none.
    fn send(&self, request: Request) -> Result<Response, HttpError>;

    /// Sends all of them at once, and answers in their order.
    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, HttpError>>;

    /// Writes to the launcher's debug log. Never a value or a credential.
    fn log(&self, level: Level, text: &str);
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For who looks for a fault.
    Debug,
    /// For who wants to know what happens.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}
