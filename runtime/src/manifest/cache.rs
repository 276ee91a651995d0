//! `[cache]`, and `cache` of a backend or a secret: for how long what was read is good.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use super::entries::malformed;
use super::reader::{Reader, Table};
use super::watch::time;

/// Keys of `[cache]`.
pub(super) const CACHE_KEYS: &[&str] = &["ttl", "stale-if-error", "across-starts"];
/// Keys of `across-starts` as a table.
const ACROSS_STARTS_KEYS: &[&str] = &["key-file"];

/// The longest time that anything is remembered: who has not asked for a week does not know.
pub(crate) const LONGEST_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const TTL: RangeInclusive<Duration> = Duration::ZERO..=LONGEST_TTL;
/// No longer is an outage bridged.
const STALE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 60 * 60);

/// `[cache]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// How long what was read is good, where neither its backend nor a secret says it.
    pub ttl: Option<Duration>,
    /// For how long after that it is used if its backend can't be reached.
    pub stale_if_error: Duration,
    /// Whether it is kept from one start to the next, and by what it is sealed.
    pub across_starts: Option<CacheKey>,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            ttl: None,
            stale_if_error: Duration::from_secs(5 * 60),
            across_starts: None,
        }
    }
}

/// Where the key is that the cache across starts is sealed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheKey {
    /// In the keyring that the kernel keeps for the user.
    Keyring,
    /// In a file, relative to the manifest.
    File(PathBuf),
}

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> CacheSettings {
    table.only(reader, CACHE_KEYS);
    let usual = CacheSettings::default();
    let wanted = "a time from 0s to 24h";
    let example = "stale-if-error = \"5m\"";
    let stale = time(reader, table, "stale-if-error", STALE, wanted, example);
    CacheSettings {
        ttl: ttl(reader, table, "ttl"),
        stale_if_error: stale.unwrap_or(usual.stale_if_error),
        across_starts: across_starts(reader, table),
    }
}

/// `cache = "5m"` of a backend or a secret.
pub(super) fn of(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Duration> {
    ttl(reader, table, "cache")
}

fn ttl(reader: &mut Reader, table: &Table<'_, '_>, key: &'static str) -> Option<Duration> {
    let example = if key == "ttl" {
        "ttl = \"1h\""
    } else {
        "cache = \"5m\""
    };
    time(reader, table, key, TTL, "a time from 0s to 7d", example)
}

/// `across-starts = "keyring" | { key-file = "path" }`.
fn across_starts(reader: &mut Reader, table: &Table<'_, '_>) -> Option<CacheKey> {
    let value = table.get("across-starts")?;
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        let choice = table.choice(reader, "across-starts", &[("keyring", ())]);
        return choice.map(|_| CacheKey::Keyring);
    }
    let table = table.table(reader, "across-starts")?;
    table.only(reader, ACROSS_STARTS_KEYS);
    if table.get("key-file").is_none() {
        let advice = "write the path of the key, or `across-starts = \"keyring\"`";
        table.missing(reader, "key-file", advice);
    }
    let path = table.text(reader, "key-file")?;
    let text = path.get_ref();
    if text.is_empty() || text.ends_with('/') || text.contains(char::is_control) {
        let wanted = "the path of a file";
        let example = "key-file = \"/var/lib/app/cache.key\"";
        malformed(reader, "key-file", wanted, example, &path.span());
        return None;
    }
    Some(CacheKey::File(PathBuf::from(path.into_inner())))
}
