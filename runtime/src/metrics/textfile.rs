//! The file that runs add themselves to, for the textfile collector of Prometheus' node exporter.
//!
//! Invariants:
//! - a reader sees all of it or what was there before: it is written beside and renamed, under a
//!   lock that every run takes, so that none is lost;
//! - no link is followed, and what others could write to, or is not ours, is left alone;
//! - it need not reach the disk: what a machine that stops takes with it are counts.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::MetricsError;
use super::label::clean;
use super::tally::Metrics;
use super::text::HEADING;
use crate::manifest::Manifest;
use crate::own_file::{self, OwnFileError};
use crate::plan::Plan;

/// How long others may write before we give up: the command waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// A manifest has no room for so many names.
const LARGEST: u64 = 32 << 20;
/// Everyone may read it: the node exporter runs as a user of its own.
const MODE: u32 = 0o644;

/// The file that runs add themselves to.
#[derive(Debug)]
pub struct Textfile {
    path: PathBuf,
    /// The secrets of the manifest.
    declared: Vec<String>,
}

impl Textfile {
    /// That of the manifest, if it wants one.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Option<Self> {
        let manifest: &Manifest = plan.manifest();
        let path = manifest.metrics.as_ref()?.textfile.as_ref()?;
        let declared = manifest.entries.iter();
        Some(Self {
            path: manifest.source().directory().join(path),
            declared: declared.map(|entry| clean(&entry.name)).collect(),
        })
    }

    #[cfg(test)]
    pub(super) fn at(path: &Path, declared: &[&str]) -> Self {
        let declared = declared.iter().map(|name| (*name).to_owned());
        Self {
            path: path.to_owned(),
            declared: declared.collect(),
        }
    }

    /// Adds a run. Answers what is odd about what was there.
    ///
    /// # Errors
    /// When it could not be written. The file is then what it was.
    pub fn add(&self, run: &Metrics) -> Result<Option<MetricsError>, MetricsError> {
        own_file::judge_shared_folder(&self.path)?;
        let lock = own_file::lock(&own_file::beside(&self.path, "lock"), PATIENCE)?;
        let _lock = lock.ok_or_else(|| MetricsError::Busy {
            path: self.path.clone(),
        })?;
        let (mut metrics, odd) = match self.read()? {
            Some(Found::Metrics(before)) if before.project == run.project => (*before, None),
            Some(Found::Metrics(_)) => return Err(self.not_ours()),
            Some(Found::Damaged) => (Metrics::default(), Some(self.damaged())),
            None => (Metrics::default(), None),
        };
        metrics.project.clone_from(&run.project);
        metrics.add(run);
        metrics.keep_ages_of(&self.declared);
        self.write(&metrics.text(SystemTime::now()))?;
        Ok(odd)
    }

    fn damaged(&self) -> MetricsError {
        let path = self.path.clone();
        MetricsError::Damaged { path }
    }

    fn read(&self) -> Result<Option<Found>, MetricsError> {
        let (file, metadata) = match own_file::to_read(&self.path) {
            Ok(opened) => opened,
            Err(error) if own_file::is_missing(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        let read = (&file).take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(OwnFileError::io(&self.path, "read"))?;
        // A machine that stopped may leave nothing, or zeros.
        let is_torn = bytes.iter().all(|byte| *byte == 0);
        if !is_torn && !bytes.starts_with(HEADING.as_bytes()) {
            return Err(self.not_ours());
        }
        let text = std::str::from_utf8(&bytes).ok();
        let text = text.filter(|_| metadata.len() <= LARGEST);
        Ok(Some(match text.and_then(Metrics::parse) {
            Some(metrics) => Found::Metrics(Box::new(metrics)),
            None => Found::Damaged,
        }))
    }

    fn not_ours(&self) -> MetricsError {
        let path = self.path.clone();
        MetricsError::NotOurs { path }
    }

    /// Under the lock, so that what lies beside the file was left by one that did not end.
    fn write(&self, text: &str) -> Result<(), MetricsError> {
        let beside = own_file::beside(&self.path, "new");
        let failed = |doing| OwnFileError::io(&self.path, doing);
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(OwnFileError::io(&beside, "removed")(error).into());
            }
            _ => {}
        }
        let written = create(&beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            // Whatever the mask of this process says.
            file.set_permissions(Permissions::from_mode(MODE))
        });
        let done = written
            .map_err(failed("written"))
            .and_then(|()| fs::rename(&beside, &self.path).map_err(failed("replaced")));
        if done.is_err() {
            let _ = fs::remove_file(&beside);
        }
        Ok(done?)
    }
}

/// What was there.
enum Found {
    Metrics(Box<Metrics>),
    Damaged,
}

/// A new file, and nobody else's.
fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}
