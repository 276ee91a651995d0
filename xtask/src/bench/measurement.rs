//! Running hyperfine and gathering what it measured.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// How often a command runs before the next has its turn. Few, so that a machine that is busy
/// for a moment is so for all commands alike.
const RUNS_PER_TURN: u32 = 10;
/// Runs of each turn that don't count: they find the processor's caches full of another program.
const WARMUP: u32 = 3;

/// A command to measure.
pub struct Candidate {
    pub name: String,
    pub command: String,
    /// How many times the wall time of the baseline it may take.
    pub budget: Option<f64>,
}

impl Candidate {
    pub fn new(name: &str, command: &str) -> Self {
        Self {
            name: name.to_owned(),
            command: command.to_owned(),
            budget: None,
        }
    }
}

/// What was measured of a candidate, in seconds.
pub struct Measurement {
    pub name: String,
    pub budget: Option<f64>,
    /// Median of all runs.
    pub median: f64,
    /// The quickest run: the one that the machine's noise touched least.
    pub minimum: f64,
    /// Mean time on the processor, in user space and in the kernel.
    pub processor: f64,
}

/// Runs each candidate at least `runs` times.
///
/// Nothing of the caller's environment but `PATH` reaches them; `HOME` and `XDG_RUNTIME_DIR` are
/// `folder`, so that none reads or writes a file of the user's.
pub fn measure(candidates: &[Candidate], runs: u32, folder: &Path) -> Result<Vec<Measurement>> {
    let rounds: Vec<_> = (0..runs.div_ceil(RUNS_PER_TURN))
        .map(|_| round(candidates, folder))
        .collect::<Result<_>>()?;
    let measurements = candidates.iter().enumerate().map(|(index, candidate)| {
        let turns: Vec<_> = rounds.iter().map(|round| &round[index]).collect();
        let times = turns.iter().flat_map(|turn| &turn.times);
        let mut times: Vec<f64> = times.copied().collect();
        times.sort_by(f64::total_cmp);
        let processor: f64 = turns.iter().map(|turn| turn.user + turn.system).sum();
        Measurement {
            name: candidate.name.clone(),
            budget: candidate.budget,
            median: times[times.len() / 2],
            minimum: times[0],
            processor: processor / turns.len() as f64,
        }
    });
    Ok(measurements.collect())
}

/// The part of hyperfine's report that is read here.
#[derive(Deserialize)]
struct Report {
    results: Vec<CommandReport>,
}

#[derive(Deserialize)]
struct CommandReport {
    user: f64,
    system: f64,
    times: Vec<f64>,
}

fn round(candidates: &[Candidate], folder: &Path) -> Result<Vec<CommandReport>> {
    let file = folder.join("report.json");
    let mut hyperfine = Command::new("hyperfine");
    hyperfine
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .args(["-N", "--style", "none"])
        .args([
            "--warmup",
            &WARMUP.to_string(),
            "--runs",
            &RUNS_PER_TURN.to_string(),
        ])
        .arg("--export-json")
        .arg(&file)
        .args(candidates.iter().map(|candidate| &candidate.command));
    // What it prints are times, which say nothing beside those of another round.
    let output = hyperfine.output().context("failed to start hyperfine")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "hyperfine failed: {}",
        complaint.trim()
    );
    let report = fs::read(&file).context("hyperfine wrote no report")?;
    let report: Report =
        serde_json::from_slice(&report).context("hyperfine's report is another")?;
    let complete = report.results.iter().all(|result| !result.times.is_empty());
    ensure!(
        complete && report.results.len() == candidates.len(),
        "hyperfine's report has gaps"
    );
    Ok(report.results)
}
