//! The key that caches are sealed with: in the keyring that the kernel keeps for the user, or in a
//! file.
//!
//! Whoever is the same user can read it, as the launcher can: it keeps a cache from other users,
//! from backups and from who finds the disk.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::{CacheError, folder};

/// Its length in bytes.
pub(super) const LENGTH: usize = 32;
/// What it is called in the keyring.
const DESCRIPTION: &str = "secret-run:cache";

/// The bytes of a key, wiped when dropped.
pub(super) type Bytes = Zeroizing<[u8; LENGTH]>;

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeySource {
    /// In the keyring of the user.
    Keyring,
    /// In this file.
    File(PathBuf),
}

impl KeySource {
    /// The key, if there is one.
    pub(super) fn find(&self) -> Result<Option<Bytes>, CacheError> {
        match self {
            Self::Keyring => in_keyring(&keyring()?),
            Self::File(path) => in_file(path),
        }
    }

    /// The key; a new one if there is none. `folder` is where those that make one take turns.
    pub(super) fn find_or_make(&self, folder: &Path) -> Result<Bytes, CacheError> {
        if let Some(found) = self.find()? {
            return Ok(found);
        }
        let mut made = Bytes::default();
        fill(&mut made[..])?;
        match self {
            Self::Keyring => {
                let _turn = folder::turn(folder);
                let keyring = keyring()?;
                if let Some(found) = in_keyring(&keyring)? {
                    return Ok(found);
                }
                let added = keyring.add_key(DESCRIPTION, &made[..]);
                added.map_err(refused)?;
                Ok(made)
            }
            Self::File(path) => {
                let beside = folder::write_beside(path, &made[..])?;
                // It appears with all that is in it, and never in place of another.
                let linked = fs::hard_link(&beside, path);
                let _ = fs::remove_file(&beside);
                match linked {
                    Ok(()) => Ok(made),
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                        let path = path.clone();
                        in_file(&path)?.ok_or(CacheError::NoKey { path })
                    }
                    Err(error) => Err(CacheError::io(path, "made")(error)),
                }
            }
        }
    }
}

/// The keyring of the user, which this process may read: services have none in their session. A
/// keyring of the process ends with it, and no command inherits one.
fn keyring() -> Result<KeyRing, CacheError> {
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, false).map_err(refused)?;
    let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(refused)?;
    own.link_keyring(user).map_err(refused)?;
    Ok(user)
}

fn in_keyring(keyring: &KeyRing) -> Result<Option<Bytes>, CacheError> {
    let key = match keyring.search(DESCRIPTION) {
        Ok(key) => key,
        Err(KeyError::KeyDoesNotExist | KeyError::KeyRevoked | KeyError::KeyExpired) => {
            return Ok(None);
        }
        Err(error) => return Err(refused(error)),
    };
    let mut bytes = Bytes::default();
    let read = key.read(&mut *bytes).map_err(refused)?;
    if read == LENGTH {
        return Ok(Some(bytes));
    }
    Err(CacheError::NoKeyring {
        reason: format!("what is called `{DESCRIPTION}` in it is no key"),
    })
}

fn refused(error: KeyError) -> CacheError {
    CacheError::NoKeyring {
        reason: error.to_string(),
    }
}

fn in_file(path: &Path) -> Result<Option<Bytes>, CacheError> {
    let Some((mut file, metadata)) = folder::open(path)? else {
        return Ok(None);
    };
    if metadata.len() != LENGTH as u64 {
        let path = path.to_owned();
        return Err(CacheError::NoKey { path });
    }
    let mut bytes = Bytes::default();
    let read = file.read_exact(&mut bytes[..]);
    read.map_err(CacheError::io(path, "read"))?;
    Ok(Some(bytes))
}

/// Random bytes.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), CacheError> {
    let filled = SystemRandom::new().fill(bytes);
    filled.map_err(|_| CacheError::NoRandom)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::thread;

    use super::*;

    #[test]
    fn fifty_that_make_a_file_at_once_have_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let source = KeySource::File(folder.path().join("key"));
        assert!(source.find().unwrap().is_none());
        let keys: Vec<Bytes> = thread::scope(|scope| {
            let make = || source.find_or_make(folder.path()).unwrap();
            let makers: Vec<_> = (0..50).map(|_| scope.spawn(make)).collect();
            let keys = makers.into_iter().map(|maker| maker.join().unwrap());
            keys.collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_ne!(*keys[0], [0; LENGTH]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_has_another_length_is_no_key_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        folder::replace(&path, b"short").unwrap();
        let source = KeySource::File(path.clone());
        let error = source.find_or_make(folder.path()).unwrap_err();
        assert!(matches!(error, CacheError::NoKey { .. }));
        assert_eq!(fs::read(path).unwrap(), b"short");
    }
}
