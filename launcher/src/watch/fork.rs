//! One process becomes two: the parent, and a candidate.

use nix::unistd::Pid;
use secret_runtime::error::Problems;

use super::error::WatchError;
use super::gate::{self, CandidateGate, ParentGate};
use super::redact::{Outputs, Sinks, Sources};
use crate::exec;

/// Which of two processes this is, and what it keeps.
pub(super) enum Fork {
    Parent(Pid, ParentGate, Option<Sources>),
    Candidate(CandidateGate, Option<Sinks>),
}

/// Forks, with what the two need to speak to each other.
pub(super) fn fork(outputs: &Outputs) -> Result<Fork, Problems> {
    let step = WatchError::step("make a pair of sockets");
    let (ours, theirs) = gate::pair().map_err(step)?;
    let pipes = outputs.pipes();
    let pipes = pipes.map_err(WatchError::step("make pipes"))?;
    let (sources, sinks) = pipes.unzip();
    Ok(
        match exec::fork().map_err(WatchError::step("start a process"))? {
            Some(process) => Fork::Parent(process, ours, sources),
            None => Fork::Candidate(theirs, sinks),
        },
    )
}
