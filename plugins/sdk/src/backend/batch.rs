//! A batch in one round trip.

use super::{Document, Error, Host, Reference, Request, Response};

/// Reads a batch with one [`Host::send_all`]: references that need the same request share it.
///
/// `request` says what to ask for a reference; `parse` reads a response once, however many
/// references share it; `pick` takes a reference's document out. A reference for which `request`
/// fails is answered with that, and costs no request.
pub fn fetch_distinct<T>(
    host: &dyn Host,
    references: &[Reference],
    request: impl Fn(&Reference) -> Result<Request, Error>,
    parse: impl Fn(&Response) -> Result<T, Error>,
    pick: impl Fn(&Reference, &T) -> Result<Document, Error>,
) -> Vec<Result<Document, Error>> {
    let mut requests: Vec<Request> = Vec::new();
    let places: Vec<Result<usize, Error>> = references
        .iter()
        .map(|reference| {
            let request = request(reference)?;
            // A batch is small: looking through it costs less than a table in the component.
            let known = requests.iter().position(|known| *known == request);
            Ok(known.unwrap_or_else(|| {
                requests.push(request);
                requests.len() - 1
            }))
        })
        .collect();
    let responses = if requests.is_empty() {
        Vec::new()
    } else {
        host.send_all(requests)
    };
    let parsed: Vec<Result<T, Error>> = responses
        .into_iter()
        .map(|response| parse(&response?))
        .collect();
    let answer = |reference: &Reference, place: Result<usize, Error>| match parsed.get(place?) {
        Some(Ok(parsed)) => pick(reference, parsed),
        Some(Err(error)) => Err(error.clone()),
        None => Err(Error::other("the host did not answer every request")),
    };
    references
        .iter()
        .zip(places)
        .map(|(reference, place)| answer(reference, place))
        .collect()
}

/// The same answer for every reference: what keeps the backend from asking at all.
pub fn refuse_all(references: &[Reference], error: &Error) -> Vec<Result<Document, Error>> {
    references.iter().map(|_| Err(error.clone())).collect()
}
