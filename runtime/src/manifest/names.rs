//! The names that environment variables and plugins can have.

/// Whether `name` is what POSIX calls a name: letters, digits and `_`, no digit first.
pub(super) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Whether `name` is lower-case words of letters and digits, joined by `-`: what plugins and
/// rules are called. Such a name stands in `acme/licence-key`, in logs and in file names.
pub(crate) fn is_word(name: &str) -> bool {
    const LONGEST: usize = 64;
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= LONGEST && name.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::{is_variable, is_word};

    #[test]
    fn plugins_are_lower_case_words() {
        for name in [
            "a",
            "acme",
            "1password",
            "one-password",
            "k8s",
            &"a".repeat(64),
        ] {
            assert!(is_word(name), "{name}");
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
            "ä",
            &"a".repeat(65),
        ] {
            assert!(!is_word(name), "{name:?}");
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
