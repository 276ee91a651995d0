//! Whether a component was signed by the key that the manifest names.
//!
//! Signatures are those of minisign: Ed25519 over the BLAKE2b hash of the file. Every minisign
//! since 0.10 (2021) makes them so by default. The older form, `minisign -l`, signs the file
//! itself; it is as strong, and is accepted too, because keys in hardware and older
//! distributions still make it. In both, the trusted comment is verified with the rest, and in
//! both nothing of it is shown: whoever signed is named by the key alone.
//!
//! A signature says who made a component; the digest in the manifest says which one is meant.
//! Neither stands in for the other.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};
use nix::fcntl::OFlag;
use thiserror::Error;

use crate::error::Explain;

/// The most bytes of a signature's text; real ones have some 300.
pub const SIGNATURE_LIMIT: usize = 16 * 1024;

/// The length of a public key's line in base64.
const KEY_LENGTH: usize = 56;

/// Why a component can't be taken as signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// `signed-by` is no public key.
    #[error("`signed-by` is not a minisign public key")]
    Key,
    /// There is no signature with the component.
    #[error("the component has no signature, and the manifest asks for one")]
    Missing,
    /// The file of the signature is there and can't be read.
    #[error("the signature can't be read: {0}")]
    Unreadable(io::ErrorKind),
    /// What stands in place of a signature is none.
    #[error("the signature is not one of minisign")]
    Format,
    /// Another key made the signature.
    #[error("the component was signed by another key than `signed-by` names")]
    OtherKey,
    /// The signature is not of this component, or was changed.
    #[error("the signature does not belong to this component")]
    Invalid,
}

impl Explain for SignatureError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Key => "signature-key",
            Self::Missing => "signature-missing",
            Self::Unreadable(_) => "signature-unreadable",
            Self::Format | Self::OtherKey | Self::Invalid => "signature-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Key => {
                "copy the second line of the author's minisign.pub: 56 characters that begin \
                 with `RW`"
            }
            Self::Missing => {
                "put the author's signature beside the component as `FILE.minisig`, or push it \
                 as a layer of type `application/vnd.secret-run.minisign`"
            }
            Self::Unreadable(_) => "check who may read the file",
            Self::Format => "get the signature from the author again: it has four lines",
            Self::OtherKey => {
                "if the author has a new key, learn it from the author, not from where the \
                 component comes from"
            }
            Self::Invalid => {
                "do not use the component; get it and its signature from the author again"
            }
        };
        Some(hint.to_owned())
    }
}

/// Verifies that the owner of `signed_by`, the line of a minisign public key, has signed
/// `component`. `signature` is the text of a `.minisig` file.
///
/// # Errors
/// When the key is none, or the signature is missing, malformed, of another key, or of
/// something else.
pub fn verify(
    component: &[u8],
    signature: Option<&str>,
    signed_by: &str,
) -> Result<(), SignatureError> {
    let key = public_key(signed_by)?;
    let text = signature.ok_or(SignatureError::Missing)?;
    if text.len() > SIGNATURE_LIMIT {
        return Err(SignatureError::Format);
    }
    let signature = Signature::decode(text).map_err(|_| SignatureError::Format)?;
    let legacy = true;
    key.verify(component, &signature, legacy)
        .map_err(|error| match error {
            minisign_verify::Error::UnexpectedKeyId => SignatureError::OtherKey,
            _ => SignatureError::Invalid,
        })
}

/// Whether `signed_by` could be a key, for those who read a manifest and have no component yet.
///
/// # Errors
/// When it could not.
pub fn check_key(signed_by: &str) -> Result<(), SignatureError> {
    public_key(signed_by).map(drop)
}

/// Where the signature of a component on disk stands: `rules.wasm.minisig` for `rules.wasm`.
#[must_use]
pub fn path_beside(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

/// Reads the signature that stands beside a component; `None` when there is none.
///
/// # Errors
/// When there is one that can't be read, or something that can't be one.
pub fn read_beside(component: &Path) -> Result<Option<String>, SignatureError> {
    let unreadable = |error: io::Error| SignatureError::Unreadable(error.kind());
    // A pipe without a writer must not keep the user waiting.
    let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits());
    let file = match options.open(path_beside(component)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(SignatureError::Format);
    }
    let mut text = String::new();
    // One byte more than a signature may have shows that there is more.
    let mut bounded = file.take(SIGNATURE_LIMIT as u64 + 1);
    match bounded.read_to_string(&mut text) {
        Ok(read) if read <= SIGNATURE_LIMIT => Ok(Some(text)),
        Ok(_) => Err(SignatureError::Format),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(SignatureError::Format),
        Err(error) => Err(unreadable(error)),
    }
}

fn public_key(line: &str) -> Result<PublicKey, SignatureError> {
    if line.len() != KEY_LENGTH {
        return Err(SignatureError::Key);
    }
    PublicKey::from_base64(line).map_err(|_| SignatureError::Key)
}

#[cfg(test)]
mod tests;
