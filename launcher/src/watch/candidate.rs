//! A process that could become the command: a run like any other, which waits at a gate.
//!
//! It is the parent's second process, with nothing undone by the way: what the command inherits
//! is what the parent inherited. Until it is told to, it changes nothing that a command which
//! runs could see.

use std::ffi::OsString;
use std::time::Instant;

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Pid, getppid, setpgid};
use secret_runtime::cache::Asking;
use secret_runtime::error::{Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::memory::Memory;
use secret_runtime::plan::{DocumentId, Plan};
use secret_runtime::resilience::Breakers;

use super::error::WatchError;
use super::gate::{CandidateGate, Order};
use super::leases::Given;
use super::mark::Marker;
use super::reading::{Reading, say, values};
use super::redact::Sinks;
use crate::audit::Audit;
use crate::cli::Options;
use crate::exit::{ExitCode, FAILED};
use crate::harden::Hardened;
use crate::launch::{Launch, NotStarted, rewrite};
use crate::metrics::Meter;
use crate::pipeline::Noted;
use crate::{render, trace};

/// What a run is made of.
pub(super) struct Orders<'a> {
    pub(super) options: &'a Options,
    pub(super) plan: Plan,
    pub(super) judge: Judge,
    pub(super) command: Vec<OsString>,
    pub(super) hardened: Hardened,
}

/// Where a candidate stands among the processes.
pub(super) struct Seat {
    pub(super) gate: CandidateGate,
    pub(super) parent: Pid,
    pub(super) own_group: bool,
    pub(super) inherited: SigSet,
    /// Where the command writes, if its outputs are masked.
    pub(super) sinks: Option<Sinks>,
    /// Whether there is no command yet.
    pub(super) first: bool,
    /// What the command has for a time, and is not asked for.
    pub(super) held: Vec<DocumentId>,
    /// Which backends have failed before.
    pub(super) breakers: Breakers,
}

/// The way of a candidate, to its end or to the command.
pub(super) fn run(orders: Orders<'_>, seat: Seat, marker: &Marker) -> ExitCode {
    let (format, is_first) = (orders.options.error_format, seat.first);
    match way(orders, seat, marker) {
        Ok(()) => ExitCode::SUCCESS,
        Err(NotStarted { problems, code }) => {
            let consequence = match is_first {
                true => render::NOT_STARTED,
                false => render::KEEPS_RUNNING,
            };
            say(is_first, problems.as_slice(), format, consequence);
            ExitCode::from(code)
        }
    }
}

fn way(orders: Orders<'_>, mut seat: Seat, marker: &Marker) -> Result<(), NotStarted> {
    let Orders {
        options,
        plan,
        mut judge,
        command,
        hardened,
    } = orders;
    take_seat(&seat);
    trace::begin(options.error_format);
    trace::of_plan(&plan);
    let mut memory = Memory::of_one_run().with_breakers(std::mem::take(&mut seat.breakers));
    // A rotation must not be hidden from who looks for it: later readings ask for all.
    memory.ask(match seat.first {
        true => Asking::Expired,
        false => Asking::All,
    });
    memory.leases.held = std::mem::take(&mut seat.held);
    let mut meter = Meter::of_reading(&plan, options);
    let asked = Instant::now();
    let read = Reading::read(plan, options, &mut judge, (&mut memory, &mut meter));
    if seat.gate.breakers(memory.breakers()).is_err() {
        return Ok(());
    }
    let given = Given::of(memory.leases, asked.elapsed());
    let leased = given.documents.iter();
    let leased: Vec<DocumentId> = leased.map(|(document, _)| *document).collect();
    // Also of a reading that failed: the parent gives it back.
    if !given.is_empty() && seat.gate.leases(&given).is_err() {
        return Ok(());
    }
    drop(given);
    if let Some(metrics) = meter.end()
        && seat.gate.metrics(&metrics).is_err()
    {
        return Ok(());
    }
    trace::send(read.as_ref().err(), options.error_format);
    let (reading, mut audit) = read?;
    std::mem::forget(judge);
    // What was read is written down also when nothing comes of it.
    audit.write()?;
    if seat.sinks.is_some() && seat.gate.values(&values(reading.entries())).is_err() {
        return Ok(());
    }
    let report = reading.report(marker, &leased);
    if seat.gate.report(&report).is_err() {
        return Ok(());
    }
    match seat.gate.order() {
        Some(Order::Prepare) => {}
        Some(Order::Rewrite) => {
            reading.warn(&seat, options);
            let rewritten = rewrite(reading.entries(), reading.plan());
            rewritten.map_err(|problems| audit.ends_with(problems))?;
            // Who is gone needs no answer.
            let _ = seat.gate.done();
            return Ok(());
        }
        Some(Order::Start) | None => {
            reading.warn_of_stale(options);
            return Ok(());
        }
    }
    let written = |not_started: NotStarted, audit: &mut Audit| NotStarted {
        problems: audit.ends_with(not_started.problems),
        ..not_started
    };
    reading.warn(&seat, options);
    // A command starts with all values, or does not.
    let Reading::Whole(resolved) = reading else {
        let partial = Problem::error(&WatchError::Partial, None);
        return Err(written(Problems::from(partial).into(), &mut audit));
    };
    let launch = Launch::prepare(resolved, command, Some(seat.parent));
    let launch = launch.map_err(|not_started| written(not_started, &mut audit))?;
    if seat.gate.done().is_err() || seat.gate.order() != Some(Order::Start) {
        return Ok(());
    }
    if let Some(sinks) = seat.sinks {
        sinks.take().map_err(WatchError::step("redirect outputs"))?;
    }
    let not_started = launch.start(hardened, &mut audit);
    Err(written(not_started, &mut audit))
}

/// Becomes a child as a shell's are, which does not stay when its parent is killed.
fn take_seat(seat: &Seat) {
    if seat.own_group {
        // The parent does it, too: whoever is first. A process that leads a group already
        // does not need it.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    }
    // Old kernels and sandboxes may refuse; the gate still tells until the command starts.
    let _ = prctl::set_pdeathsig(Signal::SIGTERM);
    if getppid() != seat.parent {
        std::process::exit(i32::from(FAILED));
    }
    let _ = seat.inherited.thread_set_mask();
}
