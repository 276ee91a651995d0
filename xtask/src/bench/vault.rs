//! What secrets in Vault cost, against an OpenBao on this machine, near and over a distance.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::BASELINE;
use super::measurement::{self, Candidate};
use super::store::FarStore;
use super::table::{Share, Shares};
use crate::servers;
use crate::workspace::find_program;

/// How many secrets are read at once.
const SECRETS: usize = 100;
/// The time of a round trip of the distance.
const ROUND_TRIP_MILLISECONDS: u32 = 20;
/// How many round trips a run with all of them may take, the login included.
const ROUND_TRIPS: f64 = 5.0;
/// How many times the time of `curl` a run with one secret may take.
const OF_CURL: f64 = 1.5;
/// Where the secrets are: where secretspec keeps those of a project `bench`.
const PATH: &str = "secretspec/bench/default";

/// A login whose credentials the server has put into the folder.
const APPROLE: &str = "tls = { authority = \"../authority.pem\" }\n\
    auth = { method = \"approle\", role-id-file = \"../role-id\", secret-id-file = \"../secret-id\" }";

/// Keeps what was read, the key in the folder beside the project. The run that warms up fills it.
const WARM: &str = "[cache]\nacross-starts = { key-file = \"../cache.key\" }";

/// Measures all in one run, and the baseline with them.
pub fn measure(launcher: &Path, folder: &Path, runs: u32) -> Result<Shares> {
    servers::open_bao()?;
    let store = FarStore::start("far-vault", SECRETS, ROUND_TRIP_MILLISECONDS, folder)?;
    let project = |name: &str, origin: &str, count: usize, login: &str| {
        command(launcher, &folder.join(name), origin, count, login)
    };
    let warm = format!("{APPROLE}\n{WARM}");
    let tls = fs::read_to_string(folder.join("tls-origin")).context("there is no origin")?;
    let mut commands = vec![
        BASELINE.to_owned(),
        curl(folder, &store.near)?,
        project("vault-one", &store.near, 1, "")?,
        project("vault-near", &store.near, SECRETS, "")?,
        project("vault-login-near", &tls, SECRETS, APPROLE)?,
        project("vault-login-far", &store.far, SECRETS, APPROLE)?,
        project("vault-one-far", &store.far, 1, APPROLE)?,
        project("vault-one-warm", &store.far, 1, &warm)?,
        project("vault-warm", &store.far, SECRETS, &warm)?,
    ];
    commands.extend(secretspec(folder, &store.near)?);
    let candidates: Vec<_> = commands
        .iter()
        .map(|command| Candidate::new(command, command))
        .collect();
    eprintln!("measuring Vault, at least {runs} runs each");
    let results = measurement::measure(&candidates, runs, folder)?;
    let medians: Vec<_> = results.iter().map(|result| result.median).collect();
    let [base, curl, one, hundred, near, far, ref rest @ ..] = medians[..] else {
        bail!("a command was not measured");
    };
    let [one_far, one_warm, warm, ref rest @ ..] = *rest else {
        bail!("a command with a cache was not measured");
    };
    let distance = ROUND_TRIPS * store.round_trip;
    let share = |name, seconds, budget| Share {
        name,
        seconds,
        budget,
    };
    let mut shares = vec![
        share("`curl` for a secret of OpenBao", curl, None),
        share(
            "a run with that secret of OpenBao",
            one,
            Some(OF_CURL * curl),
        ),
        share("a run with 100 secrets of OpenBao", hundred, None),
        share("the same with TLS, a login and a revocation", near, None),
        share(
            "what a distance of 20 ms adds to that",
            far - near,
            Some(distance),
        ),
        share("a login and one secret over that distance", one_far, None),
        share("the same from a warm cache", one_warm, None),
        share(
            "100 secrets over that distance from a warm cache",
            warm,
            None,
        ),
    ];
    if let [theirs] = rest {
        shares.push(share(
            "secretspec with that secret of OpenBao",
            *theirs,
            None,
        ));
    }
    Ok(Shares { base, shares })
}

/// What runs `true` with so many secrets.
fn command(
    launcher: &Path,
    project: &Path,
    origin: &str,
    count: usize,
    login: &str,
) -> Result<String> {
    fs::create_dir(project).with_context(|| format!("failed to create {}", project.display()))?;
    let mut manifest = format!(
        "version = 1\n[environments.development]\nbackend = \"vault\"\n[backends.vault]\n\
         kind = \"vault\"\naddress = \"{origin}\"\nmount = \"secret\"\npath = \"{PATH}\"\n{login}\n"
    );
    for index in 0..count {
        writeln!(manifest, "[secrets.S{index}]")?;
    }
    let file = project.join("secrets.toml");
    fs::write(&file, manifest).with_context(|| format!("failed to write {}", file.display()))?;
    let (launcher, file) = (launcher.display(), file.display());
    Ok(format!("'{launcher}' -f '{file}' -- true"))
}

/// The same read by `curl`.
fn curl(folder: &Path, origin: &str) -> Result<String> {
    let token = fs::read_to_string(folder.join(".vault-token")).context("there is no token")?;
    Ok(format!(
        "curl --silent --fail --output /dev/null --header 'x-vault-token: {token}' \
         {origin}/v1/secret/data/{PATH}/S0"
    ))
}

/// A run of secretspec with the same secret, where there is one that was built for Vault.
fn secretspec(folder: &Path, origin: &str) -> Result<Option<String>> {
    let Some(program) = find_program("secretspec") else {
        return Ok(None);
    };
    let project = folder.join("vault-secretspec");
    fs::create_dir(&project).with_context(|| format!("failed to create {}", project.display()))?;
    let file = project.join("secretspec.toml");
    let manifest = "[project]\nname = \"bench\"\nrevision = \"1.0\"\n\n[profiles.default]\n\
        S0 = { description = \"A dummy\", required = true }\n";
    fs::write(&file, manifest).with_context(|| format!("failed to write {}", file.display()))?;
    let provider = format!("{}/secret?tls=false", origin.replacen("http:", "vault:", 1));
    let arguments = ["--file".as_ref(), file.as_os_str()];
    let words = [
        "--reason",
        "bench",
        "run",
        "--provider",
        &provider,
        "--",
        "true",
    ];
    let works = Command::new(program)
        .args(arguments)
        .args(words)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output();
    if !works.is_ok_and(|output| output.status.success()) {
        eprintln!("secretspec does not read from Vault here: the table goes without it");
        return Ok(None);
    }
    let file = file.display();
    Ok(Some(format!(
        "secretspec --file '{file}' --reason bench run --provider '{provider}' -- true"
    )))
}
