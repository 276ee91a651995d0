//! What changes in secrets.lock, as a review of it would show.

use secret_runtime::lock::{LockFile, LockedPlugin};

/// How a plugin stands in the lock compared to before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changes {
    /// `new`, `unchanged` or `changed`.
    pub(super) state: &'static str,
    /// The lines that go, with `- ` before them, and those that come, with `+ `.
    pub(super) lines: Vec<String>,
}

impl Changes {
    pub(super) fn of(name: &str, before: Option<&LockedPlugin>, after: &LockedPlugin) -> Self {
        let lines_of = |locked: &LockedPlugin| -> Vec<String> {
            let mut lock = LockFile::default();
            lock.plugins.insert(name.to_owned(), locked.clone());
            let text = lock.to_toml();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        };
        let Some(before) = before else {
            return Self {
                state: "new",
                lines: Vec::new(),
            };
        };
        let (old, new) = (lines_of(before), lines_of(after));
        let gone = old.iter().filter(|line| !new.contains(line));
        let come = new.iter().filter(|line| !old.contains(line));
        let lines: Vec<_> = gone
            .map(|line| format!("- {line}"))
            .chain(come.map(|line| format!("+ {line}")))
            .collect();
        Self {
            state: if before == after {
                "unchanged"
            } else {
                "changed"
            },
            lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(sha256: &str, imports: &[&str]) -> LockedPlugin {
        LockedPlugin {
            component: "acme.wasm".to_owned(),
            sha256: sha256.to_owned(),
            world: "secret-run:plugin/validator@0.1.0".to_owned(),
            imports: imports.iter().map(|import| (*import).to_owned()).collect(),
            signed_by: None,
            needs: Default::default(),
            grants: Default::default(),
        }
    }

    #[test]
    fn only_what_differs_is_said() {
        let before = locked(&"0".repeat(64), &["a", "b"]);
        let after = locked(&"1".repeat(64), &["a", "c"]);
        let changes = Changes::of("acme", Some(&before), &after);
        assert_eq!(changes.state, "changed");
        assert_eq!(changes.lines.len(), 4, "{:?}", changes.lines);
        assert!(changes.lines[0].starts_with("- sha256"));
        assert!(!changes.lines.iter().any(|line| line.contains("\"a\"")));
    }

    #[test]
    fn the_same_is_unchanged_and_the_first_is_new() {
        let one = locked("0", &[]);
        assert_eq!(Changes::of("acme", Some(&one), &one).state, "unchanged");
        assert_eq!(Changes::of("acme", None, &one).state, "new");
    }
}
