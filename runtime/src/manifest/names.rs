//! The names that environment variables can have.

/// Whether `name` is what POSIX calls a name: letters, digits and `_`, no digit first.
pub(super) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::is_variable;

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
