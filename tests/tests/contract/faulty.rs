//! Backends that break the contract, each in one way, and the check that finds it out.

use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use secret_run_tests::contract::{self, Source};
use secret_runtime::backend::{Answers, Backend, Document, FetchError, Fetching, Request};
use secret_runtime::error::Explain;
use secret_runtime::secret::SecretValue;

/// Where a backend in memory ends.
const LIMIT: usize = 100 << 10;

/// What one does that it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Backwards,
    OneTooFew,
    OnlyHundred,
    OnceForAPath,
    OncePerBackend,
    Prefixes,
    EmptyDocuments,
    TextOnly,
    Cuts,
    OutageIsAbsent,
    OutageIsFatal,
    OneSpoilsAll,
    ValueInMessage,
    NoHint,
    KindOfText,
    AnyVersion,
    Normalises,
    Waits,
    Tires,
}

/// Documents in memory.
pub(crate) struct Memory {
    kept: Kept,
}

struct Kept {
    fault: Option<Fault>,
    documents: Mutex<BTreeMap<String, Vec<u8>>>,
    failed: Mutex<bool>,
    calls: AtomicUsize,
}

#[derive(Debug)]
struct Error {
    text: String,
    kind: &'static str,
    hint: Option<String>,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

impl Explain for Error {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl Memory {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            kept: Kept {
                fault,
                documents: Mutex::default(),
                failed: Mutex::default(),
                calls: AtomicUsize::new(0),
            },
        }
    }
}

impl Source for Memory {
    fn backend(&self) -> &dyn Backend {
        &self.kept
    }

    fn path(&self, name: &str) -> String {
        format!("app/{name}")
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let documents = self.kept.documents.get_mut().expect("one thread");
        documents.insert(path.to_owned(), bytes.to_vec());
        None
    }

    fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }

    fn unreadable(&mut self, name: &str) -> String {
        format!("unreadable/{name}")
    }

    fn fail(&mut self) {
        *self.kept.failed.get_mut().expect("one thread") = true;
    }

    fn recover(&mut self) {
        *self.kept.failed.get_mut().expect("one thread") = false;
    }
}

impl Backend for Kept {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        if self.has(Fault::Waits) {
            return Box::pin(pending());
        }
        Box::pin(ready(self.read(requests)))
    }

    fn waits(&self) -> bool {
        false
    }
}

impl Kept {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn read(&self, requests: &[Request]) -> Result<Answers, FetchError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let failed = *self.failed.lock().expect("one thread");
        if failed && (!requests.is_empty() || self.has(Fault::OutageIsFatal)) {
            if self.has(Fault::OutageIsAbsent) {
                let documents = requests.iter().map(|_| Ok(None)).collect();
                return Ok(answers(documents));
            }
            return Err(self.error("memory is away", b""));
        }
        let mut documents: Vec<_> = requests.iter().map(|request| self.one(request)).collect();
        match self.fault {
            Some(Fault::Backwards) => documents.reverse(),
            Some(Fault::OneTooFew) => drop(documents.pop()),
            Some(Fault::OnlyHundred) => documents.truncate(100),
            Some(Fault::Tires) if call > 10 => documents.iter_mut().for_each(|one| *one = Ok(None)),
            Some(Fault::OncePerBackend) if call > 0 => {
                documents.iter_mut().for_each(|one| *one = Ok(None));
            }
            Some(Fault::OnceForAPath) => {
                for (index, request) in requests.iter().enumerate() {
                    if requests[..index].contains(request) {
                        documents[index] = Ok(None);
                    }
                }
            }
            Some(Fault::OneSpoilsAll) => {
                documents = documents
                    .into_iter()
                    .map(|answer| answer.map(Ok))
                    .collect::<Result<_, _>>()?;
            }
            _ => {}
        }
        Ok(answers(documents))
    }

    fn one(&self, request: &Request) -> Result<Option<Document>, FetchError> {
        let documents = self.documents.lock().expect("one thread");
        let path = request.path.as_str();
        if request.version.is_some() && !self.has(Fault::AnyVersion) {
            return Err(self.error("memory keeps no versions", b""));
        }
        let found = match self.fault {
            Some(Fault::Normalises) => {
                let parts = path
                    .split('/')
                    .filter(|part| !matches!(*part, "" | "." | ".."));
                documents.get(&parts.collect::<Vec<_>>().join("/"))
            }
            Some(Fault::Prefixes) => {
                let mut known = documents.iter();
                known
                    .find(|(known, _)| known.starts_with(path))
                    .map(|(_, bytes)| bytes)
            }
            _ => documents.get(path),
        };
        if path.starts_with("unreadable/") {
            let any = documents.values().next();
            return Err(self.error("nobody can read that", any.map_or(b"", |any| any)));
        }
        let Some(bytes) = found else { return Ok(None) };
        if bytes.is_empty() && !self.has(Fault::EmptyDocuments) {
            return Ok(None);
        }
        let bytes = match self.fault {
            Some(Fault::Cuts) => &bytes[..bytes.len().min(LIMIT)],
            Some(Fault::TextOnly) => String::from_utf8_lossy(bytes)
                .into_owned()
                .leak()
                .as_bytes(),
            _ if bytes.len() > LIMIT => return Err(self.error("that is too large", bytes)),
            _ => bytes,
        };
        Ok(Some(Document::plain(SecretValue::copy_of(bytes))))
    }

    fn error(&self, text: &str, value: &[u8]) -> FetchError {
        let (mut kind, mut hint) = ("memory-lost", Some("put it there again".to_owned()));
        let mut text = text.to_owned();
        match self.fault {
            Some(Fault::ValueInMessage) => text.push_str(&String::from_utf8_lossy(value)),
            Some(Fault::NoHint) => hint = None,
            Some(Fault::KindOfText) => kind = "Memory is lost",
            _ => {}
        }
        FetchError::new(Error { text, kind, hint })
    }
}

