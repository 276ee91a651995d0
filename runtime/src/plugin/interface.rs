//! The name under which a validator exports its functions.

/// Version and all: what speaks another version is no validator to us.
pub(crate) const INTERFACE: &str = "secret-run:plugin/validation@0.1.0";
