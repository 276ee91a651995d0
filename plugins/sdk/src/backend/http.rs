//! Requests and responses.
//!
//! Neither shows its body or its headers when printed for debugging: they may hold credentials
//! and values.

use std::fmt;

use super::encoding;

/// A request, before the host adds credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// With scheme and host.
    pub url: String,
    /// The headers that the backend sets.
    pub headers: Vec<Header>,
    /// Empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A `POST` of a JSON text.
    pub fn post_json(url: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self {
            body: json.into(),
            ..Self::new("POST", url).header("content-type", "application/json")
        }
    }

    /// The same, with `name=value` added to the query. Both are encoded.
    ///
    /// ```
    /// use secret_run_sdk::Request;
    ///
    /// let request = Request::get("https://example.com/a").query("dc", "eu 1").query("raw", "1");
    /// assert_eq!(request.url, "https://example.com/a?dc=eu%201&raw=1");
    /// ```
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url
            .push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&encoding::query(name));
        self.url.push('=');
        self.url.push_str(&encoding::query(value));
        self
    }

    /// The same with [`Request::query`], if there is a value.
    #[must_use]
    pub fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The same, with a header. The name is in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    /// The same, with a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What the server answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers, mostly for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The same, with a header. The name is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    /// The first header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|header| header.name == name)?;
        Some(&header.value)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A header of a request or a response.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// Its text.
    pub value: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why there is no response. The texts are the host's and may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The manifest does not allow it. The host fails the whole call for it, whatever the
    /// backend answers.
    Denied(String),
    /// The request is none that could be sent.
    Invalid(String),
    /// No connection: the name, the network, or TLS.
    Unreachable(String),
    /// No answer in time.
    Timeout,
    /// The answer is larger than the host allows.
    TooLarge,
    /// The connection broke, or what came is no HTTP.
    Broken(String),
}
