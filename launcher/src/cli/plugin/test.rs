//! `secret-run plugin test`: holds a component to the contract, for whoever writes one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use secret_runtime::backend::{Request, Version};
use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::manifest::Manifest;
use secret_runtime::outbound::{GrantedOrigin, HttpOrigin, Reach};
use secret_runtime::plugin::conformance::{self, Conformance, Finding, Outcome, Subject};
use secret_runtime::plugin::{self, LARGEST_COMPONENT, Store};
use secret_runtime::reference::Reference;
use serde_json::{Value, json};
use thiserror::Error;

use crate::cli::Options;
use crate::cli::print::{self, Output};
use crate::exit::{ExitCode, FAILED};
use crate::table::Table;

/// Hold a plugin to the contract, check by check. Its documents are read for real.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// A plugin of the manifest, with its settings, grants and credentials; or the file of a
    /// component, with those that are given here.
    #[arg(value_name = "NAME|PATH.wasm")]
    subject: String,
    /// Gives it a setting.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    setting: Vec<(String, String)>,
    /// Lets it send requests there.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_http: Vec<HttpOrigin>,
    /// Lets the origins of --allow-http be at private addresses, or on this machine.
    #[arg(long, requires = "allow_http")]
    allow_private: bool,
    /// A document that is there, written as `key` in the manifest. Name two that differ.
    #[arg(long, value_name = "PATH[?version=V]", value_parser = reference)]
    reference: Vec<Request>,
    /// Where there is nothing [default: a random path].
    #[arg(long, value_name = "PATH[?version=V]", value_parser = reference)]
    missing: Option<Request>,
    /// A path that may be written over. Without it, nothing is written.
    #[arg(long, value_name = "PATH")]
    write_to: Option<String>,
    /// How the verdicts are written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Debug, Error)]
enum TestError {
    #[error("the component {} cannot be read: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: String },
}

impl Explain for TestError {
    fn kind(&self) -> &'static str {
        "plugin-unreadable"
    }

    fn hint(&self) -> Option<String> {
        Some("name a plugin of the manifest, or the `.wasm` file that the build made".into())
    }
}

impl Test {
    pub(super) fn run(&self, options: &Options) -> Result<ExitCode, Problems> {
        let subject = self.subject(options)?;
        let conformance = conformance::run(&subject);
        let conformance = conformance.map_err(|error| Problem::error(&error, None))?;
        match self.format {
            Output::Json => print::json(&as_json(&subject.name, &conformance)),
            Output::Text => print::text(&as_text(&subject.name, &conformance)),
        }
        Ok(if conformance.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(FAILED)
        })
    }

    /// What is given here is added to what the manifest gives.
    fn subject(&self, options: &Options) -> Result<Subject, Problems> {
        let mut subject = if is_path(&self.subject) {
            component(Path::new(&self.subject)).map_err(|error| Problem::error(&error, None))?
        } else {
            declared(&self.subject, options)?
        };
        subject.settings.extend(self.setting.iter().cloned());
        let reach = Reach {
            private: self.allow_private,
            ..Reach::default()
        };
        let granted = self.allow_http.iter().map(|origin| GrantedOrigin {
            origin: origin.clone(),
            reach,
            credentials: Vec::new(),
        });
        subject.origins.extend(granted);
        subject.references.clone_from(&self.reference);
        subject.missing.clone_from(&self.missing);
        subject.write_to.clone_from(&self.write_to);
        Ok(subject)
    }
}

/// No name of a plugin has a dot or a slash in it.
fn is_path(text: &str) -> bool {
    text.contains(['.', '/'])
}

fn component(path: &Path) -> Result<Subject, TestError> {
    let mut wasm = Vec::new();
    // One byte more than is allowed is enough to be refused.
    let most = LARGEST_COMPONENT as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut wasm));
    read.map_err(|error| TestError::Unreadable {
        path: path.to_owned(),
        reason: error.kind().to_string(),
    })?;
    let name = path.file_stem().unwrap_or(path.as_os_str());
    Ok(Subject::of_component(&name.to_string_lossy(), wasm))
}

fn declared(name: &str, options: &Options) -> Result<Subject, Problems> {
    let file = options.manifest()?;
    let manifest = Manifest::parse(&file.path, &file.text, plugin::standard_catalog())?;
    let store = Store::of_environment(|name| std::env::var_os(name));
    let process = |name: &str| std::env::var_os(name);
    Subject::of_manifest(Arc::new(manifest), name, store, &process)
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it is written as KEY=VALUE".to_owned()),
    }
}

fn origin(text: &str) -> Result<HttpOrigin, String> {
    HttpOrigin::parse(text).map_err(|error| format!("it {error}"))
}

