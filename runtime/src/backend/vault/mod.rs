//! HashiCorp Vault and OpenBao: keys and values of both versions, and whatever else is read at a
//! path.
//!
//! A run logs in, asks once what is mounted where, reads all paths at once, each once, and revokes
//! the token that it made, unless a lease hangs on it. Where the token would end before that, it is
//! renewed, or all is done again with another. Nothing is opened, read or sent before something is
//! asked.
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
mod handle;
mod hint;
#[cfg(feature = "aws")]
mod iam;
mod leases;
mod login;
mod policy;
mod read;
mod renewal;
mod reply;
mod setup;
mod tend;
mod tls;
mod transit;
mod wrapping;

use std::sync::{Mutex, PoisonError};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::ServerName;
use tokio::select;
use tokio::time::{timeout, timeout_at};
use tracing::{debug, info};

pub use error::VaultError;
pub use policy::Policy;

use address::Address;
use client::Client;
use login::{Login, Session};
use read::{Answer, Place, Reader};
use tls::Tls;

use crate::backend::file::Strictness;
use crate::backend::{Answers, Backend, Document, FetchError, Fetching, Granted, Notice, Request};
use crate::manifest::VaultLeases;
use crate::resilience::{FAREWELL, Terms};

/// A backend of the kind `vault`.
#[derive(Debug)]
pub struct Vault {
    address: Address,
    tls: Tls,
    /// A variable that names a proxy, which is not used.
    proxy: Option<&'static str>,
    login: Login,
    place: Place,
    leases: VaultLeases,
    production: bool,
    /// Of a run; who asks otherwise gives the usual ones, from then on.
    terms: Option<Terms>,
    /// What the last fetch was given for a time, until somebody asks.
    granted: Mutex<Option<Granted>>,
}

/// A login, and what was read with its token.
struct Visit {
    session: Session,
    answers: Result<Vec<Answer>, VaultError>,
}

impl Vault {
    async fn read(&self, requests: &[Request]) -> Result<(Vec<Answer>, Vec<Notice>), FetchError> {
        let terms = self.terms.clone();
        let terms = terms.unwrap_or_else(|| Terms::usual("vault"));
        let client = self.client(terms).map_err(FetchError::new)?;
        let visit = self.visits(&client, requests).await;
        let Visit { session, answers } = visit.map_err(FetchError::new)?;
        let mut warnings = Vec::new();
        let mut warn = |error| warnings.push(FetchError::new(error));
        if session.is_without_end() {
            warn(VaultError::NoEnd);
        }
        let ends = is_to_end(&session, &answers);
        let kept = answers
            .as_ref()
            .ok()
            .filter(|_| !ends || !session.is_ours());
        let granted = kept.and_then(|answers| handle::granted(&session, answers));
        *self.granted.lock().unwrap_or_else(PoisonError::into_inner) = granted;
        if ends {
            let ended = timeout(FAREWELL, session.end(&client)).await;
            if let Err(error) = ended.unwrap_or(Err(VaultError::NotRevoked)) {
                warn(error);
            }
        }
        match answers {
            Ok(answers) => {
                let notices = warnings.into_iter().map(Notice::of_all);
                Ok((answers, notices.collect()))
            }
            Err(error) => Err(FetchError::new(error).beside(warnings)),
        }
    }

    /// Logs in and reads all; both again, where the token has ended before that.
    async fn visits(&self, client: &Client, requests: &[Request]) -> Result<Visit, VaultError> {
        let visit = self.visit(client, requests).await?;
        match visit.was_too_long() {
            true => self.again(visit, client, requests).await,
            false => Ok(visit),
        }
    }

    /// Logs in and reads all.
    async fn visit(&self, client: &Client, requests: &[Request]) -> Result<Visit, VaultError> {
        let terms = client.terms();
        let deadline = terms.deadline.at().into();
        let late = || VaultError::Late(Box::new(terms.late(None)));
        let session = timeout_at(deadline, self.login.session(client)).await;
        let session = session.unwrap_or(Err(late()))?;
        let reader = Reader {
            client,
            session: &session,
            place: &self.place,
        };
        let reading = async {
            let mut answers = transit::read(&reader, requests).await?;
            let (used, asked) = ((client, &session), (&self.place, requests));
            leases::hold(self.leases, used, asked, &mut answers).await;
            Ok(answers)
        };
        let answers = select! {
            answers = timeout_at(deadline, reading) => answers.unwrap_or(Err(late())),
            never = session.keep_alive(client, terms.deadline.limit()) => match never {},
        };
        Ok(Visit { session, answers })
    }

    /// Does it all again, once: what was leased with a token that has ended is over as well.
    async fn again(
        &self,
        before: Visit,
        client: &Client,
        requests: &[Request],
    ) -> Result<Visit, VaultError> {
        let lifetime = before.session.lifetime.unwrap_or_default();
        let outlived = VaultError::Outlived {
            seconds: lifetime.as_secs(),
        };
        if !self.login.may_repeat() {
            return Err(outlived);
        }
        debug!("the token of this login has ended, so all is read again with another");
        let visit = self.visit(client, requests).await;
        let visit = visit.map_err(|error| match error {
            // Its credential was good once.
            VaultError::LoginRefused { .. } => outlived.clone(),
            other => other,
        })?;
        Ok(match visit.was_too_long() {
            true => Visit {
                answers: Err(outlived),
                ..visit
            },
            false => visit,
        })
    }

    fn client(&self, terms: Terms) -> Result<Client, VaultError> {
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
            (self.production, self.proxy),
            terms,
        )
    }
}

impl Visit {
    /// Whether the token has ended, and with it something that matters.
    fn was_too_long(&self) -> bool {
        let is_denied = |answer: &Answer| matches!(answer.document, Err(VaultError::Denied { .. }));
        self.session.is_over()
            && match &self.answers {
                Ok(answers) => answers
                    .iter()
                    .any(|answer| is_denied(answer) || answer.lease().is_some()),
                Err(error) => matches!(error, VaultError::BadToken | VaultError::Denied { .. }),
            }
    }
}

/// Whether nothing hangs on the token any more. Where something failed, no command is started, so
/// what was leased ends with the token as well.
fn is_to_end(session: &Session, answers: &Result<Vec<Answer>, VaultError>) -> bool {
    let Ok(answers) = answers else {
        return true;
    };
    let failed = answers.iter().any(|answer| answer.document.is_err());
    let leases = answers.iter().filter(|answer| answer.lease().is_some());
    let leases = leases.count();
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
            let (read, mut notices) = self.read(requests).await?;
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

    fn on(&mut self, terms: &Terms) {
        self.terms = Some(terms.clone());
    }

    fn keeps_trying(&self) -> bool {
        true
    }

    fn granted(&self) -> Option<Granted> {
        let mut granted = self.granted.lock();
        let granted = granted.as_mut().map(|granted| granted.take());
        granted.unwrap_or_default()
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
