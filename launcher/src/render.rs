//! Problems as people and machines read them.
//!
//! Rendering happens here and nowhere else. Text from a manifest may come from a cloned
//! repository, so nothing of it reaches the terminal as a control character.

use std::io::{IsTerminal, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use secret_runtime::error::{Place, Problem, Severity};
use secret_runtime::line::{escape_json, is_unfit, one_line};
use serde::Serialize;

/// `--error-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What several problems of a run mean.
pub(crate) const NOT_STARTED: &str = "the command was not started";
/// What several problems mean while a command runs and is supervised.
pub(crate) const KEEPS_RUNNING: &str = "the command keeps the values that it has";
/// What several problems of a subcommand mean that changes something.
pub(crate) const NOT_DONE: &str = "nothing was changed";
/// What several problems of a check mean.
pub(crate) const CHECK_FAILED: &str = "the check failed";

/// Whether colours are welcome at all; a terminal is asked for separately.
/// See <https://no-color.org>.
pub(crate) fn colours_wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes problems to standard error. `consequence` is said if there are several errors.
pub(crate) fn problems(problems: &[Problem], format: Format, consequence: &str) {
    if problems.is_empty() {
        return;
    }
    let text = rendered(problems, format, consequence);
    // A closed standard error is no reason to fail in another way than we already do.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Problems as they are written to standard error.
pub(crate) fn rendered(problems: &[Problem], format: Format, consequence: &str) -> String {
    match format {
        Format::Text => {
            let errors = problems
                .iter()
                .filter(|problem| problem.severity == Severity::Error);
            let errors = errors.count();
            let mut text = text(
                problems,
                std::io::stderr().is_terminal() && colours_wanted(),
            );
            if errors > 1 {
                text.push_str(&format!("{errors} problems; {consequence}\n"));
            }
            text
        }
        Format::Json => json(problems),
    }
}

fn text(problems: &[Problem], colours: bool) -> String {
    let renderer = if colours {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for problem in problems {
        text.push_str(&one(problem, &renderer));
        text.push_str("\n\n");
    }
    text
}

fn one(problem: &Problem, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = one_line(&problem.message);
    let hint = problem.hint.as_deref().map(one_line);
    let mut group = level
        .primary_title(&message)
        .id(problem.kind)
        .elements(Vec::<annotate_snippets::Message<'_>>::new());
    let path = problem
        .place
        .as_ref()
        .map(|place| one_line(&place.file.display().to_string()));
    if let (Some(place), Some(path)) = (&problem.place, &path) {
        group = match &place.excerpt {
            Some(excerpt) => group.element(
                Snippet::source(excerpt.line.as_str())
                    .line_start(place.line)
                    .path(path.as_str())
                    .annotation(AnnotationKind::Primary.span(excerpt.marked.clone())),
            ),
            None => group.element(
                Origin::path(path.as_str())
                    .line(place.line)
                    .char_column(place.column),
            ),
        };
    }
    let rendered = match (&hint, &problem.place) {
        (Some(hint), Some(_)) => renderer.render(&[group.element(Level::HELP.message(hint))]),
        // Without a file there is no margin for the hint to stand at.
        (Some(hint), None) => format!("{}\n  = help: {hint}", renderer.render(&[group])),
        (None, _) => renderer.render(&[group]),
    };
    match (&problem.place, &path) {
        (Some(place), Some(path)) => at_column(rendered, place, path),
        _ => rendered,
    }
}

/// The column of a line that is shown in part. The renderer takes what it is given for all of it.
fn at_column(rendered: String, place: &Place, path: &str) -> String {
    let Some(excerpt) = &place.excerpt else {
        return rendered;
    };
    let before = &excerpt.line[..excerpt.marked.start];
    let (line, shown) = (place.line, before.chars().count() + 1);
    if shown == place.column {
        return rendered;
    }
    let right = format!("{path}:{line}:{}", place.column);
    rendered.replacen(&format!("{path}:{line}:{shown}"), &right, 1)
}

/// Texts of several lines, without what a terminal could obey and what turns a line around.
pub(crate) fn clean(text: &str) -> String {
    let fit = |char| match char {
        '\n' | '\t' => char,
        unfit if is_unfit(unfit) => '\u{fffd}',
        fit => fit,
    };
    text.chars().map(fit).collect()
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    severity: &'static str,
    kind: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Problems as JSON values, for `check --format json`.
pub(crate) fn as_json(problems: &[Problem]) -> Vec<serde_json::Value> {
    problems
        .iter()
        .map(|problem| {
            let place = problem.place.as_ref();
            serde_json::json!(JsonProblem {
                severity: match problem.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                kind: problem.kind,
                message: &problem.message,
                secret: problem.secret.as_deref(),
                code: problem.code.as_deref(),
                file: place.map(|place| place.file.display().to_string()),
                line: place.map(|place: &Place| place.line),
                column: place.map(|place| place.column),
                hint: problem.hint.as_deref(),
            })
        })
        .collect()
}

fn json(problems: &[Problem]) -> String {
    as_json(problems)
        .iter()
        .map(|problem| format!("{}\n", escape_json(&problem.to_string())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn nothing_steers_a_terminal_or_turns_a_line_around() {
        let text = "a\u{1b}[2J\u{9b}2J\u{202e}b\n\tc";
        let replaced = "a\u{fffd}[2J\u{fffd}2J\u{fffd}b\n\tc";
        assert_eq!(clean(text), replaced);
    }
}
