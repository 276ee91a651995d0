//! The text format of Prometheus, version 0.0.4: writing it, and reading what we wrote.
//!
//! Reading is strict: a text with a name, label or number that we do not write is none of ours.
//! Libraries that write this format (`prometheus-client`, `prometheus`) do not read it, which
//! counting across runs needs, and bring locks and registries for threads that a launcher does not
//! have.

use std::fmt::{Display, Write};
use std::time::SystemTime;

use super::family::{
    ACCESS, AGE, BACKEND, BREAKER, BUILD, CACHE, CREATED, FETCH, Family, LE, OUTCOME, PROJECT,
    RESOLUTIONS, RESTARTS, RESULT, SECRET, SUCCESS, VERSION,
};
use super::histogram::{BOUNDS, Histogram};
use super::label::escape;
use super::sample::Sample;
use super::tally::{Metrics, seconds};
use crate::resilience::BreakerState;

/// What HTTP calls the format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What every text of ours begins with.
pub(super) const HEADING: &str = "# Written by secret-run, which adds to it: do not change it.\n";

const NO_BOUND: &str = "+Inf";

impl Metrics {
    /// As Prometheus reads it. `now` is what ages are told at.
    #[must_use]
    pub fn text(&self, now: SystemTime) -> String {
        let mut text = Text {
            written: HEADING.to_owned(),
            project: self.project.as_deref(),
        };
        text.family(&BUILD);
        text.sample(&BUILD, "", &[(VERSION, env!("CARGO_PKG_VERSION"))], 1);
        let accesses = self.accesses.iter();
        text.counts(&ACCESS, accesses, |(backend, outcome)| {
            vec![(BACKEND, backend), (OUTCOME, outcome)]
        });
        text.counts(&CACHE, self.cache.iter(), |result| vec![(RESULT, result)]);
        text.histograms(self.fetches.iter());
        let now = seconds(now).unwrap_or_default();
        let created = || self.created.iter();
        text.counts(&CREATED, created(), |name| vec![(SECRET, name)]);
        // A clock that is behind that of the backend makes nothing younger than new.
        let ages: Vec<_> = created()
            .map(|(name, at)| (name, now.saturating_sub(*at)))
            .collect();
        let ages = ages.iter().map(|(name, age)| (*name, age));
        text.counts(&AGE, ages, |name| vec![(SECRET, name)]);
        let breakers = self.breakers.iter();
        let breakers: Vec<_> = breakers
            .map(|(name, state)| (name, number(*state)))
            .collect();
        let breakers = breakers.iter().map(|(name, number)| (*name, number));
        text.counts(&BREAKER, breakers, |name| vec![(BACKEND, name)]);
        text.counts(&RESOLUTIONS, self.resolutions.iter(), |outcome| {
            vec![(OUTCOME, outcome)]
        });
        for (family, number) in [(SUCCESS, self.last_success), (RESTARTS, self.restarts)] {
            if let Some(number) = number {
                text.family(&family);
                text.sample(&family, "", &[], number);
            }
        }
        text.written
    }

    /// What a text of ours says; nothing, if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.strip_prefix(HEADING)?.lines();
        let mut reading = Reading::default();
        for line in lines.filter(|line| !line.starts_with('#')) {
            reading.sample(line)?;
        }
        reading.finish()
    }
}

/// A text that is being written.
struct Text<'m> {
    written: String,
    project: Option<&'m str>,
}

impl Text<'_> {
    fn family(&mut self, family: &Family) {
        let Family { name, kind, help } = family;
        let kind = kind.word();
        let lines = format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n").to_string();
        self.written.push_str(&lines);
    }

    /// `part` is behind the name: that of a histogram has several.
    fn sample(
        &mut self,
        family: &Family,
        part: &str,
        labels: &[(&str, &str)],
        number: impl Display,
    ) {
        self.written.push_str(family.name);
        self.written.push_str(part);
        let project = self.project.map(|project| (PROJECT, project));
        let mut before = '{';
        for (label, value) in project.iter().chain(labels) {
            self.written.push(before);
            self.written.push_str(label);
            self.written.push_str("=\"");
            escape(value, &mut self.written);
            self.written.push('"');
            before = ',';
        }
        if before == ',' {
            self.written.push('}');
        }
        let _ = writeln!(self.written, " {number}");
    }

    /// A family that has a number for each key; nothing, if there is none.
    fn counts<'k, K: 'k>(
        &mut self,
        family: &Family,
        counts: impl Iterator<Item = (&'k K, &'k u64)>,
        labels: impl Fn(&'k K) -> Vec<(&'static str, &'k String)>,
    ) {
        let mut counts = counts.peekable();
        if counts.peek().is_some() {
            self.family(family);
        }
        for (key, count) in counts {
            let labels = labels(key).into_iter();
            let labels: Vec<_> = labels
                .map(|(label, value)| (label, value.as_str()))
                .collect();
            self.sample(family, "", &labels, count);
        }
    }

    fn histograms<'h>(&mut self, of: impl Iterator<Item = (&'h String, &'h Histogram)>) {
        let mut histograms = of.peekable();
        if histograms.peek().is_some() {
            self.family(&FETCH);
        }
        for (backend, histogram) in histograms {
            let bounds = BOUNDS.iter().map(f64::to_string);
            let bounds = bounds.chain([NO_BOUND.to_owned()]);
            let mut all = 0;
            for (bound, count) in bounds.zip(histogram.cumulative()) {
                self.sample(
                    &FETCH,
                    "_bucket",
                    &[(BACKEND, backend), (LE, &bound)],
                    count,
                );
                all = count;
            }
            self.sample(&FETCH, "_sum", &[(BACKEND, backend)], histogram.sum());
            self.sample(&FETCH, "_count", &[(BACKEND, backend)], all);
        }
    }
}

