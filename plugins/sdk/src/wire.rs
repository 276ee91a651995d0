//! The side of [`export_backend!`](crate::export_backend) that needs no macro: backends to the
//! types of the contract and back.
//!
//! Public for `secret-run-sdk-writer`, whose world has the interface `backend` in bindings of its
//! own.

use crate::backend_bindings::secret_run::plugin::{http, log, settings};
use crate::{Header, Host, HttpError, Level, Request, Response};

/// The launcher that runs this component.
///
/// What a component imports is what its backend reaches of these functions: the linker drops
/// the rest.
#[derive(Debug)]
pub struct Launcher;

impl Host for Launcher {
    fn setting(&self, key: &str) -> Option<String> {
        settings::get(key)
    }

    fn send(&self, request: Request) -> Result<Response, HttpError> {
        http::send(&outgoing(request))
            .map(incoming)
            .map_err(failure)
    }

    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        let requests: Vec<_> = requests.into_iter().map(outgoing).collect();
        http::send_all(&requests)
            .into_iter()
            .map(|answer| answer.map(incoming).map_err(failure))
            .collect()
    }

    fn log(&self, level: Level, text: &str) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        log::write(level, text);
    }
}

fn outgoing(request: Request) -> http::Request {
    let header = |header: Header| http::Header {
        name: header.name,
        value: header.value,
    };
    http::Request {
        method: request.method,
        url: request.url,
        headers: request.headers.into_iter().map(header).collect(),
        body: request.body,
    }
}

fn incoming(response: http::Response) -> Response {
    let header = |header: http::Header| Header {
        name: header.name,
        value: header.value,
    };
    Response {
        status: response.status,
        headers: response.headers.into_iter().map(header).collect(),
        body: response.body,
    }
}

fn failure(error: http::HttpError) -> HttpError {
    match error {
        http::HttpError::Denied(text) => HttpError::Denied(text),
        http::HttpError::Invalid(text) => HttpError::Invalid(text),
        http::HttpError::Unreachable(text) => HttpError::Unreachable(text),
        http::HttpError::Timeout => HttpError::Timeout,
        http::HttpError::TooLarge => HttpError::TooLarge,
        http::HttpError::Broken(text) => HttpError::Broken(text),
    }
}

/// Implements the interface `backend` of one world for every [`Backend`](crate::Backend), in the
/// crate that has the bindings of that world.
#[doc(hidden)]
#[macro_export]
macro_rules! implement_backend {
    ($interface:path) => {
        use $interface as wit;

        impl<T: $crate::Backend> wit::Guest for T {
            fn about() -> wit::Profile {
                profile(T::about())
            }

            fn fetch(references: Vec<wit::Reference>) -> Vec<Result<wit::Document, wit::Error>> {
                let references: Vec<_> = references.into_iter().map(reference).collect();
                T::fetch(&$crate::wire::Launcher, &references)
                    .into_iter()
                    .map(|answer| answer.map(document).map_err(error))
                    .collect()
            }
        }

        fn profile(about: $crate::About) -> wit::Profile {
            let setting = |spec: $crate::SettingSpec| wit::SettingSpec {
                name: spec.name,
                summary: spec.summary,
                required: spec.required,
                default: spec.default,
            };
            let origin = |spec: $crate::OriginSpec| wit::OriginSpec {
                origin: spec.origin,
                purpose: spec.purpose,
                required: spec.required,
            };
            wit::Profile {
                summary: about.summary,
                settings: about.settings.into_iter().map(setting).collect(),
                origins: about.origins.into_iter().map(origin).collect(),
            }
        }

        fn reference(reference: wit::Reference) -> $crate::Reference {
            $crate::Reference {
                path: reference.path,
                version: reference.version,
            }
        }

        fn document(document: $crate::Document) -> wit::Document {
            wit::Document {
                bytes: document.bytes,
                version: document.version,
                created_at: document.created_at,
                lease: document.lease,
            }
        }

        fn error(error: $crate::Error) -> wit::Error {
            use $crate::Error;
            match error {
                Error::NotFound => wit::Error::NotFound,
                Error::AccessDenied(text) => wit::Error::AccessDenied(text),
                Error::Unauthenticated(text) => wit::Error::Unauthenticated(text),
                Error::InvalidReference(text) => wit::Error::InvalidReference(text),
                Error::Unavailable(outage) => wit::Error::Unavailable(wit::Outage {
                    text: outage.text,
                    retry_after_ms: outage.retry_after_ms,
                }),
                Error::Other(text) => wit::Error::Other(text),
            }
        }
    };
}

crate::implement_backend!(crate::backend_bindings::exports::secret_run::plugin::backend);
