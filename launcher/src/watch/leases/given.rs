//! What a reading was given for a time, as a candidate hands it to its parent.

use std::time::Duration;

use secret_runtime::grant::{self, Grant};
use secret_runtime::lease::Lease;
use secret_runtime::plan::DocumentId;
use secret_runtime::secret::SecretValue;
use zeroize::Zeroizing;

use crate::watch::wire::{bytes, document, length, number, take, take_time, time};

/// What a reading was given for a time.
#[derive(Debug, Default)]
pub(in crate::watch) struct Given {
    pub(in crate::watch) documents: Vec<(DocumentId, Duration)>,
    pub(in crate::watch) grants: Vec<Grant>,
}

impl Given {
    /// What a resolution got that began so long ago.
    pub(in crate::watch) fn of(leases: grant::Leases, ago: Duration) -> Self {
        let documents = leases.documents.into_iter();
        let documents =
            documents.map(|(document, lease)| (document, lease.duration.saturating_sub(ago)));
        let grants = leases.grants.into_iter().map(|grant| Grant {
            lease: Lease {
                duration: grant.lease.duration.saturating_sub(ago),
                ..grant.lease
            },
            ..grant
        });
        Self {
            documents: documents.collect(),
            grants: grants.collect(),
        }
    }

    pub(in crate::watch) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.grants.is_empty()
    }

    /// Behind a first byte, and in its final size, so that growing leaves no copy behind.
    pub(in crate::watch) fn encode(&self, kind: u8) -> Zeroizing<Vec<u8>> {
        let grants = self.grants.iter();
        let grants: usize = grants.map(|grant| 17 + grant.handle.expose().len()).sum();
        let size = 5 + 16 * self.documents.len() + grants;
        let mut content = Zeroizing::new(Vec::with_capacity(size));
        content.push(kind);
        content.extend_from_slice(&length(self.documents.len()));
        for (document, lease) in &self.documents {
            content.extend_from_slice(&length(document.backend));
            content.extend_from_slice(&length(document.request));
            content.extend_from_slice(&time(*lease));
        }
        for grant in &self.grants {
            content.extend_from_slice(&length(grant.backend));
            content.extend_from_slice(&time(grant.lease.duration));
            content.push(u8::from(grant.lease.renewable));
            content.extend_from_slice(&length(grant.handle.expose().len()));
            content.extend_from_slice(grant.handle.expose());
        }
        content
    }

    /// What was encoded, without its first byte.
    pub(in crate::watch) fn decode(mut rest: &[u8]) -> Option<Self> {
        let mut given = Self::default();
        for _ in 0..number(&mut rest)? {
            let document = document(&mut rest)?;
            given.documents.push((document, take_time(&mut rest)?));
        }
        while !rest.is_empty() {
            given.grants.push(Grant {
                backend: number(&mut rest)?,
                lease: Lease {
                    duration: take_time(&mut rest)?,
                    renewable: take::<1>(&mut rest)? == [1],
                },
                handle: SecretValue::copy_of(bytes(&mut rest)?),
            });
        }
        Some(given)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn given() -> Given {
        let lease = |seconds| Lease {
            duration: Duration::from_secs(seconds),
            renewable: true,
        };
        let document = DocumentId {
            backend: 1,
            request: 2,
        };
        Given::of(
            grant::Leases {
                held: Vec::new(),
                documents: vec![(document, lease(60))],
                grants: vec![Grant {
                    backend: 1,
                    lease: lease(50),
                    handle: SecretValue::copy_of(b"dummy-token"),
                }],
            },
            Duration::from_secs(1),
        )
    }

    #[test]
    fn it_arrives_as_it_was_handed_over_and_never_grows() {
        let content = given().encode(b'l');
        assert!(content.len() <= content.capacity());
        let arrived = Given::decode(&content[1..]).unwrap();
        assert_eq!(arrived.documents, given().documents);
        assert_eq!(arrived.documents[0].1, Duration::from_secs(59));
        let [grant] = &arrived.grants[..] else {
            panic!("there is one");
        };
        assert_eq!(grant.handle.expose(), b"dummy-token");
        assert_eq!(grant.lease.duration, Duration::from_secs(49));
        assert!(grant.lease.renewable);
        assert!(!format!("{arrived:?}").contains("dummy-token"));
    }

    #[test]
    fn what_is_cut_is_nothing() {
        let content = given().encode(b'l');
        for end in 1..content.len() {
            let whole = Given::decode(&content[1..end]);
            // Between two things it is as good as it looks.
            assert!(whole.is_none_or(|given| given.grants.is_empty()), "{end}");
        }
    }
}
