//! `github-token`.
//!
//! Only the shape is checked. The last six characters of most tokens are a checksum, but GitHub
//! documents neither its encoding nor which kinds of token carry it.

use secret_run_sdk::{Parameters, Validator, violations};

use crate::text::{self, Blemish};

/// Prefixes, and how many characters follow at least.
const KINDS: [(&str, usize); 6] = [
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("ghr_", 36),
    ("github_pat_", 82),
];
/// How many digits a token had before tokens had prefixes.
const OLD_TOKEN: usize = 40;

violations! {
    /// What is wrong with a token of GitHub.
    pub(crate) enum GithubViolation: Blemish {
        OldToken => "old-token",
            "looks like a token from before 2021, without a prefix",
            "Generate a new token; GitHub has prefixed them since 2021.";
        NotGithubToken => "not-github-token",
            "does not begin with `ghp_`, `gho_`, `ghu_`, `ghs_`, `ghr_` or `github_pat_`",
            "Copy the whole token, with its prefix.";
        TooShort => "too-short",
            "is too short for a token of its kind",
            "Copy the whole token.";
        InvalidCharacter => "invalid-character",
            "has characters that no token has",
            "Copy the token only, without what stands around it.";
    }
}

/// A personal, OAuth, app, installation or refresh token of GitHub.
pub(crate) struct GithubToken;

impl Validator for GithubToken {
    const NAME: &'static str = "github-token";
    const SUMMARY: &'static str = "A token of GitHub, of any kind that has a prefix.";
    type Violation = GithubViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), GithubViolation> {
        let text = text::line(value)?;
        if text.len() == OLD_TOKEN && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(GithubViolation::OldToken);
        }
        let kind = KINDS
            .iter()
            .find_map(|(prefix, least)| Some((text.strip_prefix(prefix)?, least)));
        let (secret, least) = kind.ok_or(GithubViolation::NotGithubToken)?;
        // Tokens of apps can be signed documents, which have `.` and `-` too.
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if !secret.bytes().all(inside) {
            return Err(GithubViolation::InvalidCharacter);
        }
        if secret.len() < *least {
            return Err(GithubViolation::TooShort);
        }
        Ok(())
    }
}
