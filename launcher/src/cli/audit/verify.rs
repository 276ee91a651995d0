//! `secret-run audit verify`: whether each line is as it was written, and where it was.

use std::path::PathBuf;

use clap::Args;
use secret_runtime::audit::{Finding, Report, verify};
use secret_runtime::error::Problems;
use serde::Serialize;

use super::super::Options;
use super::super::print::{self, Output};
use crate::exit::ExitCode;

/// What `verify` ends with when something is wrong with the log.
const TAMPERED: u8 = 1;

/// Find lines that were changed, removed, moved or inserted.
///
/// Without files it verifies all of the manifest's log, and ends with 1 if anything is wrong.
#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// Files of one log, the oldest first [default: all of the manifest's].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Serialize)]
struct Said {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    kind: &'static str,
    message: String,
}

impl Verify {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let files = super::chosen(&self.files, options)?;
        let report = verify(&files).map_err(super::unreadable)?;
        let ok = report.findings.is_empty();
        match self.format {
            Output::Json => print::json(&serde_json::json!({
                "ok": ok,
                "files": report.files,
                "lines": report.lines,
                "last": report.last,
                "hash": report.hash,
                "findings": said(&report.findings),
                "remarks": said(&report.remarks),
            })),
            Output::Text => print::text(&text(&report)),
        }
        Ok(if ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(TAMPERED)
        })
    }
}

fn said(findings: &[Finding]) -> Vec<Said> {
    let said = findings.iter().map(|finding| Said {
        file: finding.file.display().to_string(),
        line: finding.line,
        kind: finding.fault.kind(),
        message: finding.fault.to_string(),
    });
    said.collect()
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    let remarks = report.remarks.iter().map(|remark| ("note: ", remark));
    let findings = report.findings.iter().map(|finding| ("", finding));
    for (word, finding) in remarks.chain(findings) {
        let file = finding.file.display();
        let line = finding
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        text.push_str(&format!("{file}{line}: {word}{}\n", finding.fault));
    }
    let files = match report.files {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    let lines = report.lines;
    match (report.findings.len(), &report.hash, report.last) {
        (0, Some(hash), Some(last)) => text.push_str(&format!(
            "{lines} lines in {files}: nothing was changed, removed or moved\n\
             the last is line {last} of the log, with the hash {hash}\n"
        )),
        (0, ..) => text.push_str(&format!("{lines} lines in {files}: nothing is wrong\n")),
        (count, ..) => text.push_str(&format!("{lines} lines in {files}: {count} wrong\n")),
    }
    text
}
