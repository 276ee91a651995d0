//! Lines as they are read again, to be shown.

use serde::Deserialize;

use super::error::AuditError;
use super::files::{LogFiles, Opened, unreadable};
use super::lines::Lines;

/// What a line says, as far as it is shown. Whether it is true, [`verify()`](super::verify())
/// tells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "they are the keys of docs/audit.md")]
pub struct Record {
    pub time: String,
    pub run: String,
    pub task: String,
    pub event: String,
    pub stage: Option<String>,
    pub secret: Option<String>,
    pub backend: Option<String>,
    pub version: Option<String>,
    pub outcome: Option<String>,
    pub error: Option<String>,
    pub program: Option<String>,
    pub secrets: Option<u64>,
    pub environment: String,
    pub uid: Option<u32>,
    pub user: Option<String>,
    pub host: Option<String>,
}

/// Hands over each line of these files, in their order, with what it says. Answers how many
/// are none.
///
/// # Errors
/// When a file cannot be read.
pub fn records(files: &LogFiles, mut each: impl FnMut(&Record, &str)) -> Result<u64, AuditError> {
    let mut strangers = 0;
    for (path, file) in &Opened::all(files)?.files {
        let mut lines = Lines::of(file);
        while let Some(line) = lines.next().map_err(unreadable(path))? {
            let text = std::str::from_utf8(&line.text).ok();
            let record = text.and_then(|text| Some((serde_json::from_str(text).ok()?, text)));
            match record {
                Some((record, text)) => each(&record, text),
                None => strangers += 1,
            }
        }
    }
    Ok(strangers)
}
