//! `age-identity`.

use bech32::Bech32;
use bech32::primitives::decode::CheckedHrpstring;
use secret_run_sdk::{Parameters, Validator, violations};

use crate::text::{self, Unreadable};

/// What stands in front of the `1` of a native identity, classic and post-quantum.
const PREFIXES: [&str; 2] = ["AGE-SECRET-KEY-", "AGE-SECRET-KEY-PQ-"];
const KEY_BYTES: usize = 32;

violations! {
    /// What is wrong with an age identity.
    pub(crate) enum AgeViolation: Unreadable {
        Recipient => "recipient",
            "is a recipient (`age1`), which is the public part of an identity",
            "Copy the line that begins with `AGE-SECRET-KEY-1`.";
        PluginIdentity => "plugin-identity",
            "belongs to a plugin of age, so it is no key by itself",
            "Use a native identity: `AGE-SECRET-KEY-1`.";
        NotAgeIdentity => "not-age-identity",
            "has no line that begins with `AGE-SECRET-KEY-1`",
            "Copy the whole identity, as `age-keygen` wrote it, in capital letters.";
        Damaged => "damaged",
            "has a wrong checksum or length, so a part is missing or mistyped",
            "Copy the whole identity again.";
    }
}

/// A native identity of age, alone or in a file as `age-keygen` writes it, with comments.
pub(crate) struct AgeIdentity;

impl Validator for AgeIdentity {
    const NAME: &'static str = "age-identity";
    const SUMMARY: &'static str =
        "An identity of age (`AGE-SECRET-KEY-1`), with or without comments.";
    type Violation = AgeViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), AgeViolation> {
        let text = text::document(value)?;
        let lines = text.lines().map(str::trim);
        let mut lines = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .peekable();
        if lines.peek().is_none() {
            return Err(AgeViolation::NotAgeIdentity);
        }
        lines.try_for_each(check_identity)
    }
}

fn check_identity(line: &str) -> Result<(), AgeViolation> {
    if line.starts_with("age1") {
        return Err(AgeViolation::Recipient);
    }
    if line.starts_with("AGE-PLUGIN-") {
        return Err(AgeViolation::PluginIdentity);
    }
    let (prefix, _) = line.rsplit_once('1').ok_or(AgeViolation::NotAgeIdentity)?;
    if !PREFIXES.contains(&prefix) {
        return Err(AgeViolation::NotAgeIdentity);
    }
    let identity = CheckedHrpstring::new::<Bech32>(line).map_err(|_| AgeViolation::Damaged)?;
    if identity.byte_iter().count() != KEY_BYTES {
        return Err(AgeViolation::Damaged);
    }
    Ok(())
}
