//! What the host adds to a plugin's requests, as the manifest describes it.
//!
//! A description names variables of the launcher and files. It holds no credential, and its
//! `Debug` shows no literal text: somebody may have written one there by mistake.

use std::fmt;
use std::path::PathBuf;

/// Headers that are the host's own: a credential is none of them.
pub const RESERVED_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// One thing that is added to every request to an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSpec {
    /// A header.
    Header {
        /// Its name, in lower case.
        name: String,
        /// Its value.
        value: CredentialText,
    },
    /// `authorization: Bearer ...`.
    Bearer(CredentialText),
    /// `authorization: Basic ...`, which the host encodes.
    Basic {
        /// May be a text without a variable.
        username: CredentialText,
        /// Never one.
        password: CredentialText,
    },
    /// A parameter of the query, which the host encodes.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: CredentialText,
    },
}

/// Where the text of a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialText {
    /// Variables of the launcher, with literal text around them.
    Template(CredentialTemplate),
    /// A file, relative to the manifest. White space around its text does not count.
    File(PathBuf),
}

/// Literal pieces and variables, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialTemplate {
    pieces: Vec<CredentialPiece>,
}

/// A piece of a [`CredentialTemplate`].
#[derive(Clone, PartialEq, Eq)]
pub enum CredentialPiece {
    /// As it stands in the manifest.
    Literal(String),
    /// The value of a variable of the launcher.
    Variable(String),
}

impl CredentialSpec {
    /// Where it goes, in words: `header authorization`. An origin has one credential for
    /// each place.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Header { name, .. } => format!("header {name}"),
            Self::Bearer(_) | Self::Basic { .. } => "header authorization".into(),
            Self::Query { name, .. } => format!("query {name}"),
        }
    }

    /// Every variable of the launcher that it names.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match self {
            Self::Header { value, .. } | Self::Query { value, .. } | Self::Bearer(value) => {
                (value, None)
            }
            Self::Basic { username, password } => (username, Some(password)),
        };
        std::iter::once(first)
            .chain(second)
            .flat_map(CredentialText::variables)
    }
}

impl CredentialText {
    /// Every variable of the launcher that it names.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let template = match self {
            Self::Template(template) => Some(template),
            Self::File(_) => None,
        };
        template.into_iter().flat_map(CredentialTemplate::variables)
    }
}

impl CredentialTemplate {
    pub(super) fn new(pieces: Vec<CredentialPiece>) -> Self {
        Self { pieces }
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(&self) -> &[CredentialPiece] {
        &self.pieces
    }

    /// The variables in it, in their order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            CredentialPiece::Literal(_) => None,
            CredentialPiece::Variable(name) => Some(name.as_str()),
        })
    }
}

impl fmt::Debug for CredentialTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.pieces).finish()
    }
}

impl fmt::Debug for CredentialPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(_) => f.write_str("Literal(..)"),
            Self::Variable(name) => f.debug_tuple("Variable").field(name).finish(),
        }
    }
}
