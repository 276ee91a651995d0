//! `[audit]`: where it is written down who read which secret, and what came of it.

use std::path::PathBuf;

use toml::Spanned;

use super::entries::malformed;
use super::limits::parse_size;
use super::reader::{Reader, Table};

/// Keys of `[audit]`.
pub(super) const AUDIT_KEYS: &[&str] = &["destination", "max-size", "keep", "required"];

/// Smaller, and there would be hardly more than headings; larger, and nothing can open it.
const SIZE: std::ops::RangeInclusive<usize> = (16 << 10)..=(16 << 30);
const KEEP: std::ops::RangeInclusive<i64> = 1..=10_000;

/// `[audit]`. A manifest without it has nothing written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where to.
    pub destination: AuditDestination,
    /// Whether the command may not start when nothing can be written; if the manifest does not
    /// say it, production decides.
    pub required: Option<bool>,
}

/// Where it is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditDestination {
    /// A file, each line of which vouches for the one before.
    File(AuditFile),
    /// The launcher's standard error.
    StandardError,
    /// The syslog daemon of this machine.
    Syslog,
    /// The journal of systemd.
    Journald,
}

/// A file, and the files that it is moved to when it is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFile {
    /// Where it is, relative to the manifest.
    pub path: PathBuf,
    /// From how many bytes on another is begun; never, if nothing is said.
    pub max_size: Option<u64>,
    /// How many full ones are kept; all, if nothing is said.
    pub keep: Option<u64>,
}

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> Option<AuditSettings> {
    table.only(reader, AUDIT_KEYS);
    let required = table.boolean(reader, "required");
    let max_size = max_size(reader, table);
    let keep = keep(reader, table);
    if table.get("destination").is_none() {
        let advice = "write a path, `stderr`, `syslog` or `journald`";
        table.missing(reader, "destination", advice);
    }
    let destination = table.text(reader, "destination")?;
    let destination = match destination.get_ref().as_str() {
        "stderr" => AuditDestination::StandardError,
        "syslog" => AuditDestination::Syslog,
        "journald" => AuditDestination::Journald,
        path => {
            let path = path.to_owned();
            file(reader, destination.span(), path, max_size, keep)?
        }
    };
    if !matches!(destination, AuditDestination::File(_)) {
        for key in ["max-size", "keep"] {
            let advice = "only files are begun anew; leave it out, or name a file";
            table.conflict(reader, "destination", key, advice);
        }
    }
    Some(AuditSettings {
        destination,
        required,
    })
}

fn file(
    reader: &mut Reader,
    span: std::ops::Range<usize>,
    path: String,
    max_size: Option<u64>,
    keep: Option<u64>,
) -> Option<AuditDestination> {
    let is_file = !path.is_empty() && !path.ends_with('/') && !path.contains(char::is_control);
    if !is_file {
        let wanted = "the path of a file, `stderr`, `syslog` or `journald`";
        let example = "destination = \"/var/log/app/secrets.jsonl\"";
        malformed(reader, "destination", wanted, example, &span);
        return None;
    }
    Some(AuditDestination::File(AuditFile {
        path: PathBuf::from(path),
        max_size,
        keep,
    }))
}

fn max_size(reader: &mut Reader, table: &Table<'_, '_>) -> Option<u64> {
    let text: Spanned<String> = table.text(reader, "max-size")?;
    let size = parse_size(text.get_ref())
        .filter(|size| SIZE.contains(size))
        .and_then(|size| u64::try_from(size).ok());
    if size.is_none() {
        let wanted = "a size from 16KiB to 16GiB";
        let example = "max-size = \"16MiB\"";
        malformed(reader, "max-size", wanted, example, &text.span());
    }
    size
}

fn keep(reader: &mut Reader, table: &Table<'_, '_>) -> Option<u64> {
    let number = table.integer(reader, "keep")?;
    let keep = Some(*number.get_ref())
        .filter(|number| KEEP.contains(number))
        .and_then(|number| u64::try_from(number).ok());
    if keep.is_none() {
        let wanted = "a number from 1 to 10000";
        malformed(reader, "keep", wanted, "keep = 10", &number.span());
    }
    keep.filter(|_| match table.get("max-size") {
        Some(_) => true,
        None => {
            let advice = "a file that is never full is never moved: say when it is";
            table.missing(reader, "max-size", advice);
            false
        }
    })
}
