//! Reads what the host adds to requests: from the launcher's environment, or from files.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::backend::file::{FileBackend, Strictness};
use crate::backend::{FetchError, ProcessVariable};
use crate::error::Explain;
use crate::manifest::{CredentialPiece, CredentialSpec, CredentialText};
use crate::outbound::HostCredential;
use crate::secret::SecretValue;

/// Why a credential is not there.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A variable is not set, or empty.
    #[error("is in `{name}`, which is not set")]
    Variable {
        /// The variable.
        name: String,
    },
    /// There is no such file, or nothing in it.
    #[error("is in the file {}, which is missing or empty", .path.display())]
    File {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be read, or others can get at it.
    #[error("is in a file that is not used: {0}")]
    Refused(FetchError),
}

impl Explain for CredentialError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Variable { .. } | Self::File { .. } => "plugin-credential-missing",
            Self::Refused(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Variable { name } => Some(format!(
                "set `{name}` where secret-run is started; the command does not get it"
            )),
            Self::File { .. } => Some("write it, or correct the path".into()),
            Self::Refused(error) => error.hint(),
        }
    }
}

/// Reads a credential.
pub(super) fn read(
    spec: &CredentialSpec,
    directory: &Path,
    process: ProcessVariable<'_>,
    strictness: Strictness,
) -> Result<HostCredential, CredentialError> {
    let text = |text: &CredentialText| match text {
        CredentialText::Template(template) => filled(template.pieces(), process),
        CredentialText::File(path) => file(&directory.join(path), strictness),
    };
    Ok(match spec {
        CredentialSpec::Header { name, value } => HostCredential::Header {
            name: name.clone(),
            value: text(value)?,
        },
        CredentialSpec::Bearer(token) => HostCredential::Bearer(text(token)?),
        CredentialSpec::Basic { username, password } => HostCredential::Basic {
            username: text(username)?,
            password: text(password)?,
        },
        CredentialSpec::Query { name, value } => HostCredential::Query {
            name: name.clone(),
            value: text(value)?,
        },
    })
}

fn filled(
    pieces: &[CredentialPiece],
    process: ProcessVariable<'_>,
) -> Result<SecretValue, CredentialError> {
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        parts.push(match piece {
            CredentialPiece::Literal(text) => SecretValue::copy_of(text.as_bytes()),
            CredentialPiece::Variable(name) => {
                let value = process(name).filter(|value| !value.is_empty());
                let value =
                    value.ok_or_else(|| CredentialError::Variable { name: name.clone() })?;
                SecretValue::new(value.into_vec())
            }
        });
    }
    // Made in its final size, so that growing leaves no copy behind.
    let size = parts.iter().map(|part| part.expose().len()).sum();
    let mut text = Zeroizing::new(Vec::with_capacity(size));
    for part in &parts {
        text.extend_from_slice(part.expose());
    }
    Ok(SecretValue::from(text))
}

/// A file is held to the rules of those with secrets.
fn file(path: &Path, strictness: Strictness) -> Result<SecretValue, CredentialError> {
    let missing = || CredentialError::File {
        path: path.to_owned(),
    };
    let read = FileBackend::read_one(path, strictness).map_err(CredentialError::Refused)?;
    let value = read.ok_or_else(missing)?;
    let trimmed = value.expose().trim_ascii();
    if trimmed.is_empty() {
        return Err(missing());
    }
    Ok(SecretValue::copy_of(trimmed))
}
