//! What a backend gave for a time, and can make last longer or take back.
//!
//! A run that becomes its command keeps none of it. Who stays beside the command renews what the
//! command has, and gives back what nobody uses any more.

use crate::lease::Lease;
use crate::plan::DocumentId;
use crate::secret::SecretValue;

/// What a backend gave for a time with one reading: one thing, whatever it consists of.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The backend's place in the plan.
    pub backend: usize,
    /// How long it is good from when it was given, and whether that can be changed.
    pub lease: Lease,
    /// What the backend knows it by. Whoever has it could end it, or use it for what it was made
    /// for: it is a secret, and means something to its backend alone.
    pub handle: SecretValue,
}

/// What is known of leases from one resolution to the next. Documents are named by their place in
/// the plan, so this is for resolutions of one plan.
#[derive(Debug, Default)]
pub struct Leases {
    /// Documents that are not asked for: somebody holds them, and they are good.
    pub held: Vec<DocumentId>,
    /// Those that the last resolution got for a time.
    pub documents: Vec<(DocumentId, Lease)>,
    /// What the last resolution was given with them. It is to be given back, or it lives its time.
    pub grants: Vec<Grant>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_handle_is_in_a_debug_print() {
        let grant = Grant {
            backend: 0,
            lease: Lease {
                duration: Duration::from_secs(1),
                renewable: true,
            },
            handle: SecretValue::copy_of(b"dummy-token"),
        };
        let shown = format!("{grant:?}");
        assert!(shown.ends_with("handle: SecretValue(..) }"), "{shown}");
    }
}
