//! Where in a URL each insert stands, and so how it is encoded.
//!
//! Only literal text is looked at. A template is a URL if it begins with a scheme and
//! `://`; schemes may be nested (`jdbc:postgresql://`), and one insert may stand for the
//! whole scheme. An explicit encoding is left as it is.
//!
//! A `;` ends host and port, too. What stands behind it, each driver reads in its own way, so
//! that an encoding must be said.

use std::ops::Range;

use super::encoding::Encoding;
use super::syntax::{TemplateError, TemplateFault, Written};
use super::{Insert, Part, host};

/// A position in the pieces: which piece, and which byte of it if it is literal.
type Position = (usize, usize);

/// Gives every insert its encoding.
pub(super) fn decide(pieces: Vec<Written>) -> Result<Vec<Part>, TemplateError> {
    let authority = scheme_end(&pieces)?;
    let mut walk = Walk {
        pieces: &pieces,
        has_properties: authority.is_some_and(|start| has_properties(&pieces, start)),
        user_end: authority.and_then(|start| last_at(&pieces, start)),
        state: match authority {
            Some(_) => State::Scheme,
            None => State::Text,
        },
        authority,
    };
    let mut encodings = Vec::with_capacity(pieces.len());
    for index in 0..pieces.len() {
        encodings.push(walk.piece(index)?);
    }
    let parts = pieces
        .into_iter()
        .zip(encodings)
        .map(|(piece, decided)| match piece {
            Written::Literal(text) => Part::Literal(text),
            Written::Insert {
                name,
                encoding,
                span,
            } => Part::Insert(Insert {
                name,
                encoding: encoding.unwrap_or(decided),
                span,
            }),
        });
    Ok(parts.collect())
}

/// Whether the pieces are a URL in whose password nothing is inserted, but something
/// stands.
pub(super) fn has_literal_password(pieces: &[Written]) -> bool {
    let Ok(Some(start)) = scheme_end(pieces) else {
        return false;
    };
    if has_properties(pieces, start) && pieces.iter().any(is_literal_property) {
        return true;
    }
    let Some(end) = last_at(pieces, start) else {
        return false;
    };
    let mut password: Option<String> = None;
    for (index, piece) in pieces.iter().enumerate().take(end.0 + 1).skip(start.0) {
        match piece {
            Written::Insert { .. } if password.is_some() => return false,
            Written::Insert { .. } => {}
            Written::Literal(text) => {
                let from = if index == start.0 { start.1 } else { 0 };
                let to = if index == end.0 { end.1 } else { text.len() };
                let text = &text[from..to];
                match &mut password {
                    Some(password) => password.push_str(text),
                    None => password = text.split_once(':').map(|(_, rest)| rest.to_owned()),
                }
            }
        }
    }
    password.is_some_and(|password| !password.is_empty())
}

/// Whether a text stands for the password among the properties of a URL of SQL Server. Braces alone
/// are around what is inserted.
fn is_literal_property(piece: &Written) -> bool {
    let Written::Literal(text) = piece else {
        return false;
    };
    text.split(';').skip(1).any(|property| {
        let (key, value) = property.split_once('=').unwrap_or_default();
        let key = key.trim().to_ascii_lowercase();
        let is_password = matches!(key.as_str(), "password" | "pwd");
        is_password && !matches!(value.trim(), "" | "{" | "{}")
    })
}

/// Where the authority begins, right after the first `://`, if that ends a scheme.
fn scheme_end(pieces: &[Written]) -> Result<Option<Position>, TemplateError> {
    let mut inserted: Option<Range<usize>> = None;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Written::Insert { span, .. } => {
                inserted.get_or_insert_with(|| span.clone());
            }
            Written::Literal(text) => {
                let Some(at) = text.find("://") else {
                    if text.bytes().all(in_scheme) {
                        continue;
                    }
                    return Ok(None);
                };
                let before = &text[..at];
                return match inserted {
                    None => {
                        let scheme = before
                            .split(':')
                            .all(|part| host::is_scheme(part.as_bytes()));
                        Ok(scheme.then_some((index, at + 3)))
                    }
                    Some(_) if index == 1 && before.is_empty() => Ok(Some((index, 3))),
                    Some(span) if before.bytes().all(in_scheme) => {
                        Err(TemplateFault::Scheme.at(span))
                    }
                    Some(_) => Ok(None),
                };
            }
        }
    }
    Ok(None)
}

fn in_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':')
}

/// The last literal `@` of the authority that begins at `start`: it ends user and
/// password.
fn last_at(pieces: &[Written], start: Position) -> Option<Position> {
    let mut found = None;
    // `;user=sa@server` of SQL Server is no user of the URL.
    let has_properties = has_properties(pieces, start);
    let ends = |c| ends_authority(c) || (has_properties && c == ';');
    for (index, piece) in pieces.iter().enumerate().skip(start.0) {
        let Written::Literal(text) = piece else {
            continue;
        };
        let from = if index == start.0 { start.1 } else { 0 };
        let end = text[from..].find(ends).map(|at| from + at);
        let searched = &text[from..end.unwrap_or(text.len())];
        found = searched.rfind('@').map(|at| (index, from + at)).or(found);
        if end.is_some() {
            break;
        }
    }
    found
}

