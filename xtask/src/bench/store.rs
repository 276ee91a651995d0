//! Servers of dummies, near and over a distance, each as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::workspace::{cargo, run as execute, target_dir};

/// The server, which ends when this is dropped.
pub struct FarStore {
    process: Child,
    /// The origin of the server itself.
    pub near: String,
    /// The origin of a link to it.
    pub far: String,
    /// How long a round trip over that link takes, in seconds.
    pub round_trip: f64,
}

impl FarStore {
    /// Starts `program` of the test bed with `count` documents; its link has a round trip of
    /// `milliseconds`. What it says to its clients beside is in files of `folder`.
    pub fn start(program: &str, count: usize, milliseconds: u32, folder: &Path) -> Result<Self> {
        let bin = ["--package", "secret-run-tests", "--bin", program];
        execute(cargo("").arg("build").args(bin))?;
        let mut process = Command::new(target_dir().join("debug").join(program))
            .args([count.to_string(), milliseconds.to_string()])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to start {program}"))?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut line = || {
            lines
                .next()
                .context("the server ended")?
                .context("it is silent")
        };
        let (near, far, round_trip) = (line()?, line()?, line()?);
        for origin in [&near, &far] {
            ensure!(origin.starts_with("http"), "the server printed no origin");
        }
        let round_trip = round_trip.parse();
        Ok(Self {
            process,
            near,
            far,
            round_trip: round_trip.context("the server printed no round trip")?,
        })
    }
}

impl Drop for FarStore {
    fn drop(&mut self) {
        // It waits for the end of its input; it may have ended by itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