fn reference(text: &str) -> Result<Request, String> {
    let reference = Reference::parse_relative(text);
    let reference =
        reference.map_err(|error| format!("{error}; it is written as PATH or PATH?version=V"))?;
    if reference.field().is_some() {
        return Err("a plugin is asked for whole documents: leave `#field` out".to_owned());
    }
    Ok(Request {
        path: reference.path().to_owned(),
        version: reference
            .version()
            .map(|name| Version::Named(name.to_owned())),
    })
}

fn finding(outcome: &Outcome) -> Option<&Finding> {
    match outcome {
        Outcome::Passed => None,
        Outcome::Failed(finding) | Outcome::Skipped(finding) => Some(finding),
    }
}

fn as_text(name: &str, conformance: &Conformance) -> String {
    let mut table = Table::new(&["CHECK", "VERDICT", "WHAT THE CONTRACT WANTS"]);
    let mut found = String::new();
    for check in &conformance.checks {
        table.row([
            check.name.to_owned(),
            check.outcome.name().to_owned(),
            check.what.to_owned(),
        ]);
        if let Some(finding) = finding(&check.outcome) {
            // Writing to a string does not fail.
            let _ = writeln!(
                found,
                "{} {}: {}",
                check.name,
                check.outcome.name(),
                finding.reason
            );
            if !finding.advice.is_empty() {
                let _ = writeln!(found, "  = help: {}", finding.advice);
            }
        }
    }
    if !found.is_empty() {
        found.insert(0, '\n');
    }
    format!(
        "{table}{found}\n{name}: {} passed, {} failed, {} skipped\n",
        conformance.count("passed"),
        conformance.count("failed"),
        conformance.count("skipped"),
    )
}

fn as_json(name: &str, conformance: &Conformance) -> Value {
    let checks = conformance.checks.iter().map(|check| {
        let finding = finding(&check.outcome);
        let mut object = BTreeMap::from([
            ("name", json!(check.name)),
            ("what", json!(check.what)),
            ("verdict", json!(check.outcome.name())),
        ]);
        if let Some(finding) = finding {
            object.insert("reason", json!(finding.reason));
            if !finding.advice.is_empty() {
                object.insert("hint", json!(finding.advice));
            }
        }
        json!(object)
    });
    json!({
        "ok": conformance.is_ok(),
        "plugin": name,
        "checks": checks.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use secret_runtime::plugin::conformance::CheckVerdict;

    use super::*;

    fn conformance() -> Conformance {
        let check = |name, outcome| CheckVerdict {
            name,
            what: "what is wanted",
            outcome,
        };
        let finding = |reason: &str, advice: &str| Finding {
            reason: reason.to_owned(),
            advice: advice.to_owned(),
        };
        Conformance {
            checks: vec![
                check("compiles", Outcome::Passed),
                check("count", Outcome::Failed(finding("gave 2", "give 1"))),
                check(
                    "texts",
                    Outcome::Skipped(finding("no error had a text", "")),
                ),
            ],
        }
    }

    #[test]
    fn what_did_not_pass_is_said_with_its_reason() {
        let text = as_text("acme", &conformance());
        assert!(
            text.contains("\ncount failed: gave 2\n  = help: give 1\n"),
            "{text}"
        );
        assert!(
            text.contains("\ntexts skipped: no error had a text\n\nacme: 1 passed"),
            "{text}"
        );
        let json = as_json("acme", &conformance());
        assert_eq!(json["ok"], json!(false));
        assert_eq!(json["checks"][1]["hint"], json!("give 1"));
        assert_eq!(json["checks"][2].get("hint"), None);
    }

    #[test]
    fn a_name_is_told_from_a_path() {
        assert!(!is_path("acme-vault"));
        for path in ["acme.wasm", "./acme", "/plugins/acme"] {
            assert!(is_path(path), "{path}");
        }
    }

    #[test]
    fn options_are_read_or_refused() {
        assert_eq!(
            setting("a=b=c").unwrap(),
            ("a".to_owned(), "b=c".to_owned())
        );
        assert!(setting("=b").is_err() && setting("a").is_err());
        assert!(origin("https://api.example.com").is_ok());
        assert!(origin("https://api.example.com/path").is_err());
        for (text, path, version) in [
            ("app/key", "app/key", None),
            ("app:key?version=7", "app:key", Some("7")),
        ] {
            let request = reference(text).unwrap();
            assert_eq!(
                (
                    request.path.as_str(),
                    request.version.as_ref().and_then(Version::name)
                ),
                (path, version)
            );
        }
        for text in ["", "app/key?stage=7", "app/key?version=", "app/key#field"] {
            assert!(reference(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_said_so() {
        let error = component(Path::new("/nowhere/acme.wasm")).unwrap_err();
        assert_eq!(error.kind(), "plugin-unreadable");
        assert!(error.to_string().contains("/nowhere/acme.wasm"), "{error}");
    }
}
