//! What is done with answers that are good for a time only.
//!
//! A run can't renew anything once it has become the command. So the manifest may say that nothing
//! is to be leased, or how long a lease must last at least.

use std::time::Duration;

use super::client::Client;
use super::login::Session;
use super::read::{Answer, Place};
use super::{VaultError, renewal};
use crate::backend::Request;
use crate::lease::Lease;
use crate::manifest::VaultLeases;

/// Holds answers to what the manifest says of leases: those that it refuses become errors. So do all of
/// them where nobody can tell. What they are leased by is kept, so that it can be given back.
pub(super) async fn hold(
    rule: VaultLeases,
    (client, session): (&Client, &Session),
    (place, requests): (&Place, &[Request]),
    answers: &mut [Answer],
) {
    if rule == VaultLeases::Keep || !answers.iter().any(|answer| answer.lease().is_some()) {
        return;
    }
    let token = match rule {
        VaultLeases::AtLeast(_) if session.was_there() => renewal::left(client, session).await,
        _ => Ok(session.lifetime),
    };
    for (answer, request) in answers.iter_mut().zip(requests) {
        // What was answered has a path.
        let (Some(lease), Ok(path)) = (answer.lease(), place.path(request)) else {
            continue;
        };
        let refusal = match &token {
            Ok(token) => refusal(rule, lease, *token, &path),
            Err(error) => Some(error.clone()),
        };
        if let Some(refusal) = refusal {
            answer.document = Err(refusal);
        }
    }
}

/// Why a lease is not taken, which ends with a token that is good for so long.
fn refusal(
    rule: VaultLeases,
    lease: Lease,
    token: Option<Duration>,
    path: &str,
) -> Option<VaultError> {
    let path = path.to_owned();
    match rule {
        VaultLeases::Keep => None,
        VaultLeases::Refuse => Some(VaultError::Leased { path, lease }),
        VaultLeases::AtLeast(least) => {
            let duration = token.map_or(lease.duration, |token| token.min(lease.duration));
            (duration < least).then(|| VaultError::ShortLease {
                path,
                lease: Lease { duration, ..lease },
                least,
                by_token: token == Some(duration),
            })
        }
    }
}

impl Answer {
    /// How long what was answered is good, if that is a matter of time.
    pub(super) fn lease(&self) -> Option<Lease> {
        self.document.as_ref().ok()?.as_ref()?.lease
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_must_last_as_long_as_is_said_and_so_must_its_token() {
        let seconds = Duration::from_secs;
        let lease = Lease {
            duration: seconds(60),
            renewable: true,
        };
        let refused = |rule, token: Option<u64>| {
            let refusal = refusal(rule, lease, token.map(seconds), "database/creds/app");
            refusal.map(|error| match error {
                VaultError::ShortLease {
                    lease, by_token, ..
                } => (lease.duration.as_secs(), by_token),
                _ => (0, false),
            })
        };
        let least = |least| VaultLeases::AtLeast(seconds(least));
        assert_eq!(refused(VaultLeases::Keep, Some(1)), None);
        assert_eq!(refused(VaultLeases::Refuse, None), Some((0, false)));
        assert_eq!(refused(least(60), None), None);
        assert_eq!(refused(least(60), Some(60)), None);
        assert_eq!(refused(least(61), None), Some((60, false)));
        assert_eq!(refused(least(61), Some(3600)), Some((60, false)));
        assert_eq!(refused(least(60), Some(59)), Some((59, true)));
    }
}