fn answers(documents: Vec<Result<Option<Document>, FetchError>>) -> Answers {
    Answers {
        documents,
        notices: Vec::new(),
    }
}

type Check = fn(&mut dyn Source);

#[test]
fn each_breach_of_the_contract_is_found_by_its_check() {
    let breaches: [(Fault, Check); 21] = [
        (
            Fault::Backwards,
            contract::each_request_has_its_own_answer_in_order,
        ),
        (
            Fault::OneTooFew,
            contract::each_request_has_its_own_answer_in_order,
        ),
        (
            Fault::OnlyHundred,
            contract::batches_of_any_size_are_answered,
        ),
        (
            Fault::OnceForAPath,
            contract::a_path_asked_for_twice_is_answered_twice,
        ),
        (Fault::Prefixes, contract::what_is_not_there_is_absent),
        (Fault::Tires, contract::repeated_calls_answer_the_same),
        (
            Fault::Tires,
            contract::two_calls_at_once_do_not_disturb_each_other,
        ),
        (
            Fault::OncePerBackend,
            contract::a_call_that_is_given_up_leaves_nothing_behind,
        ),
        (Fault::EmptyDocuments, contract::empty_bytes_are_absent),
        (Fault::TextOnly, contract::every_byte_that_it_holds_survives),
        (Fault::Cuts, contract::a_document_over_the_limit_is_refused),
        (
            Fault::ValueInMessage,
            contract::a_document_over_the_limit_is_refused,
        ),
        (
            Fault::OutageIsAbsent,
            contract::an_outage_is_an_error_and_never_absent,
        ),
        (
            Fault::OutageIsFatal,
            contract::an_outage_is_an_error_and_never_absent,
        ),
        (
            Fault::OneSpoilsAll,
            contract::an_unreadable_document_does_not_spoil_the_others,
        ),
        (
            Fault::ValueInMessage,
            contract::an_unreadable_document_does_not_spoil_the_others,
        ),
        (
            Fault::NoHint,
            contract::an_unreadable_document_does_not_spoil_the_others,
        ),
        (
            Fault::KindOfText,
            contract::an_unreadable_document_does_not_spoil_the_others,
        ),
        (
            Fault::AnyVersion,
            contract::a_version_is_that_version_or_refused,
        ),
        (
            Fault::Normalises,
            contract::paths_that_nobody_writes_lead_nowhere,
        ),
        (Fault::Waits, contract::a_document_of_64_kib_comes_whole),
    ];
    for (fault, check) in breaches {
        let mut memory = Memory::new(Some(fault));
        let found = catch_unwind(AssertUnwindSafe(|| check(&mut memory)));
        assert!(found.is_err(), "{fault:?} is not found out");
    }
}
