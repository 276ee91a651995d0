//! One `.env` file: opened, bounded, parsed, and only what is wanted kept.
//!
//! The dialect is the part that dotenv tools agree on, and literal where they do not:
//! `export`, white space around `=`, single, double and back quotes, each over several
//! lines, `\n \r \t \\ \" \$` in double quotes and any other backslash kept, comments
//! after white space and after a closing quote, CRLF, a byte order mark. **Nothing is
//! expanded**: `$` is a character of passwords. A line end inside quotes is a line feed,
//! however the file spells it. A name without `=` says nothing.
//!
//! The parser borrows from the buffer, and is given a dialect without escapes, so that
//! it makes no copies; escapes are decoded here, into memory that is wiped.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use adotenv::{DiagnosticCode, Dialect, DoubleEscapes, Entry, Quote, UnknownEscapes};
use nix::fcntl::OFlag;
use zeroize::Zeroizing;

use super::error::{EnvError, SyntaxFault};
use super::{FetchError, Standing};
use crate::backend::read;
use crate::error::Place;
use crate::secret::SecretValue;

/// Larger files are no `.env` files.
pub(super) const LIMIT: usize = 4 * 1024 * 1024;

const DIALECT: Dialect = Dialect::PORTABLE
    .with_backticks(true)
    .with_quoted_comments(true)
    .with_double_escapes(DoubleEscapes::NONE)
    .with_unknown_escapes(UnknownEscapes::Preserve);

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Takes over what `file` says of the names in `standings`. A missing file says nothing.
pub(super) fn read(file: &Path, standings: &mut HashMap<&str, Standing>) -> Result<(), FetchError> {
    let Some(bytes) = load(file).map_err(FetchError::new)? else {
        tracing::debug!(file = %file.display(), "no such file");
        return Ok(());
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        // Up to there it is UTF-8, by the contract of `valid_up_to`.
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let place = place(file, &valid, valid.len());
        FetchError::new(EnvError::NotUtf8 {
            file: file.to_owned(),
        })
        .at(place)
    })?;
    parse(file, text, standings)
}

/// The content; `None` if there is no such file.
fn load(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, EnvError> {
    let file = path.to_owned();
    let unreadable = |error: io::Error| EnvError::Unreadable {
        file: path.to_owned(),
        reason: error.kind().to_string(),
    };
    // A pipe must not make the launcher wait, nor a terminal become its own.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path);
    let opened: File = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // What opening a socket gives.
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32) => {
            return Err(EnvError::NotRegular { file });
        }
        Err(error) => return Err(unreadable(error)),
    };
    let facts = opened.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err(EnvError::NotRegular { file });
    }
    match read::bounded(&opened, facts.len(), LIMIT).map_err(unreadable)? {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(EnvError::TooLarge { file, limit: LIMIT }),
    }
}

pub(super) fn parse(
    file: &Path,
    text: &str,
    standings: &mut HashMap<&str, Standing>,
) -> Result<(), FetchError> {
    let document = adotenv::parse_strict_with(text, DIALECT).map_err(|diagnostic| {
        let fault = match diagnostic.code() {
            DiagnosticCode::InvalidKey => SyntaxFault::Name,
            DiagnosticCode::UnterminatedQuote => SyntaxFault::Quote,
            DiagnosticCode::TrailingText => SyntaxFault::Tail,
            _ => SyntaxFault::Other,
        };
        let place = place(file, text, diagnostic.span().start);
        FetchError::new(EnvError::Syntax {
            file: file.to_owned(),
            fault,
        })
        .at(place)
    })?;
    // The last entry of each name counts; whether it was the only one is remembered.
    let mut last: HashMap<&str, (Entry<'_>, bool)> = HashMap::new();
    for entry in document.entries() {
        if entry.value().is_some() && standings.contains_key(entry.key()) {
            let repeated = last.contains_key(entry.key());
            last.insert(entry.key(), (entry, repeated));
        }
    }
    for (name, (entry, repeated)) in last {
        let place = place(file, text, entry.key_span().start);
        // Only names in `standings` were taken over above.
        let Some(standing) = standings.get_mut(name) else {
            continue;
        };
        if repeated {
            standing.repeated.push(place.clone());
        }
        standing.replace(value(entry), Some(place));
    }
    Ok(())
}

/// The value of an entry, `None` if it is empty.
fn value(entry: Entry<'_>) -> Option<SecretValue> {
    let body = entry.value().filter(|body| !body.is_empty())?;
    // What is decoded is never longer than what is written: the buffer does not grow.
    let mut decoded = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut bytes = body.bytes().peekable();
    let quote = entry.quote();
    while let Some(byte) = bytes.next() {
        let next = bytes.peek().copied();
        let one = match (byte, next) {
            (b'\r', Some(b'\n')) if quote != Quote::None => {
                bytes.next();
                b'\n'
            }
            (b'\\', Some(escaped)) if quote == Quote::Double => {
                let meant = match escaped {
                    b'n' => Some(b'\n'),
                    b'r' => Some(b'\r'),
                    b't' => Some(b'\t'),
                    b'\\' | b'"' | b'$' => Some(escaped),
                    _ => None,
                };
                if meant.is_some() {
                    bytes.next();
                }
                meant.unwrap_or(b'\\')
            }
            (byte, _) => byte,
        };
        decoded.push(one);
    }
    Some(SecretValue::from(decoded))
}

/// Line and column of a byte of `text`. A byte order mark has no width.
fn place(file: &Path, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let before = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    let mut line = 1;
    let mut column = 1;
    let mut previous = '\0';
    for c in before.chars() {
        match c {
            '\n' if previous == '\r' => {}
            '\n' | '\r' => {
                line += 1;
                column = 1;
            }
            _ => column += 1,
        }
        previous = c;
    }
    Place {
        file: file.to_owned(),
        line,
        column,
        excerpt: None,
    }
}
