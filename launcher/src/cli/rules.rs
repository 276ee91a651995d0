//! `secret-run rules`: what values can be validated with.

use clap::Args;
use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::plugin;
use secret_runtime::rule::{ParameterSpec, RuleSpec};
use serde_json::{Value, json};

use super::print::{self, Output};
use crate::exit::ExitCode;
use crate::table::Table;

/// List what values can be validated with.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Show this rule with its parameters and everything that it can find.
    name: Option<String>,
    /// How the list is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no rule `{0}`")]
struct UnknownRule(String);

impl Explain for UnknownRule {
    fn kind(&self) -> &'static str {
        "unknown-rule"
    }

    fn hint(&self) -> Option<String> {
        Some("`secret-run rules` lists them all".into())
    }
}

impl Rules {
    pub(super) fn run(&self) -> Result<ExitCode, Problems> {
        let catalog = plugin::standard_catalog();
        let rules: Vec<&RuleSpec> =
            match &self.name {
                None => catalog.iter().collect(),
                Some(name) => vec![catalog.rule(name).ok_or_else(|| {
                    Problems::from(Problem::error(&UnknownRule(name.clone()), None))
                })?],
            };
        match (self.format, &self.name) {
            (Output::Json, _) => {
                print::json(&Value::Array(rules.into_iter().map(as_json).collect()))
            }
            (Output::Text, None) => print::text(&overview(&rules)),
            (Output::Text, Some(_)) => print::text(&details(rules[0])),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn overview(rules: &[&RuleSpec]) -> String {
    let mut table = Table::new(&["RULE", "PARAMETERS", "ACCEPTS"]);
    for rule in rules {
        let parameters: Vec<_> = rule.parameters.iter().map(short).collect();
        table.row([
            rule.name.to_string(),
            parameters.join(", "),
            rule.summary.to_string(),
        ]);
    }
    format!("{table}\n`secret-run rules NAME` shows a rule with everything that it can find.\n")
}

fn short(parameter: &ParameterSpec) -> String {
    if parameter.required {
        format!("{} (required)", parameter.name)
    } else {
        parameter.name.to_string()
    }
}

fn details(rule: &RuleSpec) -> String {
    let mut text = format!("{}: {}\n", rule.name, rule.summary);
    if !rule.parameters.is_empty() {
        let mut table = Table::new(&["PARAMETER", "IS", "REQUIRED", "MEANING"]);
        for parameter in rule.parameters.iter() {
            let choices = if parameter.choices.is_empty() {
                parameter.kind.noun().to_owned()
            } else {
                parameter.choices.join(" | ")
            };
            let required = if parameter.required { "yes" } else { "no" };
            table.row([
                parameter.name.to_string(),
                choices,
                required.into(),
                parameter.summary.to_string(),
            ]);
        }
        text.push_str(&format!("\n{table}"));
    }
    let mut table = Table::new(&["CODE", "THE VALUE ...", "WHAT TO DO"]);
    for violation in rule.violations.iter() {
        table.row([
            violation.code.to_string(),
            violation.message.to_string(),
            violation.hint.to_string(),
        ]);
    }
    text.push_str(&format!("\n{table}"));
    text
}

fn as_json(rule: &RuleSpec) -> Value {
    let parameters = rule.parameters.iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "summary": parameter.summary,
            "is": parameter.kind.noun(),
            "required": parameter.required,
            "choices": parameter.choices,
        })
    });
    let violations = rule.violations.iter().map(|violation| {
        json!({
            "code": violation.code,
            "message": violation.message,
            "hint": violation.hint,
        })
    });
    json!({
        "name": rule.name,
        "summary": rule.summary,
        "parameters": parameters.collect::<Vec<_>>(),
        "violations": violations.collect::<Vec<_>>(),
    })
}