/// Whether all that follows host and port are properties, which no `/` ends:
/// `jdbc:sqlserver://host:1433;encrypt=true`.
fn has_properties(pieces: &[Written], start: Position) -> bool {
    let scheme = match &pieces[start.0] {
        Written::Literal(text) => &text[..start.1],
        Written::Insert { .. } => "",
    };
    scheme.to_ascii_lowercase().ends_with("sqlserver://")
}

/// A backslash counts, as browsers and their parsers have it.
fn ends_authority(c: char) -> bool {
    matches!(c, '/' | '?' | '#' | '\\')
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// No URL.
    Text,
    Scheme,
    User,
    Host,
    /// Between the brackets of an IPv6 address.
    Brackets,
    /// After the closing bracket, where only a port may follow.
    AfterBrackets,
    Port,
    /// Path, query and fragment.
    Rest,
    /// Behind a `;`.
    Properties,
}

struct Walk<'p> {
    pieces: &'p [Written],
    authority: Option<Position>,
    user_end: Option<Position>,
    has_properties: bool,
    state: State,
}

impl Walk<'_> {
    /// The encoding of the insert at `index`; of a literal, what follows from passing it.
    fn piece(&mut self, index: usize) -> Result<Encoding, TemplateError> {
        match &self.pieces[index] {
            Written::Literal(text) => {
                for (at, c) in text.char_indices() {
                    self.pass((index, at), c);
                }
                self.settle((index, text.len()));
                Ok(Encoding::Raw)
            }
            Written::Insert { encoding, span, .. } => {
                let decided = self.here(index);
                if encoding.is_some() {
                    return Ok(Encoding::Raw);
                }
                decided.map_err(|fault| fault.at(span.clone()))
            }
        }
    }

    /// Enters the authority if it begins at `position`.
    fn settle(&mut self, position: Position) {
        if self.authority == Some(position) {
            self.state = if self.user_end.is_some() {
                State::User
            } else {
                State::Host
            };
        }
    }

    fn pass(&mut self, position: Position, c: char) {
        self.settle(position);
        let in_authority = !matches!(self.state, State::Text | State::Scheme | State::Rest);
        self.state = match (self.state, c) {
            (State::Properties, _) if self.has_properties => State::Properties,
            (State::Rest, ';') if self.has_properties => State::Properties,
            _ if in_authority && ends_authority(c) => State::Rest,
            (State::User, _) if self.user_end == Some(position) => State::Host,
            (State::Host, '[') => State::Brackets,
            (State::Brackets, ']') => State::AfterBrackets,
            (State::Host | State::AfterBrackets, ':') => State::Port,
            (State::Host | State::AfterBrackets | State::Port, ',') => State::Host,
            (State::Host | State::AfterBrackets | State::Port, ';') => State::Properties,
            (state, _) => state,
        };
    }

    fn here(&self, index: usize) -> Result<Encoding, TemplateFault> {
        let before = index.checked_sub(1).map(|index| &self.pieces[index]);
        let after = self.pieces.get(index + 1);
        Ok(match self.state {
            State::Text => Encoding::Raw,
            State::Scheme => Encoding::Scheme,
            State::User | State::Rest => Encoding::Percent,
            State::Brackets => Encoding::Bracketed,
            State::AfterBrackets => return Err(TemplateFault::AfterBracket),
            State::Properties => return Err(TemplateFault::Property),
            State::Port => {
                let alone = ends_with(before, &[':']) && begins_with(after, &AFTER_HOST);
                if !alone {
                    return Err(TemplateFault::Port);
                }
                Encoding::Port
            }
            State::Host => {
                let whole = ends_with(before, &['/', '@', ',']);
                if whole && begins_with(after, &AFTER_HOST) {
                    Encoding::Host { list: true }
                } else if whole && begins_with(after, &[':']) {
                    Encoding::Host { list: false }
                } else {
                    Encoding::HostPart
                }
            }
        })
    }
}

/// What stands behind a whole host or port.
const AFTER_HOST: [char; 6] = ['/', '?', '#', '\\', ',', ';'];

fn ends_with(piece: Option<&Written>, marks: &[char]) -> bool {
    matches!(piece, Some(Written::Literal(text)) if text.ends_with(marks))
}

/// Also where nothing follows.
fn begins_with(piece: Option<&Written>, marks: &[char]) -> bool {
    match piece {
        None => true,
        Some(Written::Literal(text)) => text.starts_with(marks),
        Some(Written::Insert { .. }) => false,
    }
}
