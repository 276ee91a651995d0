//! What secrets in AWS cost, against moto on this machine, near and over a distance.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::BASELINE;
use super::measurement::{self, Candidate};
use super::store::FarStore;
use super::table::{Share, Shares};
use crate::servers;
use crate::workspace::target_dir;

/// How many secrets are read at once.
const SECRETS: usize = 100;
/// The time of a round trip of the distance.
const ROUND_TRIP_MILLISECONDS: u32 = 20;
/// How many round trips a run with all of them may take.
const ROUND_TRIPS: f64 = 4.0;
/// How many times the time of `curl` a run with one secret may take.
const OF_CURL: f64 = 1.5;

/// Measures all in one run, and the baseline with them.
pub fn measure(launcher: &Path, folder: &Path, runs: u32) -> Result<Shares> {
    servers::moto()?;
    let store = FarStore::start("far-aws", SECRETS, ROUND_TRIP_MILLISECONDS, folder)?;
    let home = folder.join(".aws");
    fs::create_dir_all(&home).with_context(|| format!("failed to create {}", home.display()))?;
    let keys = "[default]\naws_access_key_id = AKIADUMMY\naws_secret_access_key = dummy-key\n";
    fs::write(home.join("credentials"), keys).context("failed to write credentials")?;
    let project = |name: &str, origin: &str, count: usize, version: &str| {
        command(launcher, &folder.join(name), origin, count, version)
    };
    let one_by_one = "?version=AWSCURRENT";
    let candidates = [
        BASELINE.to_owned(),
        curl(&store.near),
        project("aws-one", &store.near, 1, "")?,
        project("aws-near", &store.near, SECRETS, "")?,
        project("aws-far", &store.far, SECRETS, "")?,
        project("aws-far-singles", &store.far, SECRETS, one_by_one)?,
    ]
    .map(|command| Candidate::new(&command, &command));
    eprintln!("measuring AWS, at least {runs} runs each");
    let results = measurement::measure(&candidates, runs, folder)?;
    let medians: Vec<_> = results.iter().map(|result| result.median).collect();
    let [base, curl, one, near, far, singles] = medians[..] else {
        bail!("a command was not measured");
    };
    // It takes a hundred times as long, so fewer runs tell as much.
    let tool = command_line(&store.near);
    let tool = [Candidate::new(&tool, &tool)];
    let tool = measurement::measure(&tool, (runs / 10).max(20), folder)?;
    let round_trip = store.round_trip;
    let share = |name, seconds, budget| Share {
        name,
        seconds,
        budget,
    };
    let distance = ROUND_TRIPS * round_trip;
    Ok(Shares {
        base,
        shares: vec![
            share("`curl` for a secret of moto", curl, None),
            share("the command line of AWS for it", tool[0].median, None),
            share("a run with that secret of moto", one, Some(OF_CURL * curl)),
            share("a run with 100 secrets of moto", near, None),
            share(
                "what a distance of 20 ms adds to it",
                far - near,
                Some(distance),
            ),
            share("the same, each secret by a call of its own", singles, None),
            share("the same, in batches", far, None),
        ],
    })
}

/// What runs `true` with so many secrets.
fn command(
    launcher: &Path,
    project: &Path,
    origin: &str,
    count: usize,
    version: &str,
) -> Result<String> {
    fs::create_dir(project).with_context(|| format!("failed to create {}", project.display()))?;
    let mut manifest = format!(
        "version = 1\n[environments.development]\nbackend = \"aws\"\n[backends.aws]\n\
         kind = \"aws-secrets-manager\"\nprefix = \"app/\"\nregion = \"eu-west-1\"\n\
         endpoint = \"{origin}\"\n"
    );
    for index in 0..count {
        writeln!(manifest, "[secrets.S{index}]\nkey = \"S{index}{version}\"")?;
    }
    let file = project.join("secrets.toml");
    fs::write(&file, manifest).with_context(|| format!("failed to write {}", file.display()))?;
    let (launcher, file) = (launcher.display(), file.display());
    Ok(format!("'{launcher}' -f '{file}' -- true"))
}

/// The same call by the command line of AWS.
fn command_line(origin: &str) -> String {
    let aws = target_dir().join("test-servers/aws");
    format!(
        "'{}' --endpoint-url {origin} --region eu-west-1 secretsmanager get-secret-value \
         --secret-id app/S0",
        aws.display()
    )
}

/// The same call by `curl`, which signs nothing: moto takes any signature.
fn curl(origin: &str) -> String {
    let scope = "AKIADUMMY/20260101/eu-west-1/secretsmanager/aws4_request";
    let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    format!(
        "curl --silent --fail --output /dev/null --header 'authorization: {signed}' \
         --header 'content-type: application/x-amz-json-1.1' \
         --header 'x-amz-target: secretsmanager.GetSecretValue' \
         --data '{{\"SecretId\":\"app/S0\"}}' {origin}/"
    )
}
