//! A key while it is changed: the current one, and those before it that are still honoured.

use super::secret::Secret;

/// A key, and what was the key before, for as long as the manifest's `grace`.
///
/// Sign with [`current`](Self::current), verify with each of [`accepted`](Self::accepted).
#[derive(Debug, Clone)]
pub struct Rotating {
    current: Secret,
    before: Vec<Secret>,
}

impl Rotating {
    /// `before` is from the newest to the oldest. What is the same as another one is left out.
    pub(super) fn new(current: Secret, before: impl IntoIterator<Item = Secret>) -> Self {
        let mut rotating = Self {
            current,
            before: Vec::new(),
        };
        for secret in before {
            let known = |known: &Secret| known.expose() == secret.expose();
            if !rotating.accepted().any(known) {
                rotating.before.push(secret);
            }
        }
        rotating
    }

    /// The key to sign with.
    #[must_use]
    pub fn current(&self) -> &Secret {
        &self.current
    }

    /// The key before, while it is honoured.
    #[must_use]
    pub fn previous(&self) -> Option<&Secret> {
        self.before.first()
    }

    /// All keys that are honoured, the current one first. There are three at most: a store may know
    /// another key before than the one that this process had.
    pub fn accepted(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.current).chain(&self.before)
    }
}
