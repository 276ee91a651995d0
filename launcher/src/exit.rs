//! Exit codes of `secret-run` itself. Once the command runs, the codes are the command's.

use std::process::Termination;

/// `secret-run` failed before the command was started, or `check` found something.
pub(crate) const FAILED: u8 = 125;

/// The code that the process ends with. That of the standard library can't be read again, which
/// the program's own entry has to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitCode(u8);

impl ExitCode {
    /// What was asked for is done.
    pub const SUCCESS: Self = Self(0);
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

impl From<ExitCode> for i32 {
    fn from(code: ExitCode) -> Self {
        code.0.into()
    }
}

impl Termination for ExitCode {
    fn report(self) -> std::process::ExitCode {
        self.0.into()
    }
}
