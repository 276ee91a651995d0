//! `pem-private-key` and `pem-certificate`.

use der::Tag;
use secret_run_sdk::{Parameters, Validator, violations};

use crate::pem::{self, Block, PemViolation};

violations! {
    /// What is wrong with a private key in PEM.
    pub(crate) enum PemKeyViolation: PemViolation {
        Encrypted => "encrypted",
            "is encrypted with a passphrase",
            "Decrypt it with `openssl pkey`, and let the store protect it instead.";
        OpensshFormat => "openssh-format",
            "is in OpenSSH's own format",
            "Convert it with `ssh-keygen -p -m PKCS8`, or use the rule `ssh-private-key`.";
        PublicKey => "public-key",
            "is a public key",
            "Use the private key, which begins with `-----BEGIN PRIVATE KEY-----` or the like.";
        Certificate => "certificate",
            "is a certificate",
            "Use the private key that belongs to it.";
        SeveralBlocks => "several-blocks",
            "has more in it than one private key",
            "Keep the block with the private key; store certificates on their own.";
        UnknownLabel => "unknown-label",
            "is PEM, but not a private key",
            "Use a key in PKCS#8, PKCS#1 or SEC1: `PRIVATE KEY`, `RSA` or `EC PRIVATE KEY`.";
    }
}

/// One private key in PKCS#8, PKCS#1 or SEC1, not encrypted. OpenSSL's block with the parameters
/// of the curve may stand in front.
pub(crate) struct PemPrivateKey;

impl Validator for PemPrivateKey {
    const NAME: &'static str = "pem-private-key";
    const SUMMARY: &'static str = "A private key in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted.";
    type Violation = PemKeyViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), PemKeyViolation> {
        let blocks = pem::blocks(value)?;
        let mut keys = blocks.iter().filter(|block| block.label != "EC PARAMETERS");
        let block = keys.next().ok_or(PemKeyViolation::UnknownLabel)?;
        check_key(block)?;
        if keys.next().is_some() {
            return Err(PemKeyViolation::SeveralBlocks);
        }
        Ok(())
    }
}

/// Checks a block that should be a private key in one of the formats of OpenSSL.
pub(crate) fn check_key(block: &Block<'_>) -> Result<(), PemKeyViolation> {
    let tags: &[Tag] = match block.label {
        // Version, algorithm, key (RFC 5958).
        "PRIVATE KEY" => &[Tag::Integer, Tag::Sequence, Tag::OctetString],
        // Version and eight numbers (RFC 8017).
        "RSA PRIVATE KEY" => &[Tag::Integer; 9],
        // Version, key (RFC 5915).
        "EC PRIVATE KEY" => &[Tag::Integer, Tag::OctetString],
        "ENCRYPTED PRIVATE KEY" => return Err(PemKeyViolation::Encrypted),
        "OPENSSH PRIVATE KEY" => return Err(PemKeyViolation::OpensshFormat),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(PemKeyViolation::PublicKey),
        "CERTIFICATE" => return Err(PemKeyViolation::Certificate),
        _ => return Err(PemKeyViolation::UnknownLabel),
    };
    if block.has_encryption_header() {
        return Err(PemKeyViolation::Encrypted);
    }
    if !pem::is_sequence_of(&block.decode()?, tags) {
        return Err(PemViolation::Damaged.into());
    }
    Ok(())
}

violations! {
    /// What is wrong with certificates in PEM.
    pub(crate) enum CertificateViolation: PemViolation {
        PrivateKey => "private-key",
            "has a private key in it",
            "Keep only the `CERTIFICATE` blocks; store the key on its own.";
        Request => "request",
            "is a request for a certificate, not a certificate",
            "Use what the certificate authority sent back.";
        UnknownLabel => "unknown-label",
            "is PEM, but not a certificate",
            "Use blocks that begin with `-----BEGIN CERTIFICATE-----`.";
    }
}

/// A certificate, or a chain of them. Only the form is checked: neither dates nor signatures.
pub(crate) struct PemCertificate;

impl Validator for PemCertificate {
    const NAME: &'static str = "pem-certificate";
    const SUMMARY: &'static str =
        "A certificate or a chain in PEM; dates and signatures are not checked.";
    type Violation = CertificateViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), CertificateViolation> {
        for block in pem::blocks(value)? {
            match block.label {
                "CERTIFICATE" => {}
                "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                    return Err(CertificateViolation::Request);
                }
                label if label.ends_with("PRIVATE KEY") => {
                    return Err(CertificateViolation::PrivateKey);
                }
                _ => return Err(CertificateViolation::UnknownLabel),
            }
            // What is signed, the algorithm, the signature (RFC 5280).
            let tags = [Tag::Sequence, Tag::Sequence, Tag::BitString];
            if !pem::is_sequence_of(&block.decode()?, &tags) {
                return Err(PemViolation::Damaged.into());
            }
        }
        Ok(())
    }
}
