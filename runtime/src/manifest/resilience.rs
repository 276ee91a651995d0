//! `[resilience]`, and what a backend says instead: how long it is waited for, how often it is
//! asked, and when it is left alone.
//!
//! Every key has a range: none so low that nothing is ever read, none so high that it is no limit.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::entries::malformed;
use super::model::BackendEntry;
use super::reader::{Reader, Table};
use super::watch::time;

/// Keys of `[resilience]`.
pub(super) const RESILIENCE_KEYS: &[&str] = &["deadline", "attempts", "breaker-pause"];

const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(600);
const ATTEMPTS: RangeInclusive<i64> = 1..=10;
const PAUSE: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60 * 60);

/// How long a backend is waited for that says nothing of it.
const BACKEND_DEADLINE: Duration = Duration::from_secs(20);

/// `[resilience]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resilience {
    /// How long a run waits for all of its backends. They are asked at once.
    pub deadline: Duration,
    /// How long it waits for one that says nothing of it.
    pub backend_deadline: Duration,
    /// How often one is asked at most that says nothing of it, the first time included.
    pub attempts: u32,
    /// How long one is left alone that has failed several times in a row.
    pub breaker_pause: Duration,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            backend_deadline: BACKEND_DEADLINE,
            attempts: 3,
            breaker_pause: Duration::from_secs(30),
        }
    }
}

/// What `[backends.NAME]` says instead of `[resilience]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patience {
    /// How long it is waited for.
    pub deadline: Option<Duration>,
    /// How often it is asked at most, the first time included.
    pub attempts: Option<u32>,
}

/// Reads `[resilience]`, if there is one. Of a run whose deadline nobody states, that is at least
/// as long as the longest of a backend.
pub(super) fn read(
    reader: &mut Reader,
    root: &Table<'_, '_>,
    backends: &BTreeMap<String, BackendEntry>,
) -> Resilience {
    let usual = Resilience::default();
    let longest = backends
        .values()
        .filter_map(|entry| entry.patience.deadline);
    let longest = longest.max().unwrap_or_default();
    let Some(table) = root.table(reader, "resilience") else {
        return Resilience {
            deadline: usual.deadline.max(longest),
            ..usual
        };
    };
    table.only(reader, RESILIENCE_KEYS);
    let deadline = self::deadline(reader, &table);
    if deadline.is_some_and(|deadline| deadline < longest) {
        let span = table.get("deadline").map_or(0..0, toml::Spanned::span);
        let wanted = "as long as the `deadline` of each backend";
        malformed(reader, "deadline", wanted, "deadline = \"30s\"", &span);
    }
    Resilience {
        deadline: deadline.unwrap_or(usual.deadline.max(longest)),
        backend_deadline: usual.backend_deadline,
        attempts: attempts(reader, &table).unwrap_or(usual.attempts),
        breaker_pause: time(
            reader,
            &table,
            "breaker-pause",
            PAUSE,
            "a time from 10ms to 1h",
            "breaker-pause = \"30s\"",
        )
        .unwrap_or(usual.breaker_pause),
    }
}

/// Reads what a backend says that waits for something.
pub(super) fn patience(reader: &mut Reader, table: &Table<'_, '_>) -> Patience {
    Patience {
        deadline: deadline(reader, table),
        attempts: attempts(reader, table),
    }
}

fn deadline(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Duration> {
    let wanted = "a time from 100ms to 10m";
    let example = "deadline = \"30s\"";
    time(reader, table, "deadline", DEADLINE, wanted, example)
}

fn attempts(reader: &mut Reader, table: &Table<'_, '_>) -> Option<u32> {
    let number = table.integer(reader, "attempts")?;
    let attempts = Some(*number.get_ref())
        .filter(|number| ATTEMPTS.contains(number))
        .and_then(|number| u32::try_from(number).ok());
    if attempts.is_none() {
        let wanted = "a number from 1 to 10";
        malformed(reader, "attempts", wanted, "attempts = 3", &number.span());
    }
    attempts
}
