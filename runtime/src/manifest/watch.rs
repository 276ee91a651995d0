//! `[watch]`: what a supervised command gets when a value changes, and when it is looked for.
//!
//! Read by `secret-run --watch` alone. Every time has a range: none so short that a backend is
//! asked without a pause, none so long that it is never.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use super::entries::malformed;
use super::reader::{Reader, Table};

/// Keys of `[watch]`.
pub(super) const WATCH_KEYS: &[&str] = &["interval", "min-interval", "on-change", "stop-grace"];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const INTERVAL: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(30 * 24 * 60 * 60);
const PAUSE: RangeInclusive<Duration> = Duration::ZERO..=DAY;

/// `[watch]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// How long values are taken for good.
    pub interval: Duration,
    /// What is done when one has changed.
    pub on_change: OnChange,
    /// Where the manifest says what is done.
    pub on_change_span: Option<Range<usize>>,
    /// How long a change waits for others after the last one was carried out.
    pub min_interval: Duration,
    /// How long a command that is restarted may take to stop.
    pub stop_grace: Duration,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60 * 60),
            on_change: OnChange::Restart,
            on_change_span: None,
            min_interval: Duration::from_secs(30),
            stop_grace: Duration::from_secs(10),
        }
    }
}

/// What is done when a value has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// The command is stopped and started.
    Restart,
    /// Files with a path are written again.
    Rewrite,
    /// That, and the command is told.
    Signal(ReloadSignal),
}

/// A signal by which commands are told to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadSignal {
    /// SIGHUP, which most servers know.
    Hup,
    /// SIGINT.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGTERM.
    Term,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
    /// SIGWINCH.
    Winch,
}

const ON_CHANGE: [(&str, OnChange); 9] = [
    ("restart", OnChange::Restart),
    ("rewrite", OnChange::Rewrite),
    ("signal:HUP", OnChange::Signal(ReloadSignal::Hup)),
    ("signal:INT", OnChange::Signal(ReloadSignal::Int)),
    ("signal:QUIT", OnChange::Signal(ReloadSignal::Quit)),
    ("signal:TERM", OnChange::Signal(ReloadSignal::Term)),
    ("signal:USR1", OnChange::Signal(ReloadSignal::Usr1)),
    ("signal:USR2", OnChange::Signal(ReloadSignal::Usr2)),
    ("signal:WINCH", OnChange::Signal(ReloadSignal::Winch)),
];

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> Watch {
    table.only(reader, WATCH_KEYS);
    let usual = Watch::default();
    let on_change = table.choice(reader, "on-change", &ON_CHANGE);
    let pause = "a time from 0s to 24h";
    Watch {
        interval: time(
            reader,
            table,
            "interval",
            INTERVAL,
            "a time from 10ms to 30d",
            "interval = \"1h\"",
        )
        .unwrap_or(usual.interval),
        on_change_span: on_change.as_ref().map(toml::Spanned::span),
        on_change: on_change.map_or(usual.on_change, toml::Spanned::into_inner),
        min_interval: time(
            reader,
            table,
            "min-interval",
            PAUSE,
            pause,
            "min-interval = \"30s\"",
        )
        .unwrap_or(usual.min_interval),
        stop_grace: time(
            reader,
            table,
            "stop-grace",
            PAUSE,
            pause,
            "stop-grace = \"10s\"",
        )
        .unwrap_or(usual.stop_grace),
    }
}

/// A time of `range`, which `wanted` tells in words.
pub(super) fn time(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &str,
    range: RangeInclusive<Duration>,
    wanted: &'static str,
    example: &'static str,
) -> Option<Duration> {
    let text = table.text(reader, key)?;
    let time = humantime::parse_duration(text.get_ref())
        .ok()
        .filter(|time| range.contains(time));
    if time.is_none() {
        malformed(reader, key, wanted, example, &text.span());
    }
    time
}
