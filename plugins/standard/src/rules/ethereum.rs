//! `ethereum-private-key`.

use secret_run_sdk::{Parameters, Validator, violations};

use crate::text::{self, Blemish};

const KEY_DIGITS: usize = 64;
const ADDRESS_DIGITS: usize = 40;
/// Compressed, without and with the byte that says it is not compressed.
const PUBLIC_KEY_DIGITS: [usize; 3] = [66, 128, 130];
/// The order of secp256k1 (SEC 2, section 2.4.1): a key is below it.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

violations! {
    /// What is wrong with the private key of an Ethereum account.
    pub(crate) enum EthereumViolation: Blemish {
        Mnemonic => "mnemonic",
            "is a list of words, not a private key",
            "Export the private key of the account; the words are the seed of the whole wallet.";
        Address => "address",
            "is an address, not a private key",
            "Export the private key of the account: 64 hexadecimal digits.";
        PublicKey => "public-key",
            "is a public key, not a private key",
            "Export the private key of the account: 64 hexadecimal digits.";
        NotHex => "not-hex",
            "has characters other than hexadecimal digits",
            "Copy the whole key: 64 hexadecimal digits, with or without `0x` in front.";
        WrongLength => "wrong-length",
            "does not have 64 hexadecimal digits",
            "Copy the whole key, with its leading zeros.";
        OutOfRange => "out-of-range",
            "is zero or too large, so no account has it as its key",
            "Export the key again, or generate a new one.";
    }
}

/// A private key on the curve secp256k1: 64 hexadecimal digits, with or without `0x`.
pub(crate) struct EthereumPrivateKey;

impl Validator for EthereumPrivateKey {
    const NAME: &'static str = "ethereum-private-key";
    const SUMMARY: &'static str = "The private key of an Ethereum account, in hexadecimal.";
    type Violation = EthereumViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), EthereumViolation> {
        let text = text::line(value)?;
        if text.split_whitespace().count() >= 12 {
            return Err(EthereumViolation::Mnemonic);
        }
        let digits = text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase();
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(EthereumViolation::NotHex);
        }
        if digits.len() == ADDRESS_DIGITS {
            return Err(EthereumViolation::Address);
        }
        if PUBLIC_KEY_DIGITS.contains(&digits.len()) {
            return Err(EthereumViolation::PublicKey);
        }
        if digits.len() != KEY_DIGITS {
            return Err(EthereumViolation::WrongLength);
        }
        // Of the same length and case, digits compare as the numbers do.
        if digits.bytes().all(|digit| digit == b'0') || digits.as_str() >= ORDER {
            return Err(EthereumViolation::OutOfRange);
        }
        Ok(())
    }
}
