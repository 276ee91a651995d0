//! `cargo xtask bench`: what starting a command through `secret-run` costs.
//!
//! A time says as much about the machine as about the program, so the results are ratios
//! against `env true`, measured in the same run. The commands take turns:
//! a machine that gets slower or faster meanwhile does so for all of them.

mod aws;
mod measurement;
mod plugins;
mod project;
mod store;
mod table;
mod vault;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::measurement::Candidate;
use self::project::{Log, Project, Source};
use crate::setup::{self, Program};
use crate::workspace::{cargo, find_program, run as execute, target_dir};

/// What every other command is compared with: it changes the environment and execs, too.
const BASELINE: &str = "env true";

#[derive(clap::Args)]
pub struct Options {
    /// How often each command is run.
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(20..))]
    runs: u32,
    /// Also write the table to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(options: Options) -> Result<()> {
    setup::programs(&[
        Program::of_its_name("hyperfine"),
        Program::of_its_name("curl"),
    ])?;
    execute(cargo("").args(["build", "--release", "--package", "secret-run"]))?;
    let folder = tempfile::tempdir().context("failed to create a folder for the projects")?;
    // A copy, as an installation is. The kernel holds what a linker wrote in smaller pieces than what
    // was copied, and maps it more slowly.
    let launcher = folder.path().join("bin/secret-run");
    fs::create_dir(folder.path().join("bin"))
        .context("failed to create a folder for secret-run")?;
    fs::copy(target_dir().join("release/secret-run"), &launcher)
        .with_context(|| format!("failed to copy secret-run to {}", launcher.display()))?;
    let candidates = candidates(&launcher, folder.path())?;
    let (commands, runs) = (candidates.len(), options.runs);
    eprintln!("measuring {commands} commands, at least {runs} runs each");
    let results = measurement::measure(&candidates, options.runs, folder.path())?;
    let mut table = table::render(&results, BASELINE)?;
    // Each as soon as it is there: the next takes minutes.
    println!("{table}");
    for measure in [plugins::measure, aws::measure, vault::measure] {
        let shares = measure(&launcher, folder.path(), options.runs)?;
        let shares = table::render_shares(&shares)?;
        println!("{shares}");
        table += &shares;
    }
    if let Some(file) = options.out {
        fs::write(&file, table).with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(())
}

fn candidates(launcher: &Path, folder: &Path) -> Result<Vec<Candidate>> {
    let mut candidates = vec![
        Candidate::new("true", "true"),
        Candidate::new(BASELINE, BASELINE),
    ];
    let projects = [
        (Source::DotEnv, 0, false, None),
        (Source::DotEnv, 5, false, None),
        (Source::DotEnv, 5, true, None),
        (Source::DotEnv, 5, true, Some(Log::InMemory)),
        (Source::DotEnv, 5, true, Some(Log::OnDisk)),
        (Source::DotEnv, 50, false, None),
        (Source::DotEnv, 50, true, None),
        (Source::Files, 5, false, None),
        (Source::Files, 5, true, None),
    ];
    for (source, secrets, validated, audited) in projects {
        let project = Project {
            source,
            secrets,
            validated,
            audited,
        };
        let manifest = project.write(folder)?;
        let command = format!(
            "'{}' -f '{}' -- true",
            launcher.display(),
            manifest.display()
        );
        let mut candidate = Candidate::new(&format!("secret-run, {project}"), &command);
        if secrets == 5 && validated {
            candidate.budget = Some(2.2);
        }
        candidates.push(candidate);
    }
    if find_program("secretspec").is_some() {
        let manifest = project::write_secretspec(folder)?;
        let command = format!(
            "secretspec --file '{}' --reason bench run --provider 'dotenv://{}' -- true",
            manifest.display(),
            manifest.with_file_name(".env").display(),
        );
        candidates.push(Candidate::new("secretspec, 5 secrets in .env", &command));
    } else {
        eprintln!("secretspec is not on PATH: the table goes without it");
    }
    Ok(candidates)
}
