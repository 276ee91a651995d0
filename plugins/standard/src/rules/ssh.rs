//! `ssh-private-key`.

use secret_run_sdk::{Parameters, Validator, violations};

use crate::pem::{self, PemViolation};
use crate::rules::pem::{PemKeyViolation, check_key};

/// What the content begins with (`PROTOCOL.key` of OpenSSH).
const MAGIC: &[u8] = b"openssh-key-v1\0";

violations! {
    /// What is wrong with a private key of SSH.
    pub(crate) enum SshViolation: PemViolation {
        PublicKey => "public-key",
            "is a public key",
            "Use the file without `.pub`, which begins with `-----BEGIN`.";
        Putty => "putty",
            "is in PuTTY's format",
            "Convert it with PuTTYgen: Conversions, Export OpenSSH key.";
        Encrypted => "encrypted",
            "is encrypted with a passphrase",
            "Remove the passphrase with `ssh-keygen -p`, and let the store protect it instead.";
        NotPrivateKey => "not-private-key",
            "is PEM, but not one private key",
            "Use one key that begins with `-----BEGIN OPENSSH PRIVATE KEY-----` or the like.";
    }
}

/// A private key that OpenSSH takes: in its own format, or PKCS#8, PKCS#1 or SEC1.
pub(crate) struct SshPrivateKey;

impl Validator for SshPrivateKey {
    const NAME: &'static str = "ssh-private-key";
    const SUMMARY: &'static str = "A private key for SSH, not encrypted.";
    type Violation = SshViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), SshViolation> {
        if ["ssh-", "ecdsa-sha2-", "sk-"]
            .iter()
            .any(|kind| value.starts_with(kind.as_bytes()))
        {
            return Err(SshViolation::PublicKey);
        }
        if value.starts_with(b"PuTTY-User-Key-File") {
            return Err(SshViolation::Putty);
        }
        let blocks = pem::blocks(value)?;
        let [block] = blocks.as_slice() else {
            return Err(SshViolation::NotPrivateKey);
        };
        if block.label == "OPENSSH PRIVATE KEY" {
            return check_openssh(&block.decode()?);
        }
        check_key(block).map_err(|violation| match violation {
            PemKeyViolation::PemViolation(inner) => inner.into(),
            PemKeyViolation::Encrypted => SshViolation::Encrypted,
            PemKeyViolation::PublicKey => SshViolation::PublicKey,
            _ => SshViolation::NotPrivateKey,
        })
    }
}

fn check_openssh(bytes: &[u8]) -> Result<(), SshViolation> {
    let fields = Fields::read(bytes).ok_or(PemViolation::Damaged)?;
    if fields.cipher != b"none" {
        return Err(SshViolation::Encrypted);
    }
    // Two equal numbers in front tell a right passphrase from a wrong one, and here a whole file
    // from a damaged one.
    match fields.private.first_chunk::<8>() {
        Some([a, b, c, d, e, f, g, h]) if [a, b, c, d] == [e, f, g, h] => Ok(()),
        _ => Err(PemViolation::Damaged.into()),
    }
}

/// What is read of the content. It is a few length-prefixed fields; a crate for SSH keys would
/// bring the types of all algorithms, none of which is needed to see whether the file is whole.
struct Fields<'a> {
    cipher: &'a [u8],
    private: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (cipher, rest) = field(bytes.strip_prefix(MAGIC)?)?;
        let (_key_derivation, rest) = field(rest)?;
        let (_its_options, rest) = field(rest)?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        // OpenSSH itself knows only files with one key.
        if u32::from_be_bytes(*count) != 1 {
            return None;
        }
        let (_public, rest) = field(rest)?;
        let (private, _) = field(rest)?;
        Some(Self { cipher, private })
    }
}

/// A field and what follows it.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
