//! For how long something is good that a backend gives for a time.
//!
//! What names a lease at its backend is not in it: whoever has that, and a token, could end it. A
//! [`Grant`](crate::grant::Grant) has it.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// What is known of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// How long it lasts from when it was read.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub duration: Duration,
    /// Whether the backend says that it could be made to last longer. A run that becomes its
    /// command does not do that.
    pub renewable: bool,
}

impl Lease {
    /// That of something that is made of two: it is good for as long as both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            duration: self.duration.min(other.duration),
            renewable: self.renewable && other.renewable,
        }
    }
}

/// Its duration in whole seconds, as in `1h 30m`.
impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Duration::from_secs(self.duration.as_secs());
        humantime::format_duration(whole).fmt(f)
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn lease(seconds: u64, renewable: bool) -> Lease {
        Lease {
            duration: Duration::from_secs(seconds),
            renewable,
        }
    }

    #[test]
    fn what_is_made_of_two_is_good_for_the_shorter_time() {
        let both = lease(60, true).and(lease(3600, false));
        assert_eq!(both, lease(60, false));
        assert_eq!(both.and(lease(90, true)), lease(60, false));
    }

    #[test]
    fn it_is_told_in_seconds_to_programs_and_in_words_to_people() {
        let json = serde_json::to_string(&lease(5400, true)).unwrap();
        assert_eq!(json, r#"{"seconds":5400,"renewable":true}"#);
        assert_eq!(lease(5400, true).to_string(), "1h 30m");
        assert_eq!(lease(0, true).to_string(), "0s");
    }
}
