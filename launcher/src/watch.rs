//! `--watch`: a small parent that starts the command again, or tells it, when a value changes.
//!
//! The parent holds no value, unless it has to mask them with `--redact`. For each reading it forks a [candidate](candidate): a process that
//! goes the whole way of a run without `--watch`, from the plan to a command that could be
//! started, and says only by which [marks](mark) its values can be told from others. If they
//! are those that the command has, it ends. If not, the parent stops the command, and the
//! candidate becomes it. So a command is never stopped for values that are missing, invalid, or
//! refused, and it starts from where every command starts: `Launch::start`.
//!
//! What the command has [for a time](leases) is renewed, and given back when it ends.
//!
//! The parent has one thread, waits in one place, and asks no backend: whatever hangs or grows
//! is a process that can be killed and ends. It must not decide what is executed or with
//! which environment.

mod applicant;
mod breakers;
mod candidate;
mod end;
mod error;
mod fork;
mod gate;
mod known;
mod leases;
mod mark;
mod metrics;
mod notice;
mod outbox;
mod outlet;
mod parent;
mod reading;
mod redact;
mod report;
mod running;
mod signals;
mod supervisor;
mod wait;
mod wire;

pub(crate) use parent::supervise;
