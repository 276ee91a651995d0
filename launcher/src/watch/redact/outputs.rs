//! The outputs of the command, and of those before it that somebody still writes to.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::PollFd;
use nix::unistd::{dup2_stderr, dup2_stdout, pipe2};

use super::masker::Patterns;
use super::spellings::Values;
use super::stream::Stream;
use crate::watch::outlet::Outlet;

/// The parent's ends of a candidate's pipes.
pub(in crate::watch) struct Sources([OwnedFd; 2]);

/// The candidate's ends.
pub(in crate::watch) struct Sinks([OwnedFd; 2]);

impl Sinks {
    /// Makes them standard output and standard error of this process.
    pub(in crate::watch) fn take(self) -> nix::Result<()> {
        let [output, error] = self.0;
        dup2_stdout(output)?;
        dup2_stderr(error)
    }
}

/// All streams, and what is masked in them.
#[derive(Default)]
pub(in crate::watch) struct Outputs {
    wanted: bool,
    streams: Vec<Stream>,
    /// Of the command, and of the one before: it may speak of what it used last.
    values: [Values; 2],
}

impl Outputs {
    pub(in crate::watch) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Pipes for a candidate, if its outputs are masked.
    pub(in crate::watch) fn pipes(&self) -> nix::Result<Option<(Sources, Sinks)>> {
        if !self.wanted {
            return Ok(None);
        }
        let (output, output_sink) = pipe2(OFlag::O_CLOEXEC)?;
        let (error, error_sink) = pipe2(OFlag::O_CLOEXEC)?;
        for source in [&output, &error] {
            fcntl(source, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let (sources, sinks) = ([output, error], [output_sink, error_sink]);
        Ok(Some((Sources(sources), Sinks(sinks))))
    }

    /// A command starts, and writes there.
    pub(in crate::watch) fn begin(&mut self, sources: Sources, values: Values) -> io::Result<()> {
        let patterns = self.patterns_with(values)?;
        let now = Instant::now();
        let to = [
            Outlet::of(io::stdout().as_fd())?,
            Outlet::of(io::stderr().as_fd())?,
        ];
        let pairs = sources.0.into_iter().zip(to);
        self.streams
            .extend(pairs.map(|(from, to)| Stream::new(from, to, Arc::clone(&patterns), now)));
        Ok(())
    }

    /// The command has other values from now on.
    pub(in crate::watch) fn look_for(&mut self, values: Values) -> io::Result<()> {
        self.patterns_with(values).map(drop)
    }

    /// The command has these values, too.
    pub(in crate::watch) fn look_for_also(&mut self, mut values: Values) -> io::Result<()> {
        let [current, _] = &mut self.values;
        for value in current.drain(..) {
            // Most of them are read each time.
            if !values.iter().any(|known| known.expose() == value.expose()) {
                values.push(value);
            }
        }
        self.look_for(values)
    }

    fn patterns_with(&mut self, values: Values) -> io::Result<Arc<Patterns>> {
        let [current, _] = std::mem::take(&mut self.values);
        self.values = [values, current];
        let patterns = Patterns::of(self.values.iter()).map_err(io::Error::other)?;
        for stream in &mut self.streams {
            stream.look_for(Arc::clone(&patterns));
        }
        Ok(patterns)
    }

    /// The command has ended.
    pub(in crate::watch) fn leave(&mut self) {
        let now = Instant::now();
        self.streams.iter_mut().for_each(|stream| stream.leave(now));
    }

    /// What they wait for.
    pub(in crate::watch) fn awaited(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.streams.iter().map(Stream::awaited)
    }

    pub(in crate::watch) fn deadline(&self) -> Option<Instant> {
        self.streams.iter().filter_map(Stream::deadline).min()
    }

    /// Carries on what came, and forgets what is over.
    pub(in crate::watch) fn carry(&mut self) {
        let now = Instant::now();
        self.streams.iter_mut().for_each(|stream| stream.carry(now));
        self.streams.retain(|stream| !stream.is_over(now));
    }

    /// Whether nothing more of them is waited for.
    pub(in crate::watch) fn are_over(&self) -> bool {
        self.streams.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use secret_runtime::secret::SecretValue;

    use super::*;

    fn values(texts: &[&str]) -> Values {
        let texts = texts.iter();
        let values = texts.map(|text| SecretValue::copy_of(text.as_bytes()));
        values.collect()
    }

    fn looks_for(outputs: &Outputs) -> Vec<String> {
        let values = outputs.values.iter().flatten();
        let texts = values.map(|value| String::from_utf8_lossy(value.expose()).into_owned());
        let mut texts: Vec<_> = texts.collect();
        texts.sort();
        texts
    }

    #[test]
    fn after_files_were_written_again_in_part_the_rest_is_masked_still_and_each_once() {
        let mut outputs = Outputs::new(true);
        outputs
            .look_for(values(&["dummy-leased", "dummy-1"]))
            .unwrap();
        for _ in 0..3 {
            outputs.look_for_also(values(&["dummy-2"])).unwrap();
        }
        assert_eq!(looks_for(&outputs), ["dummy-1", "dummy-2", "dummy-leased"]);
        outputs.look_for_also(values(&["dummy-3"])).unwrap();
        assert!(looks_for(&outputs).contains(&"dummy-leased".to_owned()));
        // A reading of all leaves those of the command before.
        outputs
            .look_for(values(&["dummy-other", "dummy-3"]))
            .unwrap();
        assert!(looks_for(&outputs).contains(&"dummy-leased".to_owned()));
        outputs
            .look_for(values(&["dummy-other", "dummy-4"]))
            .unwrap();
        assert_eq!(
            looks_for(&outputs),
            ["dummy-3", "dummy-4", "dummy-other", "dummy-other"]
        );
    }
}
