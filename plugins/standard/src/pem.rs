//! Blocks of PEM, and the DER inside them.

use base64ct::{Base64, Encoding};
use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use secret_run_sdk::violations;

use crate::text::{self, Unreadable};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

violations! {
    /// What is wrong with a PEM file of any kind.
    pub(crate) enum PemViolation: Unreadable {
        EscapedBreaks => "escaped-line-breaks",
            "has the two characters `\\n` in place of line breaks",
            "Store it with real line breaks.";
        OneLine => "one-line",
            "has lost its line breaks",
            "Store it with its line breaks; a shell may have replaced them by spaces.";
        NotPem => "not-pem",
            "does not begin with `-----BEGIN`",
            "Copy the whole file, with its first and its last line.";
        Truncated => "truncated",
            "has no `-----END` line that fits its `-----BEGIN` line",
            "Copy the whole file, with its last line.";
        Damaged => "damaged",
            "is damaged: its content does not decode to what its first line says",
            "Copy the whole file again, and nothing around it.";
    }
}

/// One block.
pub(crate) struct Block<'a> {
    /// What stands behind `BEGIN`.
    pub(crate) label: &'a str,
    /// What stands between its first and its last line.
    content: &'a str,
}

impl Block<'_> {
    /// Whether its headers say that it is encrypted (RFC 1421, as OpenSSL writes it).
    pub(crate) fn has_encryption_header(&self) -> bool {
        self.content.contains("Proc-Type: 4,ENCRYPTED")
    }

    /// The bytes inside. Lines may be of any length, as OpenSSL and OpenSSH read them; a strict
    /// reader of RFC 7468 would refuse what OpenSSH writes.
    pub(crate) fn decode(&self) -> Result<Vec<u8>, PemViolation> {
        let digits: String = self.content.split_ascii_whitespace().collect();
        Base64::decode_vec(&digits).map_err(|_| PemViolation::Damaged)
    }
}

/// All blocks of a file. Text between them, such as OpenSSL's descriptions, is skipped.
pub(crate) fn blocks(value: &[u8]) -> Result<Vec<Block<'_>>, PemViolation> {
    let text = text::document(value)?;
    let mut rest = &text[text.find(BEGIN).ok_or(PemViolation::NotPem)?..];
    if !text.trim().contains('\n') {
        let escaped = text.contains("\\n");
        return Err(if escaped {
            PemViolation::EscapedBreaks
        } else {
            PemViolation::OneLine
        });
    }
    let mut blocks = Vec::new();
    while let Some(begin) = rest.find(BEGIN) {
        let inside = &rest[begin + BEGIN.len()..];
        let (label, inside) = inside.split_once("-----").ok_or(PemViolation::Truncated)?;
        let end = format!("{END}{label}-----");
        let (content, after) = inside
            .split_once(end.as_str())
            .ok_or(PemViolation::Truncated)?;
        blocks.push(Block { label, content });
        rest = after;
    }
    Ok(blocks)
}

/// Whether the bytes are one SEQUENCE whose first elements have these tags.
pub(crate) fn is_sequence_of(bytes: &[u8], tags: &[Tag]) -> bool {
    let Ok(sequence) = AnyRef::from_der(bytes) else {
        return false;
    };
    if sequence.tag() != Tag::Sequence {
        return false;
    }
    let Ok(mut reader) = SliceReader::new(sequence.value()) else {
        return false;
    };
    let starts_right = tags.iter().all(|tag| {
        reader
            .decode::<AnyRef<'_>>()
            .is_ok_and(|any| any.tag() == *tag)
    });
    // The rest must be well-formed too, whatever it is.
    let mut rest_is_right = starts_right;
    while rest_is_right && !reader.is_finished() {
        rest_is_right = reader.decode::<AnyRef<'_>>().is_ok();
    }
    rest_is_right
}
