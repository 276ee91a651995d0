//! A server of dummies, near and over a distance, as a process of its own.

use std::io::{BufRead, BufReader};
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
}

impl FarStore {
    /// Starts one that holds `count` documents; its link has a round trip of `milliseconds`.
    pub fn start(count: usize, milliseconds: u32) -> Result<Self> {
        let bin = ["--package", "secret-run-tests", "--bin", "far-store"];
        execute(cargo("").arg("build").args(bin))?;
        let mut process = Command::new(target_dir().join("debug/far-store"))
            .args([count.to_string(), milliseconds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start far-store")?;
        let output = process.stdout.take().context("far-store has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut origin = || -> Result<String> {
            let line = lines.next().context("far-store ended")??;
            ensure!(line.starts_with("http://"), "far-store printed no origin");
            Ok(line)
        };
        let (near, far) = (origin()?, origin()?);
        Ok(Self { process, near, far })
    }
}

impl Drop for FarStore {
    fn drop(&mut self) {
        // It waits for the end of its input; it may have ended by itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
