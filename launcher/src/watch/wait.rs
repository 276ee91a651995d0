//! How long is waited for something to happen.

use std::time::Duration;

use nix::poll::PollTimeout;

/// Rounded up: a deadline has passed when it is looked at.
pub(super) fn timeout(left: Option<Duration>) -> PollTimeout {
    let Some(left) = left else {
        return PollTimeout::NONE;
    };
    let millis = left.as_nanos().div_ceil(1_000_000);
    let millis = i32::try_from(millis).unwrap_or(i32::MAX);
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}
