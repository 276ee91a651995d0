//! Writes a document where the caller lets it, and looks for it.

use super::backend::Checked;
use super::bench::Bench;
use super::samples::{at, noun, random};
use super::verdict::Outcome;
use crate::plugin::backend::{PluginBackend, Said, Session};
use crate::secret::SecretValue;

/// The most paths that `list` may answer.
const PATHS: usize = 1000;

/// Twice, so that the second value takes the place of the first.
pub(super) async fn check(bench: &mut Bench<'_>, backend: &PluginBackend) -> Checked {
    let Some(path) = bench.subject.write_to.clone() else {
        return Ok(Outcome::skipped(
            "nothing may be written",
            "name a path that may be written over: `--write-to PATH`",
        ));
    };
    let mut session = backend.session().await?;
    for _ in 0..2 {
        let value = SecretValue::new(format!("dummy-value-{}", random()).into_bytes());
        bench.heard.value(&value);
        let found = round_trip(bench, backend, &mut session, &path, &value).await?;
        if found != Outcome::Passed {
            return Ok(found);
        }
    }
    Ok(Outcome::Passed)
}

async fn round_trip(
    bench: &mut Bench<'_>,
    backend: &PluginBackend,
    session: &mut Session<'_>,
    path: &str,
    value: &SecretValue,
) -> Checked {
    let written = match session.put(path, value.expose()).await? {
        Ok(version) => version,
        Err(error) => return Ok(refused("put", &error, bench, backend)),
    };
    let said = bench.ask(backend, session, &[at(path)]).await?;
    let read = match said.first() {
        Some(Said::Document(document)) => document,
        Some(error) => return Ok(refused("fetch", error, bench, backend)),
        None => return Ok(wrong("is not answered")),
    };
    if read.bytes.expose() != value.expose() {
        return Ok(wrong("is read with other bytes"));
    }
    if written.is_some() && read.version.is_some() && read.version != written {
        return Ok(wrong("is read with another version than `put` answered"));
    }
    match session.describe(path).await? {
        Ok(described) if written.is_some() && described.is_some() && described != written => {
            return Ok(wrong(
                "is described with another version than `put` answered",
            ));
        }
        Ok(_) => {}
        Err(error) => return Ok(refused("describe", &error, bench, backend)),
    }
    let listed = match session.list(path).await? {
        Ok(listed) => listed,
        Err(error) => return Ok(refused("list", &error, bench, backend)),
    };
    if listed.len() > PATHS {
        return Ok(Outcome::failed(
            format!("`list` answers {} paths", listed.len()),
            format!("answer at most {PATHS}"),
        ));
    }
    if !listed.is_sorted() || listed.iter().any(|listed| !listed.starts_with(path)) {
        return Ok(Outcome::failed(
            "`list` answers paths out of order, or such as do not begin with the prefix",
            "sort the paths, and leave out what does not begin with the prefix",
        ));
    }
    if !listed.iter().any(|listed| listed == path) {
        return Ok(wrong("is not listed"));
    }
    Ok(Outcome::Passed)
}

fn refused(call: &str, said: &Said, bench: &mut Bench<'_>, backend: &PluginBackend) -> Outcome {
    bench.heard.listen(said, backend);
    Outcome::failed(
        format!(
            "`{call}` of what was to be written is answered with `{}`",
            noun(said)
        ),
        "may the credential write there, and read what it wrote?",
    )
}

fn wrong(what: &str) -> Outcome {
    Outcome::failed(
        format!("what was written {what}"),
        "answer `put` when the server has it, and read from where it was written",
    )
}
