//! What came of a run.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It returned this exit code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

/// A run that has ended, with all that it wrote.
///
/// The assertions answer the outcome itself, so that they can be chained.
#[derive(Clone)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Outcome {
    /// Standard output as text; bytes that are no text become `U+FFFD`.
    #[must_use]
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are no text become `U+FFFD`.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Values of variables that the command `env` printed.
    ///
    /// # Panics
    /// When it did not, or a variable is not among them.
    #[must_use]
    pub fn variables(&self, names: &[&str]) -> Vec<String> {
        self.exits_with(0);
        let stdout = self.stdout();
        let value = |name: &&str| {
            let start = format!("{name}=");
            let mut lines = stdout.lines();
            let found = lines.find_map(|line| line.strip_prefix(&start));
            found
                .unwrap_or_else(|| panic!("no {name}\n{self:?}"))
                .to_owned()
        };
        names.iter().map(value).collect()
    }

    /// Standard output as one JSON document.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn stdout_json(&self) -> serde_json::Value {
        parse(&self.stdout).unwrap_or_else(|| panic!("stdout is no JSON document\n{self:?}"))
    }

    /// Standard error as one JSON document.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn stderr_json(&self) -> serde_json::Value {
        parse(&self.stderr).unwrap_or_else(|| panic!("stderr is no JSON document\n{self:?}"))
    }

    /// The problems of `--error-format json`: the lines of standard error.
    ///
    /// # Panics
    /// When a line is something else.
    #[must_use]
    pub fn problems(&self) -> Vec<serde_json::Value> {
        let lines = self.stderr.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| parse(line).unwrap_or_else(|| panic!("a line is no JSON\n{self:?}")))
            .collect()
    }

    /// The one problem of this kind in `--error-format json`.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn problem(&self, kind: &str) -> serde_json::Value {
        let problems = self.problems();
        let mut found = problems.iter().filter(|problem| problem["kind"] == kind);
        let first = found.next();
        let first = first.unwrap_or_else(|| panic!("no problem of kind {kind:?}\n{self:?}"));
        assert!(found.next().is_none(), "two of kind {kind:?}\n{self:?}");
        first.clone()
    }

    /// Asserts that no part of a value is in either output: no stretch of it of `length`
    /// bytes.
    ///
    /// # Panics
    /// When one is, or when the value is shorter than that.
    #[track_caller]
    pub fn shows_no_part_of(&self, value: &str, length: usize) -> &Self {
        assert!(
            value.len() >= length,
            "{value:?} has no part of that length"
        );
        for part in value.as_bytes().windows(length) {
            for (stream, output) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
                assert!(
                    !output.windows(length).any(|window| window == part),
                    "{stream} shows {:?}\n{self:?}",
                    String::from_utf8_lossy(part)
                );
            }
        }
        self
    }

    /// Asserts the exit code.
    ///
    /// # Panics
    /// When the process ended otherwise.
    #[track_caller]
    pub fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.end, End::Code(code), "{self:?}");
        self
    }

    /// Asserts that a signal killed the process.
    ///
    /// # Panics
    /// When the process ended otherwise.
    #[track_caller]
    pub fn dies_of(&self, signal: i32) -> &Self {
        assert_eq!(self.end, End::Signal(signal), "{self:?}");
        self
    }

    /// Asserts a text in standard output.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn stdout_has(&self, text: &str) -> &Self {
        assert!(has(&self.stdout, text), "stdout lacks {text:?}\n{self:?}");
        self
    }

    /// Asserts a text in standard error.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn stderr_has(&self, text: &str) -> &Self {
        assert!(has(&self.stderr, text), "stderr lacks {text:?}\n{self:?}");
        self
    }

    /// Asserts that standard error does not contain a value.
    ///
    /// # Panics
    /// When it does, or when `value` is empty: every text contains nothing.
    #[track_caller]
    pub fn stderr_has_no(&self, value: &str) -> &Self {
        assert!(!value.is_empty(), "an empty value is in every text");
        assert!(
            !has(&self.stderr, value),
            "stderr shows {value:?}\n{self:?}"
        );
        self
    }

    /// Asserts that neither output contains a value.
    ///
    /// # Panics
    /// When one does, or when `value` is empty: every text contains nothing.
    #[track_caller]
    pub fn shows_no(&self, value: &str) -> &Self {
        assert!(
            !has(&self.stdout, value),
            "stdout shows {value:?}\n{self:?}"
        );
        self.stderr_has_no(value)
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stdout, stderr) = (self.stdout(), self.stderr());
        write!(
            f,
            "{:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
            self.end
        )
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => unreachable!("a process that was waited for has ended"),
        }
    }
}

fn has(output: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    text.is_empty() || output.windows(text.len()).any(|window| window == text)
}

fn parse(output: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_slice(output).ok()
}
