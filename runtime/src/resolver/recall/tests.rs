use thiserror::Error;

use super::*;
use crate::backend::Request;
use crate::cache::Age;
use crate::lease::Lease;
use crate::secret::SecretValue;

/// An error of this nature.
#[derive(Debug, Error)]
#[error("it cannot be read")]
struct Broken(Nature);

impl Explain for Broken {
    fn kind(&self) -> &'static str {
        "broken"
    }

    fn nature(&self) -> Nature {
        self.0
    }
}

const OUTAGE: Nature = Nature::Outage { retry_after: None };
const OLD: &str = "dummy-old";
const NEW: &str = "dummy-new";

fn error(nature: Nature) -> FetchError {
    FetchError::new(Broken(nature))
}

fn document(text: &str) -> Document {
    Document::plain(SecretValue::copy_of(text.as_bytes()))
}

/// Of documents of which these are remembered; the second is the version before the first.
fn recalled(known: [Option<Age>; 3]) -> Recalled {
    let versions = [None, Some(Version::Previous), None];
    let paths = ["pair", "pair", "other"];
    let terms = Terms {
        ttl: Duration::from_secs(60),
        stale: Duration::from_secs(60),
    };
    let request = |(path, version): (&str, Option<Version>)| Key {
        identity: Identity::test(1),
        request: Request {
            path: path.to_owned(),
            version,
        },
    };
    let old = |age| Known {
        document: Some(document(OLD)),
        since: Duration::from_secs(90),
        left: Duration::ZERO,
        age,
    };
    Recalled {
        keys: paths.into_iter().zip(versions).map(request).collect(),
        terms: vec![terms; 3],
        held: vec![false; 3],
        good: known.iter().map(|age| *age == Some(Age::Good)).collect(),
        known: known.map(|age| age.map(old)).into(),
    }
}

fn texts(answers: &Result<Answers, FetchError>) -> Vec<Option<String>> {
    let text = |answer: &Result<Option<Document>, FetchError>| {
        let document = answer.as_ref().ok()?.as_ref()?;
        Some(String::from_utf8_lossy(document.bytes.expose()).into_owned())
    };
    let Ok(answers) = answers else {
        return Vec::new();
    };
    answers.documents.iter().map(text).collect()
}

fn answers(documents: [Result<Option<Document>, FetchError>; 3]) -> Result<Answers, FetchError> {
    Ok(Answers {
        documents: documents.into(),
        notices: Vec::new(),
    })
}

fn new() -> Result<Option<Document>, FetchError> {
    Ok(Some(document(NEW)))
}

const STALE: [Option<Age>; 3] = [Some(Age::Stale); 3];

#[test]
fn an_outage_is_bridged_and_nothing_else_is() {
    let mut out = Err(error(OUTAGE));
    let completed = recalled(STALE).complete(&mut out);
    assert_eq!(texts(&out), vec![Some(OLD.to_owned()); 3]);
    assert!(completed.cause.is_some());
    let stale = completed.remembered.iter().flatten();
    assert_eq!(stale.filter(|found| found.is_stale()).count(), 3);
    for nature in [Nature::Fault, Nature::Denied] {
        let mut failed = Err(error(nature));
        let completed = recalled(STALE).complete(&mut failed);
        assert!(failed.is_err() && completed.cause.is_none());
        let forgotten = completed.fates.iter();
        let forgotten = forgotten.filter(|fate| matches!(fate, Fate::Forgotten));
        assert_eq!(
            forgotten.count(),
            if nature == Nature::Denied { 3 } else { 0 }
        );
    }
    for answer in [
        Err(error(Nature::Fault)),
        Err(error(Nature::Denied)),
        Ok(None),
    ] {
        let mut failed = answers([new(), new(), answer]);
        let completed = recalled(STALE).complete(&mut failed);
        assert_eq!(texts(&failed)[2], None);
        assert_eq!(completed.remembered, [None, None, None]);
    }
}

#[test]
fn what_is_not_remembered_is_an_error_of_the_whole() {
    let mut out = Err(error(OUTAGE));
    let partly = [Some(Age::Good), Some(Age::Good), None];
    let completed = recalled(partly).complete(&mut out);
    assert!(out.is_err());
    assert!(completed.cause.is_none());
}

#[test]
fn what_somebody_has_for_a_time_keeps_nothing_else_from_being_bridged() {
    let mut partly = recalled([Some(Age::Stale), Some(Age::Good), None]);
    partly.held[2] = true;
    let mut out = Err(error(OUTAGE));
    let completed = partly.complete(&mut out);
    let old = || Some(OLD.to_owned());
    assert_eq!(texts(&out), [old(), old(), None]);
    assert!(completed.cause.is_some());
    let stale = completed.remembered.iter();
    let stale: Vec<_> = stale.map(|found| found.map(Remembered::is_stale)).collect();
    assert_eq!(stale, [Some(true), Some(false), None]);
}

#[test]
fn a_version_and_the_one_before_stand_in_together() {
    let mut one = answers([new(), Err(error(OUTAGE)), new()]);
    let completed = recalled(STALE).complete(&mut one);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(texts(&one), [text(OLD), text(OLD), text(NEW)]);
    assert!(matches!(completed.fates[0], Fate::Served));
    // One alone is none.
    let mut one = answers([new(), Err(error(OUTAGE)), new()]);
    let _ = recalled([None, Some(Age::Stale), Some(Age::Stale)]).complete(&mut one);
    assert_eq!(texts(&one), [text(NEW), None, text(NEW)]);
    // What its backend has no more does not come back with the other.
    let mut gone = answers([Ok(None), Err(error(OUTAGE)), new()]);
    let completed = recalled(STALE).complete(&mut gone);
    assert_eq!(texts(&gone), [None, None, text(NEW)]);
    assert!(matches!(completed.fates[0], Fate::Forgotten));
}

#[test]
fn nothing_stands_in_beside_what_was_leased_just_now() {
    let mut leased = document(NEW);
    leased.lease = Some(Lease {
        duration: Duration::from_secs(60),
        renewable: false,
    });
    let mut one = answers([Err(error(OUTAGE)), Err(error(OUTAGE)), Ok(Some(leased))]);
    let completed = recalled(STALE).complete(&mut one);
    assert_eq!(texts(&one)[..2], [None, None]);
    assert!(completed.cause.is_none());
}

#[test]
fn what_is_good_is_not_asked_for_and_what_was_read_is_noted() {
    let whole = recalled([Some(Age::Good); 3]);
    let mut nothing = Ok(Answers::default());
    let completed = whole.complete(&mut nothing);
    assert_eq!(texts(&nothing), vec![Some(OLD.to_owned()); 3]);
    assert!(completed.cause.is_none());
    let cached = completed.remembered.iter().flatten();
    assert_eq!(cached.filter(|found| !found.is_stale()).count(), 3);
    let mut read = answers([new(), Ok(None), new()]);
    let completed = recalled([None, None, None]).complete(&mut read);
    // That there was no version before is known, too.
    let read = completed.fates.iter();
    let read = read.filter(|fate| matches!(fate, Fate::Read(_)));
    assert_eq!(read.count(), 3);
}
