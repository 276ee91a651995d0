//! By what a value is told from another one without being kept.
//!
//! A mark is a digest with a key that this run made and nobody else has.

use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use secret_runtime::secret::SecretValue;

/// Makes the marks of one run.
pub(super) struct Marker {
    key: Zeroizing<[u8; 32]>,
}

/// What stands for a value.
pub(super) type Mark = [u8; 32];

impl Marker {
    pub(super) fn new() -> rustix::io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        // So few bytes come at once or not at all.
        getrandom(&mut key[..], GetRandomFlags::empty())?;
        Ok(Self { key })
    }

    pub(super) fn mark(&self, value: &SecretValue) -> Mark {
        let keyed = Sha256::new().chain_update(&self.key[..]);
        keyed.chain_update(value.expose()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn a_mark_is_the_same_for_the_same_value_in_one_run_only() {
        let (marker, other) = (Marker::new().unwrap(), Marker::new().unwrap());
        let value = SecretValue::copy_of(b"dummy");
        assert_eq!(marker.mark(&value), marker.mark(&value.clone()));
        assert_ne!(marker.mark(&value), other.mark(&value));
        assert_ne!(
            marker.mark(&value),
            marker.mark(&SecretValue::copy_of(b"dummy2"))
        );
    }
}
