//! The names that environment variables and plugins can have.

/// Whether `name` is what POSIX calls a name: letters, digits and `_`, no digit first.
pub(super) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Whether `name` can be a plugin's: lower-case words joined by `-`, each beginning with a
/// letter. It stands in rules (`acme/licence-key`), in logs and in file names.
pub(crate) fn is_plugin(name: &str) -> bool {
    const LONGEST: usize = 64;
    name.len() <= LONGEST
        && name.split('-').all(|word| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::{is_plugin, is_variable};

    #[test]
    fn plugins_are_lower_case_words() {
        for name in ["a", "acme", "one-password", "k8s", &"a".repeat(64)] {
            assert!(is_plugin(name), "{name}");
        }
        for name in [
            "",
            "Acme",
            "a_b",
            "a--b",
            "-a",
            "a-",
            "a/b",
            "a.b",
            "1a",
            "ä",
            &"a".repeat(65),
        ] {
            assert!(!is_plugin(name), "{name:?}");
        }
    }

    #[test]
    fn posix_names_are_variables_and_nothing_else_is() {
        for name in ["A", "_", "DATABASE_URL", "a1"] {
            assert!(is_variable(name), "{name}");
        }
        for name in ["", "1A", "A-B", "A=B", "A B", "Ä", "A\0"] {
            assert!(!is_variable(name), "{name:?}");
        }
    }
}
