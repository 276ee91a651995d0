//! Exit codes of `secret-run` itself. Once the command runs, the codes are the command's.

/// `secret-run` failed before the command was started, or `check` found something.
pub(crate) const FAILED: u8 = 125;
