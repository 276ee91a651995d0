//! Small backends written as text, to be misbehaved in.
//!
//! A guest holds documents and errors by path and answers as the contract wants. A test adds
//! instructions that do something else:
//!
//! - `on_fetch` runs first in `fetch`. Locals: `$references`, `$count`, and `$i`, `$j` to use.
//! - `on_each` runs for each reference, when its answer stands at `$at`. Besides: `$index`,
//!   and `$path` and `$length` of the reference.
//! - `on_finish` runs last. Besides: `$answers` (64 bytes each) and `$given`, which is how
//!   many are handed out.
//! - `on_about` runs first in `about`; `(global.get $profile)` is the address of its answer.
//!
//! `(global.get $otherwise)` is the address of the answer at any other path.
//!
//! What is imported is what `imports` name. Then there are, for instructions:
//! `(call $get key length answer)`, `(call $log level text length)`, and
//! `(call $get_url url length)`, which sends a request and leaves 0 for a response, and else 1;
//! its answer stands at [`ANSWER`]. `(call $send ...)` and `(call $send_all ...)` are the
//! plain imports. `(call $allocate size)` gives memory until the end of the call.
//!
//! From [`FREE`] to [`IMAGE`] the memory is the test's, for `(data ...)` among `fields`.

mod image;
mod module;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) const CONTRACT: &str = include_str!("../../../wit/backend.wit");

/// Where the answer of `$get_url` stands: a tag (0 a response), and from 4 bytes on, the
/// status and the lists of headers and bytes, or the error.
pub(crate) const ANSWER: usize = 0x80;
/// Where a test may put what its instructions read and write.
pub(crate) const FREE: usize = 0x100;
/// Where the guest's own answers begin.
pub(crate) const IMAGE: usize = 0x1000;

/// What stands in a guest, where a test wants something else than the harmless.
pub(crate) struct BackendGuest {
    /// The contract that it is built for.
    pub(crate) wit: String,
    /// What it answers, by path.
    pub(crate) documents: Vec<(String, Answer)>,
    /// What it answers at any other path.
    pub(crate) otherwise: Answer,
    pub(crate) about: Profile,
    pub(crate) imports: Vec<Import>,
    /// Whether it exports the writing side too: one document in the instance's memory.
    pub(crate) writes: bool,
    pub(crate) on_fetch: String,
    pub(crate) on_each: String,
    pub(crate) on_finish: String,
    pub(crate) on_about: String,
    /// Further fields of the module.
    pub(crate) fields: String,
    /// Pages of its memory at the beginning. It grows by itself.
    pub(crate) pages: u32,
}

/// What is lent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Import {
    Settings,
    Log,
    Http,
    /// Functions of an interface that the test adds to the contract, as `(import ...)`.
    Other(&'static str),
}

/// One answer for one reference.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Document {
        bytes: Vec<u8>,
        version: Option<String>,
        created_at: Option<u64>,
        lease: Option<u64>,
    },
    NotFound,
    AccessDenied(String),
    Unauthenticated(String),
    InvalidReference(String),
    Unavailable(String, Option<u64>),
    Other(String),
}

impl Answer {
    /// A document of bytes and nothing else.
    pub(crate) fn document(bytes: &str) -> Self {
        Self::Document {
            bytes: bytes.as_bytes().to_vec(),
            version: None,
            created_at: None,
            lease: None,
        }
    }
}

/// What it says of itself.
pub(crate) struct Profile {
    pub(crate) summary: String,
    /// Name, summary, whether it is required, default.
    pub(crate) settings: Vec<(String, String, bool, Option<String>)>,
    /// Origin, purpose, whether it is required.
    pub(crate) origins: Vec<(String, String, bool)>,
}

impl Default for BackendGuest {
    fn default() -> Self {
        let documents = [
            ("app/first", "dummy-value-first"),
            ("app/second", "dummy-value-second"),
            ("app/third", "dummy-value-third"),
        ];
        Self {
            wit: CONTRACT.to_owned(),
            documents: documents
                .map(|(path, bytes)| (path.to_owned(), Answer::document(bytes)))
                .into(),
            otherwise: Answer::NotFound,
            about: Profile {
                summary: "Three documents in memory.".to_owned(),
                settings: Vec::new(),
                origins: Vec::new(),
            },
            imports: Vec::new(),
            writes: false,
            on_fetch: String::new(),
            on_each: String::new(),
            on_finish: String::new(),
            on_about: String::new(),
            fields: String::new(),
            pages: 4,
        }
    }
}

impl BackendGuest {
    /// One that does this at the beginning of `fetch`.
    pub(crate) fn that(on_fetch: &str) -> Self {
        Self {
            on_fetch: on_fetch.to_owned(),
            ..Self::default()
        }
    }

    /// The same, with more fields in its module.
    pub(crate) fn with(mut self, fields: &str) -> Self {
        self.fields = fields.to_owned();
        self
    }

    /// The same, with these imports.
    pub(crate) fn importing(mut self, imports: &[Import]) -> Self {
        self.imports = imports.to_vec();
        self
    }

    /// The bytes of the component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.module()).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("contract.wit", &self.wit).unwrap();
        let world = if self.writes {
            "backend-with-writer"
        } else {
            "backend-only"
        };
        let world = resolve.select_world(&[package], Some(world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .encode()
            .unwrap()
    }
}
