//! What is not asked of a backend, since it is known already.

use std::borrow::Cow;

use crate::backend::{Answers, Document, Request};

/// What is not asked for, by the position of the request, each with the answer that stands in its
/// place.
#[derive(Debug)]
pub(super) struct Spared(Vec<Option<Option<Document>>>);

impl Spared {
    pub(super) fn new(known: impl IntoIterator<Item = Option<Option<Document>>>) -> Self {
        Self(known.into_iter().collect())
    }

    /// Nothing is known of so many requests.
    pub(super) fn nothing(requests: usize) -> Self {
        Self::new(std::iter::repeat_with(|| None).take(requests))
    }

    /// That request is not asked, either, and what stands in its place says nothing.
    pub(super) fn leave_out(&mut self, request: usize) {
        self.0[request] = Some(None);
    }

    /// Whether nothing is left to be asked for.
    pub(super) fn is_all(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    /// Whether that request is not asked.
    pub(super) fn has(&self, request: usize) -> bool {
        self.0[request].is_some()
    }

    /// What is asked for.
    pub(super) fn rest<'a>(&self, requests: &'a [Request]) -> Cow<'a, [Request]> {
        if self.0.iter().all(Option::is_none) {
            return Cow::Borrowed(requests);
        }
        let rest = self.places().map(|place| requests[place].clone());
        Cow::Owned(rest.collect())
    }

    /// The answers to the rest, and what is known, each in its place.
    pub(super) fn complete(&self, rest: Answers) -> Answers {
        let places: Vec<usize> = self.places().collect();
        let mut answers = rest.documents.into_iter();
        // A backend gives one answer for each request.
        let documents = self.0.iter().map_while(|known| match known {
            Some(document) => Some(Ok(document.clone())),
            None => answers.next(),
        });
        let documents = documents.collect();
        let mut notices = rest.notices;
        for notice in &mut notices {
            notice.request = notice.request.and_then(|at| places.get(at).copied());
        }
        Answers { documents, notices }
    }

    /// The positions of what is asked for.
    fn places(&self) -> impl Iterator<Item = usize> {
        let all = self.0.iter().enumerate();
        all.filter(|(_, known)| known.is_none())
            .map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;
    use crate::backend::{FetchError, Notice};
    use crate::cache::CacheError;
    use crate::secret::SecretValue;

    fn document(text: &str) -> Document {
        Document::plain(SecretValue::copy_of(text.as_bytes()))
    }

    fn requests() -> Vec<Request> {
        let request = |path: &str| Request {
            path: path.to_owned(),
            version: None,
        };
        ["a", "b", "c"].map(request).into()
    }

    #[test]
    fn what_is_known_is_not_asked_for_and_the_rest_keeps_its_place() {
        let spared = Spared::new([None, Some(Some(document("known"))), None]);
        let requests = requests();
        let rest = spared.rest(&requests);
        let paths: Vec<_> = rest.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["a", "c"]);
        let answers = Answers {
            documents: vec![Ok(Some(document("a"))), Ok(None)],
            notices: vec![Notice {
                request: Some(1),
                warning: FetchError::new(CacheError::Ttl),
            }],
        };
        let answers = spared.complete(answers);
        let text = |answer: &Result<Option<Document>, FetchError>| {
            let found = answer.as_ref().unwrap().as_ref()?;
            Some(String::from_utf8(found.bytes.expose().to_vec()).unwrap())
        };
        let texts: Vec<_> = answers.documents.iter().map(text).collect();
        assert_eq!(texts, [Some("a".into()), Some("known".into()), None]);
        assert_eq!(answers.notices[0].request, Some(2));
        assert!(!spared.is_all());
    }

    #[test]
    fn where_all_is_known_nothing_is_asked() {
        let spared = Spared::new([Some(None), Some(None), Some(None)]);
        assert!(spared.is_all());
        assert!(spared.rest(&requests()).is_empty());
        let answers = spared.complete(Answers::default());
        assert_eq!(answers.documents.len(), 3);
    }
}
