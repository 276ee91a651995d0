//! Metrics as Prometheus would read them.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::program;

/// Samples in the text format, by their name and labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples(BTreeMap<String, f64>);

impl Samples {
    /// Those of a text, which `promtool` has to find nothing to say of.
    ///
    /// # Panics
    /// When it does, or a line is no sample.
    #[must_use]
    #[track_caller]
    pub fn checked(text: &str) -> Self {
        let promtool = program("promtool");
        let promtool = promtool.expect("this test needs `promtool`: cargo xtask test installs it");
        let mut check = Command::new(promtool);
        check.args(["check", "metrics"]);
        check.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut check = check.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = check.stdin.take().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("it reads");
        drop(stdin);
        let output = check.wait_with_output().expect("it ends");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
        Self::of(text)
    }

    /// Those of a text.
    ///
    /// # Panics
    /// When a line is no sample.
    #[must_use]
    #[track_caller]
    pub fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.map(|line| {
            let (name, number) = line.rsplit_once(' ').expect("a sample has a number");
            (name.to_owned(), number.parse().expect("a number"))
        });
        Self(samples.collect())
    }

    /// The number of a sample, which is written as it stands in the text.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn get(&self, sample: &str) -> f64 {
        let found = self.0.get(sample);
        *found.unwrap_or_else(|| panic!("no {sample}\n{self:#?}"))
    }

    /// Hits, misses and stale values of the cache, of a project without a name.
    ///
    /// # Panics
    /// When nothing was looked for.
    #[must_use]
    #[track_caller]
    pub fn cache(&self) -> [f64; 3] {
        let count = |result: &str| format!("secret_run_cache_total{{result=\"{result}\"}}");
        ["hit", "miss", "stale"].map(|result| self.get(&count(result)))
    }

    /// Whether there is a sample whose name begins so.
    #[must_use]
    pub fn has(&self, start: &str) -> bool {
        self.0.keys().any(|name| name.starts_with(start))
    }
}