/// A text that is being read.
#[derive(Default)]
struct Reading {
    metrics: Metrics,
    /// Whether there was a sample already, all of which name one project.
    begun: bool,
    /// The histogram that is being read.
    backend: Option<String>,
    cumulative: Vec<u64>,
    sum: Option<f64>,
}

impl Reading {
    fn sample(&mut self, line: &str) -> Option<()> {
        let mut sample = Sample::parse(line)?;
        let project = sample.take(PROJECT);
        if std::mem::replace(&mut self.begun, true) {
            (project == self.metrics.project).then_some(())?;
        } else {
            self.metrics.project = project;
        }
        let metrics = &mut self.metrics;
        let name = sample.name;
        if let Some(part) = name.strip_prefix(FETCH.name) {
            return self.histogram(part, sample);
        }
        let is = |family: &Family| name == family.name;
        if is(&BUILD) {
            sample.take(VERSION)?;
            (sample.whole()? == 1).then_some(())?;
        } else if is(&ACCESS) {
            let of = (sample.take(BACKEND)?, word(sample.take(OUTCOME)?)?);
            new(metrics.accesses.insert(of, sample.whole()?))?;
        } else if is(&CACHE) {
            let of = word(sample.take(RESULT)?)?;
            new(metrics.cache.insert(of, sample.whole()?))?;
        } else if is(&CREATED) {
            let of = sample.take(SECRET)?;
            new(metrics.created.insert(of, sample.whole()?))?;
        } else if is(&AGE) {
            // It follows from when the version was made.
            sample.take(SECRET)?;
            sample.whole()?;
        } else if is(&BREAKER) {
            let of = sample.take(BACKEND)?;
            let state = state(sample.whole()?)?;
            new(metrics.breakers.insert(of, state))?;
        } else if is(&RESOLUTIONS) {
            let of = word(sample.take(OUTCOME)?)?;
            new(metrics.resolutions.insert(of, sample.whole()?))?;
        } else if is(&SUCCESS) {
            new(metrics.last_success.replace(sample.whole()?))?;
        } else if is(&RESTARTS) {
            new(metrics.restarts.replace(sample.whole()?))?;
        } else {
            return None;
        }
        Some(())
    }

    /// The lines of one histogram follow each other: its buckets, the sum, the count.
    fn histogram(&mut self, part: &str, mut sample: Sample<'_>) -> Option<()> {
        let backend = sample.take(BACKEND)?;
        let current = self.backend.get_or_insert_with(|| backend.clone());
        (*current == backend).then_some(())?;
        match part {
            "_bucket" => {
                let bound = BOUNDS.get(self.cumulative.len()).map(f64::to_string);
                let bound = bound.unwrap_or_else(|| NO_BOUND.to_owned());
                (sample.take(LE)? == bound && self.sum.is_none()).then_some(())?;
                self.cumulative.push(sample.whole()?);
            }
            "_sum" => new(self.sum.replace(sample.number()?))?,
            "_count" => {
                let count = sample.whole()?;
                (self.cumulative.last() == Some(&count)).then_some(())?;
                let mut below = 0;
                let buckets = self.cumulative.drain(..).map(|all| {
                    let own = all.checked_sub(below);
                    below = all;
                    own
                });
                let buckets: Vec<u64> = buckets.collect::<Option<_>>()?;
                let histogram = Histogram::new(buckets.try_into().ok()?, self.sum.take()?)?;
                self.backend = None;
                new(self.metrics.fetches.insert(backend, histogram))?;
            }
            _ => return None,
        }
        Some(())
    }

    fn finish(self) -> Option<Metrics> {
        // A histogram that stops in the middle is half a text.
        self.backend.is_none().then_some(self.metrics)
    }
}

/// The states of a circuit breaker, each at the place of its number.
const STATES: [BreakerState; 3] = [
    BreakerState::Closed,
    BreakerState::HalfOpen,
    BreakerState::Open,
];

fn number(state: BreakerState) -> u64 {
    let at = STATES.iter().position(|known| *known == state);
    at.unwrap_or_default() as u64
}

fn state(number: u64) -> Option<BreakerState> {
    STATES.get(usize::try_from(number).ok()?).copied()
}

/// Nothing stands twice.
fn new<T>(before: Option<T>) -> Option<()> {
    before.is_none().then_some(())
}

/// A word of ours.
fn word(text: String) -> Option<String> {
    let is_word = (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_word.then_some(text)
}
