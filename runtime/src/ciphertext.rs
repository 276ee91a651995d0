//! Ciphertext of Vault's engine `transit`, which may stand where a path would: `vault:v1:…`.
//!
//! It is no secret, but nothing that is shown needs all of it.

use std::borrow::Cow;

/// What it begins with, before the version of its key.
const MARK: &str = "vault:";

/// As many characters of it are shown.
const SHOWN: usize = 16;

/// What is this long and looks like the rest of one is hardly a path.
const LONG: usize = 24;

/// Whether a path is ciphertext.
pub(crate) fn is_ciphertext(path: &str) -> bool {
    path.strip_prefix(MARK).and_then(after_version).is_some()
}

/// Whether a path is ciphertext that has lost its mark, as in `from = "vault:v1:…"`.
pub(crate) fn lacks_mark(path: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    after_version(path).is_some_and(|rest| rest.len() >= LONG && rest.bytes().all(is_base64))
}

/// A path as it is shown: of ciphertext, the beginning alone.
pub(crate) fn shown(path: &str) -> Cow<'_, str> {
    if !is_ciphertext(path) && !lacks_mark(path) {
        return path.into();
    }
    match path.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &path[..end]).into(),
        None => path.into(),
    }
}

/// What follows `v1:`.
fn after_version(text: &str) -> Option<&str> {
    let (version, rest) = text.strip_prefix('v')?.split_once(':')?;
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_ONE: &str = "vault:v1:LsFdNoiTAjisfXTYFg7UBgZeLOf4XW+YjZJCh8i8";

    #[test]
    fn ciphertext_is_told_from_paths_and_never_shown_whole() {
        for text in [LONG_ONE, "vault:v12:abc=", "vault:v1:"] {
            assert!(is_ciphertext(text), "{text}");
            assert!(!lacks_mark(text), "{text}");
        }
        for text in [
            "",
            "vault",
            "vault:",
            "vault:app",
            "vault:v:x",
            "vault:vx:y",
            "v1:abc",
        ] {
            assert!(!is_ciphertext(text), "{text}");
            assert!(!lacks_mark(text), "{text}");
            assert_eq!(shown(text), text);
        }
        assert!(lacks_mark(&LONG_ONE[MARK.len()..]));
        assert!(!lacks_mark("v1:a-path-with-a-long-name-of-words"));
        assert_eq!(shown(LONG_ONE), "vault:v1:LsFdNoi…");
        assert_eq!(shown(&LONG_ONE[MARK.len()..]), "v1:LsFdNoiTAjisf…");
    }
}
