//! The time of who stays: it goes on while the machine sleeps.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::cache::since_start;

/// Now, by a clock that nobody sets and that goes on while the machine sleeps, which
/// [`Instant::now`] does not. Both are the same until it sleeps for the first time; then only such
/// instants can be compared.
pub(crate) fn now() -> Instant {
    static BEGUN: OnceLock<(Instant, Option<Duration>)> = OnceLock::new();
    let (instant, machine) = *BEGUN.get_or_init(|| (Instant::now(), since_start()));
    let counted = machine.and_then(|then| counted(instant, then, since_start()?));
    counted.unwrap_or_else(Instant::now)
}

/// The instant at which the clock of the machine says `now`, where it said `then` at `instant`.
fn counted(instant: Instant, then: Duration, now: Duration) -> Option<Instant> {
    instant.checked_add(now.checked_sub(then)?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn what_the_machine_counts_while_it_sleeps_counts() {
        let instant = Instant::now();
        let hour = Duration::from_secs(3600);
        let later = counted(instant, hour, hour * 9).unwrap();
        assert_eq!(later - instant, hour * 8);
        assert_eq!(counted(instant, hour, Duration::ZERO), None);
    }
}
