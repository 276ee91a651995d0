//! Whether somebody else can get at a file. Pure.
//!
//! "Somebody else" is neither root, nor the user we run as, nor the file's group: groups
//! are how Kubernetes gives a mount to a user (`fsGroup`). An owner who is neither root
//! nor us counts, as with the keys of `ssh`: he can read the file, change it, and change
//! who else may.

use super::error::Exposure;
use super::open::Facts;

const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

/// The worst that can be said of a file.
pub(super) fn file(facts: Facts) -> Option<Exposure> {
    directory(facts)
        .or_else(|| (facts.mode & OTHERS_READ != 0).then_some(Exposure::ReadableByOthers))
}

/// The worst that can be said of a directory. That others can list it is no harm. The
/// sticky bit does not help: others could still add the file that is missing.
pub(super) fn directory(facts: Facts) -> Option<Exposure> {
    if facts.mode & OTHERS_WRITE != 0 {
        return Some(Exposure::WritableByOthers);
    }
    let ours = facts.owner == 0 || facts.owner == facts.user;
    (!ours).then_some(Exposure::OwnedByAnother)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(mode: u32, owner: u32) -> Facts {
        Facts {
            mode,
            owner,
            user: 1000,
            size: 0,
            regular: true,
        }
    }

    #[test]
    fn owner_and_group_may_read_and_write() {
        for owner in [0, 1000] {
            for mode in [0o400, 0o600, 0o440, 0o660, 0o000, 0o4700] {
                assert_eq!(file(facts(mode, owner)), None, "{mode:o}");
            }
        }
    }

    #[test]
    fn the_worst_is_said() {
        assert_eq!(file(facts(0o444, 0)), Some(Exposure::ReadableByOthers));
        assert_eq!(file(facts(0o446, 0)), Some(Exposure::WritableByOthers));
        assert_eq!(file(facts(0o602, 7)), Some(Exposure::WritableByOthers));
        assert_eq!(file(facts(0o604, 7)), Some(Exposure::OwnedByAnother));
        assert_eq!(file(facts(0o400, 7)), Some(Exposure::OwnedByAnother));
    }

    #[test]
    fn a_directory_may_be_listed_but_not_changed_by_others() {
        assert_eq!(directory(facts(0o755, 0)), None);
        assert_eq!(directory(facts(0o777, 0)), Some(Exposure::WritableByOthers));
        assert_eq!(
            directory(facts(0o1777, 0)),
            Some(Exposure::WritableByOthers)
        );
        assert_eq!(directory(facts(0o700, 7)), Some(Exposure::OwnedByAnother));
    }
}
