//! Writing down who read which secret, and what came of it.
//!
//! A [`Recorder`] collects the events of a run and writes them as lines of JSON, in one piece:
//! to a file, standard error, or a daemon of the machine. In a file each line carries the hash
//! of the one before, so that a line that is changed, removed or moved is found: [`verify()`].
//!
//! Invariants:
//! - no event has a field that a value, a credential or an argument of the command fits into;
//! - without `[audit]` in the manifest nothing is opened, and nothing is asked of the machine;
//! - what [`Recorder::write`] has written to a file is on the disk when it returns.
//!
//! An [`Account`] decides what becomes of a run whose audit cannot be written; nothing else here
//! does.

mod account;
mod digest;
mod end;
mod error;
mod event;
mod files;
mod head;
mod line;
mod lines;
mod log;
mod record;
mod recorder;
mod run;
mod socket;
mod verify;
mod walk;
mod who;

pub use account::Account;
pub use error::AuditError;
pub use event::{Event, Notice, Stage, Task};
pub use files::LogFiles;
pub use record::{Record, records};
pub use recorder::Recorder;
#[cfg(feature = "otlp")]
pub(crate) use run::random;
pub use verify::{Fault, Finding, Report, verify};

#[cfg(test)]
mod tests;
