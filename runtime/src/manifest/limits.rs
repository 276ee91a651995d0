//! `[plugins.NAME.limits]`: what a component may use.
//!
//! Every limit has a range: none so low that nothing runs, none so high that it is no limit.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::entries::malformed;
use super::plugin_model::LimitSpec;
use super::reader::{Reader, Table};

/// Keys of `limits`.
pub(super) const LIMIT_KEYS: &[&str] = &["time", "memory", "response", "requests", "log"];

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
const UNITS: [(&str, usize); 3] = [("KiB", KIB), ("MiB", MIB), ("GiB", GIB)];

const TIME: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(600);
const MEMORY: RangeInclusive<usize> = MIB..=GIB;
const RESPONSE: RangeInclusive<usize> = KIB..=256 * MIB;
const REQUESTS: RangeInclusive<i64> = 1..=10_000;
const LOG: RangeInclusive<usize> = KIB..=16 * MIB;

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> LimitSpec {
    table.only(reader, LIMIT_KEYS);
    LimitSpec {
        time: time(reader, table),
        memory: size(
            reader,
            table,
            "memory",
            MEMORY,
            "a size from 1MiB to 1GiB",
            "memory = \"128MiB\"",
        ),
        response: size(
            reader,
            table,
            "response",
            RESPONSE,
            "a size from 1KiB to 256MiB",
            "response = \"8MiB\"",
        ),
        requests: requests(reader, table),
        log: size(
            reader,
            table,
            "log",
            LOG,
            "a size from 1KiB to 16MiB",
            "log = \"256KiB\"",
        ),
    }
}

fn time(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Duration> {
    let text = table.text(reader, "time")?;
    let time = humantime::parse_duration(text.get_ref())
        .ok()
        .filter(|time| TIME.contains(time));
    if time.is_none() {
        let wanted = "a time from 100ms to 10m";
        malformed(reader, "time", wanted, "time = \"20s\"", &text.span());
    }
    time
}

fn requests(reader: &mut Reader, table: &Table<'_, '_>) -> Option<usize> {
    let number = table.integer(reader, "requests")?;
    let requests = Some(*number.get_ref())
        .filter(|number| REQUESTS.contains(number))
        .and_then(|number| usize::try_from(number).ok());
    if requests.is_none() {
        let wanted = "a number from 1 to 10000";
        malformed(reader, "requests", wanted, "requests = 200", &number.span());
    }
    requests
}

fn size(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &str,
    range: RangeInclusive<usize>,
    wanted: &'static str,
    example: &'static str,
) -> Option<usize> {
    let text = table.text(reader, key)?;
    let size = parse_size(text.get_ref()).filter(|size| range.contains(size));
    if size.is_none() {
        malformed(reader, key, wanted, example, &text.span());
    }
    size
}

/// `128MiB` or `128 MiB`. Only units of 1024, since `MB` means one thing here and another there.
pub(super) fn parse_size(text: &str) -> Option<usize> {
    let (unit, factor) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number = text.strip_suffix(unit)?.trim_end();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: usize = digits.then(|| number.parse().ok()).flatten()?;
    number.checked_mul(*factor)
}

/// A size with the largest unit that divides it, as in `128 MiB`.
pub(crate) fn format_size(bytes: usize) -> String {
    UNITS
        .iter()
        .rev()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor))
        .map_or_else(
            || format!("{bytes} bytes"),
            |(unit, factor)| format!("{} {unit}", bytes / factor),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_and_a_unit_of_1024() {
        for (text, size) in [
            ("1KiB", Some(1024)),
            ("64 MiB", Some(64 << 20)),
            ("1GiB", Some(1 << 30)),
            ("64MB", None),
            ("64", None),
            ("MiB", None),
            ("-1MiB", None),
            ("+1MiB", None),
            ("1.5MiB", None),
            ("99999999999999999999MiB", None),
            ("18446744073709551615GiB", None),
        ] {
            assert_eq!(parse_size(text), size, "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_with_the_unit_that_divides_it() {
        assert_eq!(format_size(128 << 20), "128 MiB");
        assert_eq!(format_size(1 << 30), "1 GiB");
        assert_eq!(format_size(1536 << 10), "1536 KiB");
        assert_eq!(format_size(1000), "1000 bytes");
    }
}
