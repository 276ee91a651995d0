//! The counting of a run as the launcher keeps it. Without `[metrics]` in the manifest all of this
//! does nothing; whatever goes wrong with it keeps no command from starting.

use std::time::SystemTime;

use secret_runtime::error::Problem;
use secret_runtime::metrics::{Metrics, Resolution, Textfile};
use secret_runtime::plan::Plan;
use secret_runtime::resolver::{Fetched, Freshness};

use crate::cli::Options;
use crate::render::{self, Format};

/// What a run counts.
pub(crate) struct Meter {
    metrics: Option<Metrics>,
    textfile: Option<Textfile>,
    resolution: Resolution,
    format: Format,
}

impl Meter {
    /// For a task that is no run: nothing is counted.
    pub(crate) fn off(options: &Options) -> Self {
        Self {
            metrics: None,
            textfile: None,
            resolution: Resolution::Refused,
            format: options.error_format,
        }
    }

    /// For a run that becomes its command.
    pub(crate) fn of_run(plan: &Plan, options: &Options) -> Self {
        let textfile = Textfile::of_plan(plan);
        Self {
            metrics: textfile.is_some().then(|| Metrics::of_plan(plan)),
            textfile,
            ..Self::off(options)
        }
    }

    /// For one of the readings of a command that is supervised, whose parent may want to know.
    pub(crate) fn of_reading(plan: &Plan, options: &Options) -> Self {
        let wanted = plan.manifest().metrics.is_some();
        Self {
            metrics: wanted.then(|| Metrics::of_plan(plan)),
            ..Self::of_run(plan, options)
        }
    }

    /// Backends were asked: from here on, what goes wrong is a failure.
    pub(crate) fn accesses(&mut self, fetched: &Fetched) {
        self.resolution = Resolution::Failed;
        if let Some(metrics) = &mut self.metrics {
            metrics.accesses(fetched);
        }
    }

    /// All secrets are there and valid.
    pub(crate) fn resolved(&mut self, freshness: Freshness) {
        self.resolution = match freshness.is_stale() {
            true => Resolution::Stale,
            false => Resolution::Ok,
        };
    }

    /// Ends the counting, adds it to the file of the manifest, and answers it.
    pub(crate) fn end(mut self) -> Option<Metrics> {
        let metrics = self.metrics.as_mut()?;
        metrics.resolution(self.resolution, SystemTime::now());
        if let Some(textfile) = &self.textfile
            && let Some(odd) = textfile.add(metrics).unwrap_or_else(Some)
        {
            render::problems(&[Problem::warning(&odd, None)], self.format, "");
        }
        self.metrics
    }
}
