//! `component = ...`: where a component is.
//!
//! A component is code, so what is fetched from a registry is named by its digest. A tag names
//! something else tomorrow.

use std::path::PathBuf;

use toml::Spanned;

use super::entries::malformed;
use super::plugin_model::{ComponentSource, OciReference};
use super::reader::{Reader, Table};
use crate::outbound::HttpOrigin;

const OCI: &str = "oci://";
const OCI_EXAMPLE: &str = "`oci://registry.example.com/plugins/acme@sha256:` and 64 hexadecimal \
     digits; a tag may name something else tomorrow, so the digest stands in its place";
/// The longest name of a repository that registries agree on.
const LONGEST_REPOSITORY: usize = 255;

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Spanned<ComponentSource>> {
    if table.get("component").is_none() {
        table.missing(reader, "component", "write the path of the .wasm file");
    }
    let text = table.text(reader, "component")?;
    let found = source(text.get_ref());
    match found {
        Ok(source) => Some(Spanned::new(text.span(), source)),
        Err((wanted, example)) => {
            malformed(reader, "component", wanted, example, &text.span());
            None
        }
    }
}

/// The source that `text` names, or what it should be and an example.
fn source(text: &str) -> Result<ComponentSource, (&'static str, &'static str)> {
    let Some(address) = text.strip_prefix(OCI) else {
        let is_path = !text.is_empty() && !text.contains("://") && !text.contains(char::is_control);
        return is_path
            .then(|| ComponentSource::Path(PathBuf::from(text)))
            .ok_or((
                "a path or an `oci://` address",
                "`plugins/acme.wasm`, relative to the manifest",
            ));
    };
    let (name, digest) = address
        .split_once('@')
        .ok_or(("an address with a digest", OCI_EXAMPLE))?;
    let digest = digest
        .strip_prefix("sha256:")
        .and_then(hex_digest)
        .ok_or(("an address with a digest of SHA-256", OCI_EXAMPLE))?;
    let (registry, repository) = name
        .split_once('/')
        .filter(|(registry, repository)| is_registry(registry) && is_repository(repository))
        .ok_or(("an address of a registry and a repository", OCI_EXAMPLE))?;
    Ok(ComponentSource::Oci(OciReference {
        registry: registry.to_owned(),
        repository: repository.to_owned(),
        digest: format!("sha256:{digest}"),
    }))
}

/// 64 hexadecimal digits, in lower case.
pub(crate) fn hex_digest(text: &str) -> Option<String> {
    let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| text.to_ascii_lowercase())
}

/// A host with a port or without: what an origin has behind its scheme.
fn is_registry(text: &str) -> bool {
    HttpOrigin::parse(&format!("https://{text}")).is_ok()
}

/// Words of lower-case letters and digits, joined by `.`, `_`, `__` or hyphens, joined by `/`.
fn is_repository(text: &str) -> bool {
    text.len() <= LONGEST_REPOSITORY && text.split('/').all(is_repository_part)
}

fn is_repository_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let joints = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    part.bytes().next().is_some_and(is_word)
        && part.bytes().next_back().is_some_and(is_word)
        && joints
            .into_iter()
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    const HEX: &str = "9f2c0000000000000000000000000000000000000000000000000000000000ff";

    #[test]
    fn a_source_is_shown_as_it_was_written() {
        for text in [
            "plugins/acme.wasm",
            "/opt/a b.wasm",
            &format!("oci://registry.example.com/acme@sha256:{HEX}"),
            &format!("oci://localhost:5000/a/b-c__d.e/f--g@sha256:{HEX}"),
        ] {
            assert_eq!(source(text).unwrap().to_string(), *text);
        }
    }

    #[test]
    fn what_is_not_pinned_or_not_an_address_is_refused() {
        for text in [
            "".to_owned(),
            "a\0b".to_owned(),
            "https://example.com/acme.wasm".to_owned(),
            "OCI://registry.example.com/acme".to_owned(),
            "oci://registry.example.com/acme".to_owned(),
            "oci://registry.example.com/acme:1.0".to_owned(),
            "oci://registry.example.com/acme@sha256:1234".to_owned(),
            format!("oci://registry.example.com/acme@sha512:{HEX}"),
            format!("oci://registry.example.com/acme:1.0@sha256:{HEX}"),
            format!("oci://registry.example.com@sha256:{HEX}"),
            format!("oci:///acme@sha256:{HEX}"),
            format!("oci://user@registry.example.com/acme@sha256:{HEX}"),
            format!("oci://registry.example.com/Acme@sha256:{HEX}"),
            format!("oci://registry.example.com/a//b@sha256:{HEX}"),
            format!("oci://registry.example.com/../b@sha256:{HEX}"),
            format!("oci://registry.example.com/a___b@sha256:{HEX}"),
            format!(
                "oci://registry.example.com/{}@sha256:{HEX}",
                "a".repeat(256)
            ),
        ] {
            assert!(source(&text).is_err(), "{text:?}");
        }
    }
}
