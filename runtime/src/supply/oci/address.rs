//! Names in a registry, checked before anything is sent: they become parts of URLs.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::outbound::{HttpOrigin, Scheme};

use super::error::OciError;

/// The longest name of a repository that registries accept.
const REPOSITORY: usize = 255;

/// A SHA-256 digest as registries write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sha256Digest(String);

impl Sha256Digest {
    /// Reads `sha256:` and 64 digits in lower case. No other spelling, so that equal texts mean
    /// equal digests.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:")?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (digits.len() == 64 && digits.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// Whether it is the digest of `bytes`.
    pub(super) fn names(&self, bytes: &[u8]) -> bool {
        let digest = Sha256::digest(bytes);
        self.hex() == format!("{digest:x}")
    }

    /// The 64 digits.
    pub(super) fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origin of a registry. With TLS; without it only on this machine, and there only when no
/// authority is given that TLS could be held against.
pub(super) fn registry_origin(registry: &str, has_authority: bool) -> Result<HttpOrigin, OciError> {
    // The name that people write, and the one that answers.
    let registry = if registry == "docker.io" {
        "registry-1.docker.io"
    } else {
        registry
    };
    let parse = |scheme: Scheme| {
        // `host/` is an origin, and no name of a registry.
        let text = format!("{}://{registry}", scheme.name());
        let origin = (!registry.contains('/')).then(|| HttpOrigin::parse(&text).ok());
        origin.flatten().ok_or(OciError::Registry)
    };
    let secure = parse(Scheme::Https)?;
    if secure.is_loopback() && !has_authority {
        return parse(Scheme::Http);
    }
    Ok(secure)
}

/// Whether a registry could have a repository of this name: words of lower-case letters and
/// digits, joined by `.`, `_`, `__` or hyphens, in folders.
pub(super) fn check_repository(name: &str) -> Result<(), OciError> {
    if name.len() > REPOSITORY || !name.split('/').all(is_path_component) {
        return Err(OciError::Repository);
    }
    Ok(())
}

fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    let separators = bytes
        .split(|byte| is_word(*byte))
        .filter(|separator| !separator.is_empty());
    let mut separators = separators.map(|separator| {
        matches!(separator, b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-')
    });
    is_word(*first) && is_word(*last) && separators.all(|good| good)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn a_registry_is_spoken_to_with_tls_except_on_this_machine() {
        for (registry, has_authority, origin) in [
            (
                "registry.example.com",
                false,
                "https://registry.example.com",
            ),
            ("10.0.0.1:5000", false, "https://10.0.0.1:5000"),
            ("localhost:5000", false, "http://localhost:5000"),
            ("[::1]:5000", false, "http://[::1]:5000"),
            ("127.0.0.1:5000", true, "https://127.0.0.1:5000"),
            ("docker.io", false, "https://registry-1.docker.io"),
        ] {
            let parsed = registry_origin(registry, has_authority).unwrap();
            assert_eq!(parsed.to_string(), origin, "{registry}");
        }
    }

    #[test]
    fn what_is_no_host_and_port_is_no_registry() {
        for registry in [
            "",
            "https://registry.example.com",
            "registry.example.com/",
            "registry.example.com/team",
            "user@registry.example.com",
            "registry.example.com?",
            "registry.example.com:99999",
        ] {
            let refused = registry_origin(registry, false);
            assert_eq!(refused, Err(OciError::Registry), "{registry}");
        }
    }

    #[test]
    fn a_repository_can_not_lead_out_of_its_place_in_the_url() {
        for name in ["rules", "team/rules", "a.b/c_d/e__f/g--h", "0/1"] {
            assert_eq!(check_repository(name), Ok(()), "{name}");
        }
        let long = "a".repeat(REPOSITORY + 1);
        for name in [
            "", "/", "a/", "/a", "a//b", "..", "a/../b", "a..b", "a___b", "Team", "a b", "a?b",
            "a#b", "a%2fb", "a:b", "a@b", "-a", "a-", "a.-b", "ä", &long,
        ] {
            assert_eq!(check_repository(name), Err(OciError::Repository), "{name}");
        }
    }

    #[test]
    fn a_digest_has_one_spelling() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Sha256Digest::parse(empty).unwrap();
        assert!(digest.names(b""));
        assert!(!digest.names(b"a"));
        assert_eq!(digest.to_string(), empty);
        for text in [
            "",
            "sha256:",
            &empty["sha256:".len()..],
            &empty.to_uppercase(),
            &empty.replace("e3b0", "E3B0"),
            &format!("{empty}0"),
            &empty.replace("sha256", "sha512"),
            &empty.replace("e3b0", "é b"),
        ] {
            assert_eq!(Sha256Digest::parse(text), None, "{text}");
        }
    }
}
