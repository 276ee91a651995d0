//! What tells a plan from any other: its manifest, and what it asks of whom.

use std::fmt;
use std::os::unix::ffi::OsStrExt;

use sha2::{Digest, Sha256};

use crate::backend::Version;
use crate::plan::Plan;

/// Of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(plan: &Plan) -> Self {
        let source = plan.manifest().source();
        let mut hash = Sha256::new();
        // Each part has its length before it, so that none runs into the next.
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(&source.digest());
        // However it is named: two folders with the same text are two plans.
        let path = std::path::absolute(source.path());
        let path = path.as_deref().unwrap_or(source.path());
        add(path.as_os_str().as_bytes());
        add(plan.selection.environment.as_bytes());
        add(&[u8::from(plan.selection.production.is_some())]);
        for backend in &plan.backends {
            add(backend.name.as_bytes());
            add(backend.settings.kind().as_bytes());
            add(&(backend.requests.len() as u64).to_le_bytes());
            for request in &backend.requests {
                add(request.path.as_bytes());
                match &request.version {
                    None => add(b"current"),
                    Some(Version::Previous) => add(b"previous"),
                    Some(Version::Named(name)) => {
                        add(b"named");
                        add(name.as_bytes());
                    }
                }
            }
        }
        Self(hash.finalize().into())
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In hexadecimal, for the name of a file.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
