//! HashiCorp Vault and OpenBao: keys and values of both versions, and whatever else is read at a
//! path.
//!
//! A run logs in, asks once what is mounted where, reads all paths at once, each once, and revokes
//! the token that it made, unless a lease hangs on it. Nothing is opened, read or sent before
//! something is asked.
//!
//! It speaks to Vault by the HTTP client that the gate of plugins stands on. `vaultrs` was weighed:
//! it brings a second HTTP client and another provider of cryptography, takes no socket, no name
//! for TLS and no folder of authorities, and copies values into texts that nobody wipes.
//!
//! No error and no log line has a value, a token, or a text of the server in it. The buffers of the
//! HTTP and TLS libraries are not wiped; what is kept is.

mod address;
mod client;
mod connect;
mod document;
mod engine;
mod error;
mod hint;
mod login;
mod policy;
mod read;
mod reply;
mod setup;
mod tls;

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::info;

pub use error::VaultError;
pub use policy::Policy;

use address::Address;
use client::Client;
use login::{Login, Session};
use read::{Answer, Place, Reader};
use tls::Tls;

use crate::backend::file::Strictness;
use crate::backend::{Answers, Backend, Document, FetchError, Fetching, Notice, Request};

/// How long all requests of a run may take, attempts and pauses included.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long it may take to revoke a token.
const FAREWELL: Duration = Duration::from_secs(5);

/// A backend of the kind `vault`.
#[derive(Debug)]
pub struct Vault {
    address: Address,
    tls: Tls,
    login: Login,
    place: Place,
    production: bool,
}

impl Vault {
    async fn read(&self, requests: &[Request]) -> Result<(Vec<Answer>, Vec<Notice>), VaultError> {
        let deadline = Instant::now() + DEADLINE;
        let late = || VaultError::TimedOut {
            seconds: DEADLINE.as_secs(),
        };
        let client = self.client()?;
        let session = timeout_at(deadline, self.login.session(&client)).await;
        let session = session.unwrap_or(Err(late()))?;
        let reader = Reader {
            client: &client,
            session: &session,
            place: &self.place,
        };
        let answers = timeout_at(deadline, reader.read(requests)).await;
        let answers = answers.unwrap_or(Err(late()));
        let mut notices = Vec::new();
        if is_to_end(&session, &answers) {
            let ended = timeout(FAREWELL, session.end(&client)).await;
            if let Err(error) = ended.unwrap_or(Err(VaultError::NotRevoked)) {
                notices.push(Notice {
                    request: None,
                    warning: FetchError::new(error),
                });
            }
        }
        Ok((answers?, notices))
    }

    fn client(&self) -> Result<Client, VaultError> {
        let name = self.tls.server_name.as_deref();
        let name = name.map(|name| ServerName::try_from(name.to_owned()));
        let name = name.transpose().map_err(|_| VaultError::BadAddress {
            reason: "has a name for TLS that is none".into(),
        })?;
        Client::new(
            self.address.clone(),
            self.place.namespace.as_deref(),
            self.tls.config(Strictness::of(self.production))?,
            name,
            self.production,
        )
    }
}

/// Whether nothing hangs on the token any more. Where something failed, no command is started, so
/// what was leased ends with the token as well.
fn is_to_end(session: &Session, answers: &Result<Vec<Answer>, VaultError>) -> bool {
    let Ok(answers) = answers else {
        return true;
    };
    let leases = |answer: &Answer| {
        let found = answer.document.as_ref().ok().and_then(Option::as_ref);
        found.is_some_and(|document| document.lease.is_some())
    };
    let failed = answers.iter().any(|answer| answer.document.is_err());
    let leases = answers.iter().filter(|answer| leases(answer)).count();
    if leases == 0 || failed {
        return true;
    }
    if session.is_ours() {
        info!(
            leases,
            "the token of this login is kept, since leases end with it"
        );
    }
    false
}

impl Backend for Vault {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        Box::pin(async move {
            if requests.is_empty() {
                return Ok(Answers::default());
            }
            let (read, mut notices) = self.read(requests).await.map_err(FetchError::new)?;
            let mut documents: Vec<Result<Option<Document>, FetchError>> = Vec::new();
            for (request, answer) in read.into_iter().enumerate() {
                documents.push(answer.document.map_err(FetchError::new));
                notices.extend(answer.notice.map(|error| Notice {
                    request: Some(request),
                    warning: FetchError::new(error),
                }));
            }
            Ok(Answers { documents, notices })
        })
    }

    fn waits(&self) -> bool {
        true
    }
}

/// A path as it stands in a URL: each name of it encoded.
fn encoded(path: &str) -> String {
    const NAME: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b'/');
    utf8_percent_encode(path, NAME).to_string()
}
