//! Permissions of files that hold a value.

/// The permissions of a delivered file: readable by its owner, never by others, never
/// executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u32);

impl FileMode {
    /// Reads an octal text such as `0440`; `None` when it gives more than owner and
    /// group may have, or less than the owner needs.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
            return None;
        }
        let bits = u32::from_str_radix(text, 8).ok()?;
        (bits & !0o660 == 0 && bits & 0o400 != 0).then_some(Self(bits))
    }

    /// The permission bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Default for FileMode {
    /// 0400: the owner reads.
    fn default() -> Self {
        Self(0o400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_gives_owner_and_group_at_most_reading_and_writing() {
        assert_eq!(FileMode::parse("0400"), Some(FileMode::default()));
        assert_eq!(FileMode::parse("440"), Some(FileMode(0o440)));
        assert_eq!(FileMode::parse("0660"), Some(FileMode(0o660)));
        for refused in [
            "",
            "0",
            "0040",
            "0404",
            "0500",
            "0644",
            "4400",
            "1400",
            "0o400",
            "+400",
            "r",
            "0480",
            "99999999999",
        ] {
            assert_eq!(FileMode::parse(refused), None, "{refused}");
        }
    }
}
