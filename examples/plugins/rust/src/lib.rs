//! A backend that reads documents from an HTTP API: `GET {address}/secrets/PATH`.
//!
//! It sends its requests through the host, which allows only the origins of the manifest and
//! adds the credential. Its texts say what happened, and never what the server sent.

use std::fmt::Write as _;

use exports::secret_run::plugin::backend::{
    Document, Error, Guest, OriginSpec, Outage, Profile, Reference, SettingSpec,
};
use secret_run::plugin::http::{self, HttpError, Request, Response};
use secret_run::plugin::settings;

wit_bindgen::generate!({ path: "wit", world: "backend-only" });

struct Backend;

export!(Backend);

impl Guest for Backend {
    fn about() -> Profile {
        Profile {
            summary: "documents of an HTTP API".into(),
            settings: vec![SettingSpec {
                name: "address".into(),
                summary: "URL of the API, without a query".into(),
                required: true,
                default: None,
            }],
            origins: vec![OriginSpec {
                origin: "{address}".into(),
                purpose: "to read secrets".into(),
                required: true,
            }],
        }
    }

    fn fetch(references: Vec<Reference>) -> Vec<Result<Document, Error>> {
        let address = settings::get("address").unwrap_or_default();
        let address = address.trim_end_matches('/');
        if address.is_empty() || address.contains(['?', '#']) {
            let text = "the setting `address` must be a URL without a query";
            return references
                .iter()
                .map(|_| Err(Error::Other(text.into())))
                .collect();
        }
        let urls: Vec<_> = references
            .iter()
            .map(|reference| url(address, reference))
            .collect();
        let requests: Vec<_> = urls.iter().flatten().map(|url| get(url)).collect();
        let results = if requests.is_empty() {
            Vec::new()
        } else {
            http::send_all(&requests)
        };
        let mut results = results.into_iter();
        let answer = |(reference, url): (&Reference, Option<String>)| match url {
            None => Err(Error::InvalidReference(
                "a path is made of names joined by `/`".into(),
            )),
            Some(_) => match results.next() {
                Some(Ok(response)) => answer(reference, response),
                Some(Err(error)) => Err(no_answer(error)),
                None => Err(Error::Other(
                    "the host left a request without an answer".into(),
                )),
            },
        };
        references.iter().zip(urls).map(answer).collect()
    }
}

/// The URL of a document, or nothing if no document can have such a path. `.` and `..` would
/// be taken out of the URL on its way, and another document would be read.
fn url(address: &str, reference: &Reference) -> Option<String> {
    let mut url = format!("{address}/secrets");
    for segment in reference.path.split('/') {
        if matches!(segment, "" | "." | "..") {
            return None;
        }
        url.push('/');
        encode(&mut url, segment);
    }
    if let Some(version) = &reference.version {
        url.push_str("?version=");
        encode(&mut url, version);
    }
    Some(url)
}

/// Appends `text` with every byte as `%XX` that a part of a URL does not keep as it is.
fn encode(url: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(byte.into());
        } else {
            // Writing to a string can't fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

fn get(url: &str) -> Request {
    Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn answer(reference: &Reference, response: Response) -> Result<Document, Error> {
    let status = response.status;
    match status {
        200 => {
            let version = header(&response, "x-version").map(str::to_owned);
            // A server that has no versions may answer all the same, with another document than
            // the one that was asked for.
            if reference.version.is_some() && reference.version != version {
                return Err(Error::InvalidReference(
                    "the server did not answer with this version".into(),
                ));
            }
            Ok(Document {
                bytes: response.body,
                version,
                created_at: None,
                lease: None,
            })
        }
        401 => Err(Error::Unauthenticated(
            "the server asks for another credential".into(),
        )),
        403 => Err(Error::AccessDenied(
            "the credential may not read this path".into(),
        )),
        404 => Err(Error::NotFound),
        429 | 500..=599 => Err(Error::Unavailable(Outage {
            text: format!("the server answered with status {status}"),
            retry_after_ms: retry_after(&response),
        })),
        _ => Err(Error::Other(format!(
            "the server answered with status {status}"
        ))),
    }
}

/// The first value of a header.
fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut named = response.headers.iter().filter(|header| header.name == name);
    named.next().map(|header| header.value.as_str())
}

/// The seconds of `retry-after` in milliseconds. A date there is not read: the clock that it
/// is for is not lent to plugins.
fn retry_after(response: &Response) -> Option<u64> {
    let seconds = header(response, "retry-after")?;
    let is_number = seconds.len() <= 9 && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: u64 = seconds.parse().ok().filter(|_| is_number)?;
    Some(1000 * seconds)
}

/// Why there is no response. The host's own texts may be passed on.
fn no_answer(error: HttpError) -> Error {
    let unavailable = |text| {
        Error::Unavailable(Outage {
            text,
            retry_after_ms: None,
        })
    };
    match error {
        HttpError::Denied(text) => Error::Other(format!("the request is not allowed: {text}")),
        HttpError::Invalid(text) => Error::Other(format!("the request can't be sent: {text}")),
        HttpError::Unreachable(text) => unavailable(format!("the server can't be reached: {text}")),
        HttpError::Timeout => unavailable("the server did not answer in time".into()),
        HttpError::TooLarge => Error::Other("the document is too large".into()),
        HttpError::Broken(text) => unavailable(format!("the connection broke: {text}")),
    }
}
