//! The state of a circuit breaker, as a number.

/// Whether a backend is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// It is.
    Closed,
    /// Once, to see whether it answers again.
    HalfOpen,
    /// It is not, since it did not answer.
    Open,
}

impl BreakerState {
    /// The number of the state in `secret_run_breaker_state`.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }

    pub(super) fn of_number(number: u64) -> Option<Self> {
        let mut states = [Self::Closed, Self::HalfOpen, Self::Open].into_iter();
        states.find(|state| state.number() == number)
    }
}
