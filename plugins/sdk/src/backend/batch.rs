//! A batch in one round trip.

use std::rc::Rc;

use super::{Document, Error, Host, Reference, Request, Response};

/// Sends requests with one [`Host::send_all`], each distinct one once, and answers in their
/// order. A response is parsed once, however many share it. A request that could not be made is
/// answered with why, and costs nothing.
pub fn send_distinct<T>(
    host: &impl Host,
    requests: impl Iterator<Item = Result<Request, Error>>,
    parse: impl Fn(&Response) -> Result<T, Error>,
) -> Vec<Result<Rc<T>, Error>> {
    let mut distinct: Vec<Request> = Vec::new();
    let mut place = |request: Request| {
        // A batch is small: looking through it costs less than a table in the component.
        let known = distinct.iter().position(|known| *known == request);
        known.unwrap_or_else(|| {
            distinct.push(request);
            distinct.len() - 1
        })
    };
    let places: Vec<_> = requests.map(|request| request.map(&mut place)).collect();
    let responses = if distinct.is_empty() {
        Vec::new()
    } else {
        host.send_all(distinct)
    };
    let parsed: Vec<_> = responses
        .into_iter()
        .map(|response| parse(&response?).map(Rc::new))
        .collect();
    let unanswered = || Err(Error::other("the host did not answer every request"));
    places
        .into_iter()
        .map(|place| parsed.get(place?).cloned().unwrap_or_else(unanswered))
        .collect()
}

/// Reads a batch with one [`Host::send_all`]: references that need the same request share it.
///
/// `request` says what to ask for a reference; `parse` reads a response once; `pick` takes a
/// reference's document out of it.
pub fn fetch_distinct<T>(
    host: &impl Host,
    references: &[Reference],
    request: impl Fn(&Reference) -> Result<Request, Error>,
    parse: impl Fn(&Response) -> Result<T, Error>,
    pick: impl Fn(&Reference, &T) -> Result<Document, Error>,
) -> Vec<Result<Document, Error>> {
    let parsed = send_distinct(host, references.iter().map(request), parse);
    let answers = references.iter().zip(parsed);
    answers
        .map(|(reference, parsed)| pick(reference, &*parsed?))
        .collect()
}
